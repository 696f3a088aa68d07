import { asProgram, createService, defineService } from "@micro/core";
import { printedMailer } from "./mailer.ts";
import { plugins } from "./plugins.ts";

const headline = (text: string): void => console.log(`\n# ${text}`);

await asProgram(async () => {
  // Wired, and so checked, but never started: nothing listens, nothing is registered.
  const service = await createService(defineService({ name: "dumpconfig", version: "1.0.0" }), {
    plugins: [...plugins, printedMailer],
    client: { poolRequestTimeout: "3s", poolRetries: 2 },
  });
  try {
    headline("As a file would say it");
    console.log(await service.dumpConfig());

    headline("As JSON");
    console.log(await service.dumpConfig("json"));

    headline("What is not a default, and who said so");
    for (const { key, value, from, overridden, notes = [] } of service.explain()) {
      for (const note of notes) console.log(`${key} = ${show(value)}: ${note}`);
      if (from === "default") continue;
      const instead = overridden.map((weaker) => `, not ${show(weaker.value)} of ${weaker.from}`).join("");
      console.log(`${key} = ${show(value)} from ${from}${instead}`);
    }
  } finally {
    await service.stop();
  }
});

function show(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
