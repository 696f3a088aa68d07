import assert from "node:assert/strict";
import { Metadata, MicroError } from "@micro/core";
import { type ConformanceCase, within } from "@micro/core/conformance";
import type {
  IncomingExchange,
  Listener,
  Session,
  Transport,
  TransportMessage,
  TransportStream,
} from "./transport.ts";

/** A peer that takes connections and never says anything. */
export interface SilentPeer {
  readonly address: string;
  close(): Promise<void>;
}

/** What the suite needs of an implementation. */
export interface TransportHarness {
  /** A new transport; the suite starts and stops it. All of one harness reach each other. */
  create(): Promise<Transport>;
  /** Where servers listen, any port: `127.0.0.1:0`. */
  readonly address: string;
  /** Node metadata that `dial` is given. @default the `metadata` of the transport: a peer of our own */
  readonly metadata?: Readonly<Record<string, string>>;
  /** The `max_message_size` of its transports, in bytes. @default 4 MiB */
  readonly maxMessageSize?: number;
  /** False where the technology cannot say "no more from me": http towards Go. @default true */
  readonly halfClose?: boolean;
  /** A peer with which `dial` cannot complete: only where connecting takes an answer. */
  readonly silentPeer?: () => Promise<SilentPeer>;
}

/** Everything one case starts; given back at its end. */
export class World {
  readonly transport: Transport;
  readonly harness: TransportHarness;
  readonly #listeners: Listener[] = [];
  readonly #sessions: Session[] = [];

  constructor(harness: TransportHarness, transport: Transport) {
    this.harness = harness;
    this.transport = transport;
  }

  /** Listens, with `onExchange` or an echo. */
  async serve(onExchange: (exchange: IncomingExchange) => void = echo): Promise<Listener> {
    const listener = await within("listen", this.transport.listen(this.harness.address, onExchange));
    this.#listeners.push(listener);
    return listener;
  }

  async dial({ address }: { readonly address: string }): Promise<Session> {
    const metadata = this.harness.metadata ?? this.transport.metadata;
    const session = await within("dial", this.transport.dial(address, { metadata }));
    this.#sessions.push(session);
    return session;
  }

  /** A server and a session to it. */
  async pair(onExchange?: (exchange: IncomingExchange) => void): Promise<[Session, Listener]> {
    const listener = await this.serve(onExchange);
    return [await this.dial(listener), listener];
  }

  /** A stream whose server side is accepted, after the first message. */
  async stream(): Promise<StreamPair> {
    const accepted = Promise.withResolvers<{ server: TransportStream; exchange: IncomingExchange }>();
    const [session, listener] = await this.pair((exchange) =>
      accepted.resolve({ server: exchange.accept(), exchange }),
    );
    const client = await within("open", session.open());
    await client.send(frame("first"));
    const { server, exchange } = await within("the server sees the stream", accepted.promise);
    assert.equal(textOf(exchange.first), "first");
    return { client, server, exchange, session, listener };
  }

