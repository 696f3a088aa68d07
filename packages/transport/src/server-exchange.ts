import { CreditStream, type StreamPort } from "./credit-stream.ts";
import { answeredTwice } from "./errors.ts";
import type { IncomingExchange, TransportMessage, TransportStream } from "./transport.ts";

/** What a {@link ServerExchange} needs of the connection it came on. */
export interface ExchangePort<First extends TransportMessage = TransportMessage> {
  readonly remote: string;
  readonly local: string;
  /** Sends the reply of a call. */
  reply(exchange: ServerExchange<First>, message: TransportMessage): void;
  /** Makes the stream that a call is answered with: {@link streamOfCall}. */
  streamOf(exchange: ServerExchange<First>): CreditStream;
}

/** What a {@link ServerExchange} begins with. */
export interface ServerExchangeOptions<First extends TransportMessage = TransportMessage> {
  readonly first: First;
  /** `Micro-Id` of its messages; empty where there is none. */
  readonly id: string;
  /** By which its connection knows it. */
  readonly number: number;
  /** Undefined for a call. */
  readonly stream: CreditStream | undefined;
}

/** A call, or a stream, as it came to a server that answers in whole messages and {@link CreditStream}s. */
export class ServerExchange<First extends TransportMessage = TransportMessage> implements IncomingExchange {
  readonly first: First;
  /** `Micro-Id` of its messages; empty where there is none. */
  readonly id: string;
  /** By which its connection knows it. */
  readonly number: number;
  /** `Micro-Stream` of its messages; empty for a call. */
  readonly stream: string;
  readonly #port: ExchangePort<First>;
  readonly #stream: CreditStream | undefined;
  #answered = false;
  #aborted: Error | undefined;
  #listeners: ((reason: Error) => void)[] | undefined;

  constructor(port: ExchangePort<First>, options: ServerExchangeOptions<First>) {
    const { first, id, number, stream } = options;
    this.#port = port;
    this.first = first;
    this.id = id;
    this.number = number;
    this.stream = stream === undefined ? "" : stream.stream;
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

  /** The peer gave this call up or is gone. A stream is broken instead. */
  abort(reason: Error): void {
    if (this.#aborted !== undefined) return;
    this.#aborted = reason;
    const listeners = this.#listeners;
    this.#listeners = undefined;
    for (const listener of listeners ?? []) listener(reason);
  }

  #answer(): void {
    if (this.#answered) throw answeredTwice();
    this.#answered = true;
  }
}

/** What {@link streamOfCall} makes a stream of. */
export interface StreamOfCallOptions {
  readonly port: StreamPort;
  /** Largest number of bytes that may wait here to be sent. */
  readonly maxWriteBuffer: number;
}

/** The stream that a call is answered with: its first message is the reply, and the caller sends nothing more. */
export function streamOfCall(
  exchange: Pick<ServerExchange, "id" | "onAbort">,
  { port, maxWriteBuffer }: StreamOfCallOptions,
): CreditStream {
  const stream = new CreditStream(port, {
    id: exchange.id,
    stream: "",
    sendWindow: Number.POSITIVE_INFINITY,
    receiveWindow: 0,
    strict: false,
    dialled: false,
    maxWriteBuffer,
  });
  exchange.onAbort((reason) => stream.break(reason));
  stream.peerEnd();
  return stream;
}
