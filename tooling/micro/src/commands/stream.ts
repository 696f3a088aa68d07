import type { AttemptInfo } from "@micro/client";
import type { MethodKind } from "@micro/core";
import type { ServiceRecord } from "@micro/registry";
import { durationOf, endpointOf, optionalText, textOf, texts } from "../arguments.ts";
import type { Connection } from "../compose/connect.ts";
import type { CommandArguments, CommandContext } from "../context.ts";
import { EXIT_CODES } from "../exit-codes.ts";
import { Failure, usageError } from "../failure.ts";
import { type MessageForm, messageForm, readMessage, readMessages } from "../messages.ts";
import { QuietEnd } from "../quiet-end.ts";
import { reach } from "../reach.ts";
import { callFailure } from "./call.ts";

type StreamKind = Exclude<MethodKind, "unary">;

const KINDS: Readonly<Record<string, StreamKind>> = {
  bidi: "bidiStream",
  server: "serverStream",
  client: "clientStream",
};

/** `micro stream <service> <endpoint> [messages..]`. */
export async function stream(context: CommandContext, args: CommandArguments): Promise<number> {
  const service = textOf(args, "service");
  const endpoint = endpointOf(args);
  const form = messageForm(optionalText(args, "content-type"));
  const given = texts(args, "messages");
  const idleMs = durationOf(args, "idle");
  const input = new Input(form, context);
  const messages = await input.fromArguments(given);
  return reach(context, { service, args }, async ({ connection, options, ...reached }) => {
    const records = await reached.records();
    const kind = kindOf(optionalText(args, "kind"), records, endpoint);
    const attempts: AttemptInfo[] = [];
    const requests = messages ?? input.lines();
    const quiet = new QuietEnd(kind === "bidiStream" ? (idleMs ?? idleOf(records, connection)) : undefined);
    const message = kind === "serverStream" ? await only(requests) : quiet.watch(requests);
    try {
      const replies = connection.client.stream(
        { service, endpoint, kind, message },
        {
          ...options,
          signal: AbortSignal.any([context.signal, quiet.signal]),
          contentType: form.contentType,
          onAttempt: (attempt) => attempts.push(attempt),
        },
      );
      for await (const reply of replies) {
        await context.output.print(form.show(reply, false));
        quiet.replied();
      }
      return EXIT_CODES.ok;
    } catch (error) {
      if (quiet.signal.aborted && !context.signal.aborted) return EXIT_CODES.ok;
      // A line that cannot be read ends the stream: the line is what to tell of, not the end.
      throw input.failure ?? callFailure(error, { service, endpoint, attempts, records });
    } finally {
      quiet.stop();
    }
  });
}

const GO_IDLE_MS = 1000;

/**
 * Go's rpc server says nothing when a handler returns after the client has said that it is done (spec 1.12). Our own
 * nodes do, and can be told from Go's by their metadata.
 */
function idleOf(records: readonly ServiceRecord[], { plugins }: Connection): number | undefined {
  const nodes = records.flatMap((record) => record.nodes);
  const isGo = nodes.some(
    ({ metadata }) => metadata.protocol === "mucp" && metadata["micro-mux"] === undefined,
  );
  return plugins.client === "rpc" && isGo ? GO_IDLE_MS : undefined;
}

/** Where the requests come from. */
class Input {
  readonly #form: MessageForm;
  readonly #context: CommandContext;
  /** What was wrong with a line. */
  failure: Failure | undefined = undefined;

  constructor(form: MessageForm, context: CommandContext) {
    this.#form = form;
    this.#context = context;
  }

  /** The messages of the arguments; undefined when standard input is meant. */
  async fromArguments(given: readonly string[]): Promise<readonly unknown[] | undefined> {
    if (given.length === 0 || (given.length === 1 && given[0] === "@-")) return undefined;
    const messages: unknown[] = [];
    for (const [index, argument] of given.entries()) {
      if (argument === "@-") throw usageError("standard input stands alone: leave the other messages out");
      messages.push(
        await readMessage(argument, {
          form: this.#form,
          what: `message ${index + 1}`,
          context: this.#context,
        }),
      );
    }
    return messages;
  }

  async *lines(): AsyncIterable<unknown> {
    try {
      yield* readMessages(this.#form, this.#context);
    } catch (error) {
      if (error instanceof Failure) this.failure = error;
      throw error;
    }
  }
}

/** The request of a server stream. */
async function only(requests: Iterable<unknown> | AsyncIterable<unknown>): Promise<unknown> {
  let found: { readonly message: unknown } | undefined;
  for await (const message of requests) {
    if (found !== undefined) throw usageError("a server stream takes one request, and there are several");
    found = { message };
    // Standard input may stay open: its first line is the request.
    if (!Array.isArray(requests)) break;
  }
  return found === undefined ? {} : found.message;
}

/** What was asked for, else what the registry says. Go's nodes do not say which kind; bidi serves all over rpc. */
function kindOf(asked: string | undefined, records: readonly ServiceRecord[], endpoint: string): StreamKind {
  if (asked !== undefined) return KINDS[asked] ?? "bidiStream";
  const said = records
    .flatMap(({ endpoints }) => endpoints)
    .find(({ name, metadata }) => name === endpoint && metadata.kind !== undefined)?.metadata.kind;
  return Object.values(KINDS).find((kind) => kind === said) ?? "bidiStream";
}
