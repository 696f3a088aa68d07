import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { CommandContext } from "./context.ts";
import { usageError } from "./failure.ts";
import { printable, toJson } from "./printable.ts";

/** Where a text came from, for errors, and the text. */
interface Source {
  readonly where: string;
  readonly bytes: Uint8Array;
  /** True for an argument: the shell may have changed it. */
  readonly typed?: boolean;
}

/** What a message may weigh: more than any node takes by default. */
const MAX_BYTES = 64 * 1024 * 1024;
/** What messages are unless a command says otherwise. */
export const JSON_TYPE = "application/json";

/** How messages of a content type are written on a command line and shown. */
export interface MessageForm {
  readonly contentType: string;
  /** The message that some bytes mean. Throws a usage error that says what is wrong and where. */
  read(source: Source): unknown;
  /** A message as people see it, on one line unless `pretty`. */
  show(message: unknown, pretty: boolean): string;
}

/** The form of a content type: JSON, text or bytes. Throws a usage error for a type that needs message types. */
export function messageForm(contentType: string = JSON_TYPE): MessageForm {
  if (contentType === JSON_TYPE || contentType.endsWith("+json") || contentType.endsWith("/json-rpc"))
    return {
      contentType,
      read: readJson,
      show: (message, pretty) => toJson(message, { indent: pretty ? 2 : 0 }),
    };
  if (contentType === "text/plain") {
    return {
      contentType,
      read: ({ bytes }) => Buffer.from(bytes).toString("utf8"),
      show: (message, pretty) =>
        pretty && typeof message === "string" ? printable(message) : toJson(message),
    };
  }
  if (contentType === "application/octet-stream") {
    return {
      contentType,
      read: ({ bytes }) => bytes,
      show: (message, pretty) =>
        pretty && message instanceof Uint8Array
          ? printable(Buffer.from(message).toString("utf8"))
          : toJson(message),
    };
  }
  throw usageError(
    `--content-type '${contentType}' cannot be written by hand: it needs the types of the messages`,
    `use ${JSON_TYPE}, text/plain or application/octet-stream`,
  );
}

/** A number that a double cannot hold stays exact. */
function readInteger(_key: string, value: unknown, context: { readonly source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context.source ?? "";
  return /^-?\d+$/.test(source) ? BigInt(source) : value;
}

/** JSON as the codec of the service writes it on; a bigint goes out as a number. */
function readJson({ where, bytes, typed }: Source): unknown {
  const text = Buffer.from(bytes)
    .toString("utf8")
    .replace(/^\uFEFF/, "");
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text, readInteger as (key: string, value: unknown) => unknown);
  } catch (error) {
    const why = (error as Error).message.replace(/\s+/g, " ");
    const hint = /^[{[]/.test(text.trim())
      ? "put it in single quotes, so that the shell leaves it alone"
      : `a text is JSON with its quotes: '"text"'`;
    throw usageError(`${where} is no JSON: ${why}`, ...(typed ? [hint] : []));
  }
}

/** The message of an argument: a text, `@file`, or `-` for standard input; `{}` when there is none. */
export async function readMessage(
  argument: string | undefined,
  {
    form,
    what,
    context,
  }: { readonly form: MessageForm; readonly what: string; readonly context: CommandContext },
): Promise<unknown> {
  if (argument === undefined) return form.contentType.includes("json") ? {} : undefined;
  return form.read(await sourceOf(argument, what, context));
}

async function sourceOf(argument: string, what: string, context: CommandContext): Promise<Source> {
  if (argument === "@-") return { where: "standard input", bytes: await readAll(context) };
  if (!argument.startsWith("@")) return { where: what, bytes: Buffer.from(argument), typed: true };
  const path = argument.slice(1);
  const file = resolve(context.cwd, path);
  try {
    const { size } = await stat(file);
    if (size > MAX_BYTES) throw usageError(`${path} holds ${size} bytes, more than ${MAX_BYTES}`);
    return { where: path, bytes: await readFile(file) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why =
      { ENOENT: "does not exist", EACCES: "must not be read", EISDIR: "is a folder" }[code ?? ""] ?? message;
    throw usageError(`${what}: file '${path}' ${why}`);
  }
}

async function readAll({ stdin, signal }: CommandContext): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of untilAborted(stdin, signal)) {
    size += chunk.length;
    if (size > MAX_BYTES) throw usageError(`standard input holds more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The lines of standard input that are not empty, one message each, read no faster than they are taken. */
export async function* readMessages(form: MessageForm, context: CommandContext): AsyncIterable<unknown> {
  let rest: Buffer[] = [];
  let size = 0;
  let line = 0;
  const take = (last: Buffer): unknown[] => {
    const bytes = Buffer.concat([...rest, last]);
    rest = [];
    size = 0;
    line++;
    return bytes.toString("utf8").trim() === ""
      ? []
      : [form.read({ where: `line ${line} of standard input`, bytes })];
  };
  for await (const chunk of untilAborted(context.stdin, context.signal)) {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      yield* take(chunk.subarray(start, end));
      start = end + 1;
    }
    rest.push(chunk.subarray(start));
    size += chunk.length - start;
    if (size > MAX_BYTES)
      throw usageError(`line ${line + 1} of standard input is longer than ${MAX_BYTES} bytes`);
  }
  yield* take(Buffer.alloc(0));
}

/** Chunks until the end or the abort; a stream that is not read to its end is left to its owner. */
async function* untilAborted(stdin: CommandContext["stdin"], signal: AbortSignal): AsyncIterable<Buffer> {
  const onAbort = (): void => void stdin.destroy();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    for await (const chunk of stdin as AsyncIterable<Buffer | string>) yield Buffer.from(chunk);
  } catch (error) {
    // Destroyed because of the abort: that is the reason to tell.
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
