import { Fifo } from "@micro/core";
import { transportError, unavailable } from "./errors.ts";
import type { TransportMessage, TransportStream } from "./transport.ts";

/** Bytes that a message of a {@link CreditStream} costs beside its body: what holding it takes. */
export const MESSAGE_COST = 128;

/** What a {@link CreditStream} needs of the connection it runs on. */
export interface StreamPort {
  /** Writes a message; throws before anything is written when it cannot be. */
  message(stream: CreditStream, message: TransportMessage): void;
  /** True while the socket is full. `room()` of every stream is called when it is not any more. */
  readonly full: boolean;
  /** No more messages from here. */
  end(stream: CreditStream): void;
  /** Given up here. */
  cancel(stream: CreditStream, reason: Error): void;
  /** The reader has taken messages worth `bytes`. */
  taken(stream: CreditStream, bytes: number): void;
  /** Nothing more happens on it; `unread` when the other side may still send and should be told not to. */
  over(stream: CreditStream, unread: boolean): void;
}

/** What a {@link CreditStream} begins with. */
export interface CreditStreamOptions {
  /** `Micro-Id` of its messages. */
  readonly id: string;
  /** `Micro-Stream` of its messages; empty for a call that is answered as a stream. */
  readonly stream: string;
  /** Bytes that may be sent before the peer's reader has taken any; Infinity where the socket alone decides. */
  readonly sendWindow: number;
  /** Bytes that may wait here for the reader; what comes beyond is a violation, where `strict`. */
  readonly receiveWindow: number;
  readonly strict: boolean;
  /** Whether the first message sent is free: true where the stream was dialled. */
  readonly dialled: boolean;
  /** Largest number of bytes that may wait here to be sent. */
  readonly maxWriteBuffer: number;
}

type Result = IteratorResult<TransportMessage, undefined>;

interface Reader {
  resolve(result: Result): void;
  reject(reason: unknown): void;
}

interface Sender {
  resolve(): void;
  reject(reason: unknown): void;
}

/**
 * A stream of either side, multiplexed or alone on its connection: queues, credit and the states of its two directions.
 * Each direction begins with the window of its reader. A message costs its body and {@link MESSAGE_COST}; the first
 * message of the side that dialled is free. A sender with credit left may send one message of any size, one without
 * waits. The reader owes credit back for what the application has taken.
 */
export class CreditStream implements TransportStream, AsyncIterator<TransportMessage, undefined> {
  readonly id: string;
  readonly stream: string;
  readonly #port: StreamPort;
  readonly #options: CreditStreamOptions;
  #credit: number;
  #freeMessage: boolean;
  /** Messages without credit; more than one only when the sender did not wait. */
  readonly #unsent = new Fifo<TransportMessage>();
  #unsentBytes = 0;
  readonly #senders: Sender[] = [];
  #sendClosed = false;
  /** True once nothing can be sent any more: ended from here and out, or the peer reads no more. */
  #sendOver = false;
  readonly #unread = new Fifo<TransportMessage>();
  #unreadBytes = 0;
  #owed = 0;
  #reader: Reader | undefined;
  #readerGone = false;
  #peerEnded = false;
  #broken: Error | undefined;
  #brokenToReader: Error | undefined;
  #over = false;
  #abortListeners: ((reason: Error) => void)[] | undefined;

  constructor(port: StreamPort, options: CreditStreamOptions) {
    this.#port = port;
    this.#options = options;
    this.id = options.id;
    this.stream = options.stream;
    this.#credit = options.sendWindow;
    this.#freeMessage = options.dialled;
  }