  async close(): Promise<void> {
    await within("closing sessions", Promise.all(this.#sessions.map((session) => session.close())));
    await within("closing listeners", Promise.all(this.#listeners.map((listener) => listener.close())));
  }
}

/** Both ends of a stream. */
export interface StreamPair {
  readonly client: TransportStream;
  readonly server: TransportStream;
  readonly exchange: IncomingExchange;
  readonly session: Session;
  readonly listener: Listener;
}

/** A case that runs in a world of its own. */
export function inWorld(
  harness: TransportHarness,
  name: string,
  run: (world: World) => Promise<void>,
): ConformanceCase {
  return {
    name,
    run: async () => {
      const transport = await harness.create();
      await transport.start?.({ signal: new AbortController().signal });
      const world = new World(harness, transport);
      try {
        await run(world);
      } finally {
        try {
          await world.close();
        } finally {
          await within("stopping the transport", Promise.resolve(transport.stop?.({ graceMs: 0 })));
        }
      }
    },
  };
}

/** A message with a body of text or bytes. */
export function message(
  body: string | Uint8Array = "",
  header: Readonly<Record<string, string>> = {},
): TransportMessage {
  return {
    header: new Metadata({ "Content-Type": "application/octet-stream", "Micro-Id": "1", ...header }),
    body: typeof body === "string" ? new TextEncoder().encode(body) : body,
  };
}

/** A message of a stream; transports over http tell streams from calls by its header (spec 1.12). */
export function frame(body: string | Uint8Array = ""): TransportMessage {
  return message(body, { "Micro-Stream": "1" });
}

/** The body as text. */
export function textOf({ body }: TransportMessage): string {
  return new TextDecoder().decode(body);
}

/** What a server answers `first` with: its id comes back (spec 1.3). */
export function replyTo(
  first: TransportMessage,
  body: string | Uint8Array,
  header: Readonly<Record<string, string>> = {},
): TransportMessage {
  return message(body, { "Micro-Id": first.header.get("micro-id") ?? "", ...header });
}

/** Answers with the body it got. */
export function echo(exchange: IncomingExchange): void {
  exchange.reply(replyTo(exchange.first, exchange.first.body));
}

/** One call as a promise that cannot hang. */
export function call(
  session: Session,
  request: TransportMessage,
  timeoutMs?: number,
): Promise<TransportMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<TransportMessage>();
  session.call(request, (error, reply) => {
    if (error !== undefined) reject(error);
    else if (reply === undefined) reject(new Error("done was called with neither an error nor a reply"));
    else resolve(reply);
  });
  return within("the call's end", promise, timeoutMs);
}

/** The messages of a stream, up to its end or to `count` of them. */
export async function collect(stream: TransportStream, count = Number.POSITIVE_INFINITY): Promise<string[]> {
  const texts: string[] = [];
  const messages = stream.messages[Symbol.asyncIterator]();
  while (texts.length < count) {
    const next = await within(`message ${texts.length} of a stream`, messages.next());
    if (next.done) break;
    texts.push(textOf(next.value));
  }
  return texts;
}

/** Reads until the stream breaks; rejects when it ends instead. */
export async function readToBreak(stream: TransportStream): Promise<MicroError> {
  const messages = stream.messages[Symbol.asyncIterator]();
  for (;;) {
    const next = await failure(within("the break of a stream", messages.next()));
    if (next instanceof Error) {
      assert.ok(MicroError.is(next), `a broken stream throws a MicroError, not ${next}`);
      return next;
    }
    assert.ok(next.done !== true, "the stream ended instead of breaking");
  }
}

/** The error of a promise, or what it resolved with. */
export async function failure<T>(promise: Promise<T>): Promise<T | Error> {
  try {
    return await promise;
  } catch (error) {
    return error as Error;
  }
}

/** Asserts that an outcome of {@link failure} is none. */
export function succeeded<T>(what: string, outcome: T | Error): T {
  assert.ok(!(outcome instanceof Error), `${what} ended with ${describe(outcome)}`);
  return outcome;
}

/** Asserts that an outcome of {@link failure} is a MicroError, of this code if one is given. */
export function failed(what: string, outcome: unknown, code?: string): MicroError {
  assert.ok(MicroError.is(outcome), `${what}: expected a MicroError, got ${describe(outcome)}`);
  if (code !== undefined) assert.equal(outcome.code, code, `${what}: ${outcome.detail}`);
  return outcome;
}

const describe = (outcome: unknown): string =>
  outcome instanceof Error ? `${outcome.name}: ${outcome.message}` : "no error";

/** Asserts that `promise` rejects with a MicroError of this code, and hands it back. */
export async function rejects(
  promise: Promise<unknown>,
  code: string,
  expected: { readonly notSent?: boolean; readonly detail?: RegExp } = {},
): Promise<MicroError> {
  const error = failed("the promise", await failure(promise), code);
  if (expected.notSent !== undefined) assert.equal(error.notSent, expected.notSent, "notSent");
  if (expected.detail !== undefined) assert.match(error.detail, expected.detail);
  return error;
}

/** The first time `register`ed listener is called. */
export function once<T>(what: string, register: (listener: (value: T) => void) => void): Promise<T> {
  return within(what, new Promise<T>((resolve) => register(resolve)));
}

/**
 * Asserts that `attempt`, which returns how long something took, is done in at most `limitMs`. The fastest of five
 * counts: a busy machine is late now and then, a transport that polls or waits is late always.
 */
export async function fastest(what: string, limitMs: number, attempt: () => Promise<number>): Promise<void> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5 && best > limitMs; round++) best = Math.min(best, await attempt());
  assert.ok(best <= limitMs, `${what} took ${Math.round(best)} ms, more than ${limitMs}`);
}

/** True when `promise` is still open after `ms`. */
export async function staysOpen(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const open = new Promise<true>((resolve) => {
    timer = setTimeout(() => resolve(true), ms);
  });
  const result = await Promise.race([promise.then(() => false), open]);
  clearTimeout(timer);
  return result;
}
