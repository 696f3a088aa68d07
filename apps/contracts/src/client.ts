import { asProgram, createService, defineService, MicroError } from "@micro/core";
import { dateOf } from "@micro/core/wkt";
import { defaults } from "@micro/set-defaults";
import { Library as ProtoLibrary } from "./gen/library.ts";
import { Library as CodeLibrary } from "./library-code.ts";

const emma = { isbn: "9780141439587", reader: "Ada" };

await asProgram(async () => {
  const service = await createService(defineService({ name: "library.reader" }), {
    plugins: [...defaults],
    server: { enabled: false },
  });
  await service.start();
  try {
    const fromProto = service.client.of(ProtoLibrary);
    const fromCode = service.client.of(CodeLibrary);
    for (const [name, library] of [
      ["proto", fromProto],
      ["code", fromCode],
    ] as const) {
      const { books } = await library.find({ author: "Austen" });
      console.log(`${name}: ${books.map(({ title }) => title).join(", ")}`);
    }

    await fromProto.lend({ ...emma, days: 7 });
    for await (const { reader, until } of fromProto.follow({ isbn: emma.isbn })) {
      console.log(
        `proto: ${reader} has Emma for ${daysUntil(until === undefined ? new Date() : dateOf(until))} days`,
      );
    }
    await fromCode.lend(emma);
    for await (const { reader, until } of fromCode.follow({ isbn: emma.isbn })) {
      console.log(`code: ${reader} has Emma for ${daysUntil(new Date(until))} days`);
    }

    console.log(`proto: ${await refusalOf(() => fromProto.lend({ ...emma, isbn: "1" }))}`);
    console.log(`code: ${await refusalOf(() => fromCode.lend({ ...emma, isbn: "1", days: 90 }))}`);
  } finally {
    await service.stop();
  }
});

function daysUntil(date: Date): number {
  return Math.round((date.getTime() - Date.now()) / (24 * 60 * 60 * 1000));
}

async function refusalOf(call: () => Promise<unknown>): Promise<string> {
  try {
    await call();
    return "not refused";
  } catch (error) {
    const { code, detail } = MicroError.from(error);
    return `${code}: ${detail}`;
  }
}