  /** Whether anything was sent: before, the peer does not know the stream. */
  get begun(): boolean {
    return !(this.#options.dialled && this.#freeMessage);
  }

  /** Adds to what the peer is owed; the credit to give it now, 0 while it is too little to be worth a frame. */
  owe(bytes: number): number {
    this.#owed += bytes;
    if (this.#peerEnded || this.#owed < this.#options.receiveWindow / 2) return 0;
    const credit = this.#owed;
    this.#owed = 0;
    return credit;
  }

  /** True when the peer has ended its side. */
  get peerEnded(): boolean {
    return this.#peerEnded;
  }

  /** Bytes that wait for the reader. */
  get unreadBytes(): number {
    return this.#unreadBytes;
  }

  get messages(): AsyncIterable<TransportMessage> {
    return { [Symbol.asyncIterator]: () => this };
  }

  send(message: TransportMessage): Promise<void> | undefined {
    if (this.#broken !== undefined) throw this.#broken;
    if (this.#sendClosed) {
      throw transportError("PRECONDITION_FAILED", "a message was sent on a stream after its closeSend()");
    }
    if (this.#sendOver) throw unavailable("the peer is done with the stream and takes no more messages");
    if (this.#credit > 0 && this.#unsent.length === 0) {
      this.#write(message);
    } else {
      const bytes = this.#unsentBytes + message.body.length + MESSAGE_COST;
      if (bytes > this.#options.maxWriteBuffer) {
        throw transportError(
          "RESOURCE_EXHAUSTED",
          `more than transport.max_write_buffer, ${this.#options.maxWriteBuffer} bytes, wait on a stream: await the promise of send()`,
        );
      }
      this.#unsent.push(message);
      this.#unsentBytes = bytes;
    }
    if (this.#credit > 0 && !this.#port.full) return undefined;
    const room = new Promise<void>((resolve, reject) => this.#senders.push({ resolve, reject }));
    // Who does not wait for it learns of the break from the next send, not from an unhandled rejection.
    room.catch(() => undefined);
    return room;
  }

  closeSend(): void {
    if (this.#sendClosed || this.#over) return;
    this.#sendClosed = true;
    if (!this.#sendOver && this.#unsent.length === 0) this.#endSend();
  }

  abort(reason: Error): void {
    if (this.#over) return;
    this.#port.cancel(this, reason);
    this.#unread.takeAll();
    this.break(reason);
  }

  onAbort(listener: (reason: Error) => void): void {
    if (this.#broken !== undefined) {
      const reason = this.#broken;
      queueMicrotask(() => listener(reason));
      return;
    }
    this.#abortListeners ??= [];
    this.#abortListeners.push(listener);
  }

  // ---- the reader ----

  next(): Promise<Result> {
    const message = this.#unread.shift();
    if (message !== undefined) {
      this.#unreadBytes -= message.body.length + MESSAGE_COST;
      this.#took(message);
      return Promise.resolve({ done: false, value: message });
    }
    if (this.#brokenToReader !== undefined) {
      const reason = this.#brokenToReader;
      this.#brokenToReader = undefined;
      this.#readerGone = true;
      return Promise.reject(reason);
    }
    if (this.#peerEnded || this.#readerGone) return Promise.resolve({ done: true, value: undefined });
    if (this.#reader !== undefined) {
      const detail = "a stream has one reader: a read is waiting already";
      return Promise.reject(transportError("PRECONDITION_FAILED", detail));
    }
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  return(): Promise<Result> {
    this.#leave();
    return Promise.resolve({ done: true, value: undefined });
  }

  #leave(): void {
    if (this.#readerGone) return;
    this.#readerGone = true;
    this.#unreadBytes = 0;
    for (const message of this.#unread.takeAll()) this.#took(message);
    this.#reader?.resolve({ done: true, value: undefined });
    this.#reader = undefined;
    this.#checkOver();
  }

  #took(message: TransportMessage): void {
    if (!this.#over) this.#port.taken(this, message.body.length + MESSAGE_COST);
  }

  // ---- what the connection tells ----

  /** A message came. False when the peer sent more than it was given credit for. */
  deliver(message: TransportMessage): boolean {
    if (this.#peerEnded || this.#over) return true;
    if (this.#readerGone) {
      this.#took(message);
      return true;
    }
    const reader = this.#reader;
    if (reader !== undefined) {
      this.#reader = undefined;
      this.#took(message);
      reader.resolve({ done: false, value: message });
      return true;
    }
    if (this.#options.strict && this.#unreadBytes >= this.#options.receiveWindow) return false;
    this.#unread.push(detached(message));
    this.#unreadBytes += message.body.length + MESSAGE_COST;
    return true;
  }

  /** The peer sends no more. */
  peerEnd(): void {
    if (this.#peerEnded || this.#over) return;
    this.#peerEnded = true;
    this.#reader?.resolve({ done: true, value: undefined });
    this.#reader = undefined;
    this.#checkOver();
  }

  /** The peer reads no more: what waits to be sent is dropped. */
  peerStop(): void {
    if (this.#over || this.#sendOver) return;
    this.#dropUnsent(unavailable("the peer is done with the stream and takes no more messages"));
    this.#sendOver = true;
    this.#checkOver();
  }

  /** The peer's reader has taken messages worth `bytes`. */
  grant(bytes: number): void {
    this.#credit += bytes;
    while (this.#credit > 0 && this.#unsent.length > 0) {
      const message = this.#unsent.shift() as TransportMessage;
      this.#unsentBytes -= message.body.length + MESSAGE_COST;
      try {
        this.#write(message);
      } catch (error) {
        // The sender was told to wait for room and learns here that this message cannot be sent at all.
        this.abort(error instanceof Error ? error : unavailable(String(error)));
        return;
      }
    }
    if (this.#sendClosed && !this.#sendOver && this.#unsent.length === 0) this.#endSend();
    this.room();
  }

  /** There may be room in the socket again. */
  room(): void {
    if (this.#credit <= 0 || this.#port.full) return;
    for (const sender of this.#senders.splice(0)) sender.resolve();
  }

  /** It is over for another reason than both sides having closed it. What came before is still read. */
  break(reason: Error): void {
    if (this.#over) return;
    this.#broken = reason;
    // A direction that had ended regularly stays so for its reader.
    if (!this.#peerEnded) this.#brokenToReader = reason;
    this.#finish(false);
    this.#dropUnsent(reason);
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader !== undefined) {
      this.#brokenToReader = undefined;
      this.#readerGone = true;
      reader.reject(reason);
    }
    const listeners = this.#abortListeners;
    this.#abortListeners = undefined;
    for (const listener of listeners ?? []) listener(reason);
  }

  #write(message: TransportMessage): void {
    this.#port.message(this, message);
    if (this.#freeMessage) this.#freeMessage = false;
    else this.#credit -= message.body.length + MESSAGE_COST;
  }

  #endSend(): void {
    this.#sendOver = true;
    this.#port.end(this);
    this.#checkOver();
  }

  #dropUnsent(reason: Error): void {
    this.#unsent.takeAll();
    this.#unsentBytes = 0;
    for (const sender of this.#senders.splice(0)) sender.reject(reason);
  }

  #checkOver(): void {
    if (this.#sendOver && (this.#peerEnded || this.#readerGone)) this.#finish(!this.#peerEnded);
  }

  #finish(unread: boolean): void {
    if (this.#over) return;
    this.#over = true;
    this.#port.over(this, unread);
  }
}

/** A small body that waits must not keep the large chunk alive in which it came. */
function detached(message: TransportMessage): TransportMessage {
  const { body } = message;
  if (body.length === 0 || body.buffer.byteLength < 4 * body.length) return message;
  return { header: message.header, body: new Uint8Array(body) };
}
