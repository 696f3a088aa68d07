import type { CreditStream, IncomingExchange, TransportMessage, TransportStream } from "@micro/transport";
import { SERVER_ID, transportError } from "./errors.ts";

/** What an exchange needs of the caller it came from. */
export interface ExchangePort {
  readonly remote: string;
  readonly local: string;
  /** Sends the reply of a call. */
  reply(exchange: ServerExchange, message: TransportMessage): void;
  /** Makes a stream of a call, one whose other side has ended already. */
  streamOf(exchange: ServerExchange): CreditStream;
}

/** A call or stream as it came to a server. */
export class ServerExchange implements IncomingExchange {
  readonly first: TransportMessage;
  /** Its number. */
  readonly id: number;
  readonly #port: ExchangePort;
  readonly #stream: CreditStream | undefined;
  #answered = false;
  #aborted: Error | undefined;
  #listeners: ((reason: Error) => void)[] | undefined;

  constructor(port: ExchangePort, options: { id: number; first: TransportMessage; stream?: CreditStream }) {
    this.first = options.first;
    this.id = options.id;
    this.#port = port;
    this.#stream = options.stream;
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

  /** The caller gave this call up or is gone. */
  abort(reason: Error): void {
    if (this.#aborted !== undefined) return;
    this.#aborted = reason;
    const listeners = this.#listeners;
    this.#listeners = undefined;
    for (const listener of listeners ?? []) listener(reason);
  }

  #answer(): void {
    if (this.#answered) {
      const detail = "an exchange is answered once, by reply() or by accept()";
      throw transportError("PRECONDITION_FAILED", detail, { id: SERVER_ID });
    }
    this.#answered = true;
  }
}
