import { status } from "@grpc/grpc-js";
import { readWireFields, type WireField, wireText } from "@micro/codec";
import type { BuiltInService } from "./built-in.ts";
import type { DescribedFile, DescribedFiles } from "./described-files.ts";
import { message, numberField, textField } from "./proto-writer.ts";
import type { RawHandler } from "./raw-call.ts";

const { INVALID_ARGUMENT, NOT_FOUND } = status;

/** Server reflection, `v1` and `v1alpha`: what tools such as grpcurl ask before they call. */
export function reflectionService(files: DescribedFiles): BuiltInService {
  return {
    methods: ["v1", "v1alpha"].map((version) => ({
      path: `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
      handler: () => conversation(files),
    })),
  };
}

/** One stream; a file is sent once on it. */
function conversation(files: DescribedFiles): RawHandler {
  const sent = new Set<string>();
  return {
    message: (call, bytes) => {
      const request = readWireFields(bytes);
      const reply = answer(request, files, sent);
      return call.send(message(textField(1, wireText(request, 1)), textField(2, bytes), reply));
    },
    ended: (call) => call.end(),
  };
}

function answer(request: readonly WireField[], files: DescribedFiles, sent: Set<string>): Uint8Array {
  const asked = request.findLast(({ number }) => number >= 3 && number <= 7);
  const text = asked === undefined ? "" : wireText(request, asked.number);
  switch (asked?.number) {
    case 3:
      return withImports(files.byName(text), { files, sent, text });
    case 4:
      // Tools may write the name as descriptors do.
      return withImports(files.bySymbol(text.replace(/^\./, "")), { files, sent, text });
    case 5:
      return failure(NOT_FOUND, "no message has extensions");
    case 6:
      return files.isMessage(text)
        ? textField(5, message(textField(1, text)))
        : failure(NOT_FOUND, `message not found: ${text}`);
    case 7:
      return textField(
        6,
        message(...files.services.map((name) => textField(1, message(textField(1, name))))),
      );
    default:
      return failure(INVALID_ARGUMENT, "the request asks for nothing");
  }
}

function withImports(
  file: DescribedFile | undefined,
  {
    files,
    sent,
    text,
  }: { readonly files: DescribedFiles; readonly sent: Set<string>; readonly text: string },
): Uint8Array {
  if (file === undefined) return failure(NOT_FOUND, `not found: ${text}`);
  const found: Uint8Array[] = [];
  const seen = new Set<string>();
  const add = (one: DescribedFile): void => {
    if (seen.has(one.name)) return;
    seen.add(one.name);
    // What was asked for is sent again, what it imports only once.
    if (one === file || !sent.has(one.name)) found.push(textField(1, one.bytes));
    sent.add(one.name);
    for (const name of one.dependencies) {
      const imported = files.byName(name);
      if (imported !== undefined) add(imported);
    }
  };
  add(file);
  return textField(4, message(...found));
}

function failure(code: number, text: string): Uint8Array {
  return textField(7, message(numberField(1, code), textField(2, text)));
}
