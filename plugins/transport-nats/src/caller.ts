import { MicroError } from "@micro/core";
import { type IncomingExchange, SERVER_ID, type ServerExchange, transportError } from "@micro/transport";
import type { TransportContext } from "./settings.ts";

/** What a listener gives to each of its callers. */
export interface CallerOptions {
  readonly context: TransportContext;
  /** The subject that answers go to. */
  readonly subject: string;
  /** Address of the listener. */
  readonly address: string;
  readonly onExchange: (exchange: IncomingExchange) => void;
  /** Called when nothing runs for it any more. */
  readonly onIdle: () => void;
  /** Called when it is gone. */
  readonly onGone: (caller: Caller) => void;
}

/** Who calls a listener: a session of one of our own peers, or a Go client. */
export interface Caller {
  readonly subject: string;
  /** Exchanges that run. */
  readonly running: number;
  /** Takes a message; `count` is its number in the session. Throws for what is none. */
  take(data: Uint8Array, count: number): void;
  /** Asks it to begin nothing new. */
  drain(): void;
  /** Ends it and all that runs; it is told where it can be. */
  close(reason: Error): void;
  /** Called now and then, with `performance.now()`. */
  check(now: number): void;
}

/** Hands an exchange to the application; an error when that failed before it was answered. */
export function begin(
  exchange: ServerExchange,
  { onExchange, context, subject }: CallerOptions,
): MicroError | undefined {
  try {
    onExchange(exchange);
    return undefined;
  } catch (thrown) {
    context.logger.error("the receiver of an exchange failed", { error: thrown, remote: subject });
    return exchange.replied ? undefined : MicroError.from(thrown, { id: SERVER_ID });
  }
}

/** Why one more exchange cannot begin; undefined when it can. */
export function tooMany(running: number, { context }: CallerOptions): MicroError | undefined {
  const { maxConcurrent } = context.settings;
  if (running < maxConcurrent) return undefined;
  const detail = `more than transport.max_concurrent, ${maxConcurrent}, exchanges run for one caller`;
  return transportError("RESOURCE_EXHAUSTED", detail, { id: SERVER_ID });
}
