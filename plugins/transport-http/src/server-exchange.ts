import type { CreditStream, IncomingExchange, TransportMessage, TransportStream } from "@micro/transport";
import { callNumber } from "./call-table.ts";
import { SERVER_ID, transportError } from "./errors.ts";
import type { ReceivedMessage } from "./header-block.ts";

/** What an exchange needs of the connection it came on. */
export interface ExchangePort {
  readonly remote: string;
  readonly local: string;
  /** Writes the reply of a call. */
  reply(exchange: ServerExchange, message: TransportMessage): void;
  /** Makes a stream of a call, one whose other side has ended already. */
  streamOf(exchange: ServerExchange): CreditStream;
}

/** A call or stream as it came to a server; also what its reply's header block is written with. */
export class ServerExchange implements IncomingExchange {
  readonly first: ReceivedMessage;
  /** `Micro-Id`, empty when the request had none. */
  readonly id: string;
  /** The same as a number; 0 for an id that is none. */
  readonly number: number;
  /** `Micro-Stream`, empty for a call. */
  readonly stream: string;
  readonly #port: ExchangePort;
  readonly #stream: CreditStream | undefined;
  #answered = false;
  #aborted: Error | undefined;
  #listeners: ((reason: Error) => void)[] | undefined;

  constructor(port: ExchangePort, first: ReceivedMessage, stream: CreditStream | undefined) {
    this.#port = port;
    this.first = first;
    this.id = first.id ?? "";
    this.number = callNumber(this.id);
    this.stream = first.stream ?? "";
    this.#stream = stream;
  }

  /** True for a call that was answered. */
  get replied(): boolean {
    return this.#answered && this.#stream === undefined;
  }

  get remote(): string {
    return this.#port.remote;
  }

  get local(): string {
    return this.#port.local;
  }

  reply(message: TransportMessage): void {
    this.#answer();
    if (this.#aborted !== undefined) return;
    const stream = this.#stream;
    if (stream === undefined) this.#port.reply(this, message);
    else {
      // One message and the end of it: how a stream is refused.
      try {
        void stream.send(message);
        stream.closeSend();
        void stream.return();
      } catch (error) {
        stream.abort(error instanceof Error ? error : new Error(String(error)));
      }
    }
  }

  accept(): TransportStream {
    this.#answer();
    const stream = this.#stream ?? this.#port.streamOf(this);
    if (this.#aborted !== undefined) stream.break(this.#aborted);
    return stream;
  }

  onAbort(listener: (reason: Error) => void): void {
    if (this.#stream !== undefined) this.#stream.onAbort(listener);
    else if (this.#aborted !== undefined) {
      const reason = this.#aborted;
      queueMicrotask(() => listener(reason));
    } else {
      this.#listeners ??= [];
      this.#listeners.push(listener);
    }
  }

  /** The peer gave this call up or is gone. */
  abort(reason: Error): void {
    if (this.#aborted !== undefined) return;
    this.#aborted = reason;
    const listeners = this.#listeners;
    this.#listeners = undefined;
    for (const listener of listeners ?? []) listener(reason);
  }

  #answer(): void {
    if (this.#answered) {
      throw transportError("PRECONDITION_FAILED", "an exchange is answered once, by reply() or by accept()", {
        id: SERVER_ID,
      });
    }
    this.#answered = true;
  }
}
