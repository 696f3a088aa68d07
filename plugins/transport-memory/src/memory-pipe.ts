import { Metadata, MicroError } from "@micro/core";
import { type TransportMessage, tooLarge } from "@micro/transport";

/** Bounds of one stream direction. */
export interface PipeLimits {
  /** Largest body in bytes. */
  readonly maxMessageSize: number;
  /** Messages that may wait for the reader before the sender is asked to wait. */
  readonly queueMessages: number;
  /** Bytes of bodies that may wait for the reader before the sender is asked to wait. */
  readonly queueBytes: number;
}

/** What a pipe needs of those around it. */
export interface PipeOptions {
  readonly limits: PipeLimits;
  /** Runs something after all that was sent before. */
  readonly later: (delivery: () => void) => void;
  /** Sees each message on its arrival and may take it; the reader gets the others. */
  readonly onArrive?: (message: TransportMessage) => boolean;
  /** The end has arrived. */
  readonly onEnd: () => void;
}

/** A sender that does not wait is stopped at this many times the queue's bounds. */
const HARD_FACTOR = 16;

/** The receiver's own copy of a message: neither side can change what the other one has. */
export function copyOf({ header, body }: TransportMessage): TransportMessage {
  return { header: new Metadata(header), body: new Uint8Array(body) };
}

/** The error for a body over the limit; undefined when it is within. */
export function overLimit({ body }: TransportMessage, maxMessageSize: number): MicroError | undefined {
  if (body.length <= maxMessageSize) return undefined;
  return tooLarge(body.length, maxMessageSize, { notSent: true });
}

/**
 * One direction of a stream. Sent messages travel on the network's queue, then wait here for their one reader. The
 * two ends break one after the other, as on a wire: `refuse` is the sender's end, `fail` the reader's.
 */
export class MemoryPipe
  implements AsyncIterable<TransportMessage>, AsyncIterator<TransportMessage, undefined>
{
  readonly #options: PipeOptions;
  readonly #inbox: TransportMessage[] = [];
  /** Sent and not read, those on the way included. */
  #messages = 0;
  #bytes = 0;
  #room: PromiseWithResolvers<void> | undefined;
  #reader: PromiseWithResolvers<IteratorResult<TransportMessage, undefined>> | undefined;
  #closed = false;
  #refusal: Error | undefined;
  #ended = false;
  #failure: Error | undefined;
  #left = false;

  constructor(options: PipeOptions) {
    this.#options = options;
  }

  /** As {@link TransportStream.send}. */
  send(message: TransportMessage): Promise<void> | undefined {
    if (this.#refusal !== undefined) throw this.#refusal;
    if (this.#closed) {
      throw new MicroError({ code: "PRECONDITION_FAILED", detail: "nothing can be sent after closeSend()" });
    }
    const { limits, later } = this.#options;
    const problem = overLimit(message, limits.maxMessageSize) ?? this.#overrun(limits);
    if (problem !== undefined) throw problem;
    // Whoever left the loop wants no more of it; the sender learns that from the other direction, or not at all.
    if (this.#left) return undefined;
    const copy = copyOf(message);
    this.#messages++;
    this.#bytes += copy.body.length;
    later(() => this.#arrive(copy));
    return this.#full(1) ? this.#waitForRoom() : undefined;
  }

  /** The end, after what was sent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#refusal === undefined) this.#options.later(() => this.#end());
  }

  /** The sender's end breaks: it gets this from now on. */
  refuse(reason: Error): void {
    this.#refusal ??= reason;
    this.#room?.reject(reason);
    this.#room = undefined;
  }

  /** The reader's end breaks: it gets what has arrived (unless `drop`), then this. */
  fail(reason: Error, options: { readonly drop?: boolean } = {}): void {
    if (this.#ended || this.#failure !== undefined) return;
    this.#failure = reason;
    if (options.drop) this.#inbox.length = 0;
    this.#reader?.reject(reason);
    this.#reader = undefined;
  }

  next(): Promise<IteratorResult<TransportMessage, undefined>> {
    const value = this.#inbox.shift();
    if (value !== undefined) {
      this.#taken(value);
      return Promise.resolve({ done: false, value });
    }
    if (this.#left) return Promise.resolve({ done: true, value: undefined });
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    if (this.#reader !== undefined) {
      return Promise.reject(new Error("a stream has one reader: a read is waiting already"));
    }
    this.#reader = Promise.withResolvers();
    return this.#reader.promise;
  }

  /** The reader leaves: the rest is dropped, and the sender is not made to wait for it. */
  return(): Promise<IteratorResult<TransportMessage, undefined>> {
    this.#left = true;
    this.#inbox.length = 0;
    this.#messages = 0;
    this.#bytes = 0;
    this.#room?.resolve();
    this.#room = undefined;
    this.#reader?.resolve({ done: true, value: undefined });
    this.#reader = undefined;
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #full(factor: number): boolean {
    const { queueMessages, queueBytes } = this.#options.limits;
    return this.#messages >= queueMessages * factor || this.#bytes >= queueBytes * factor;
  }

  #overrun(limits: PipeLimits): MicroError | undefined {
    if (!this.#full(HARD_FACTOR)) return undefined;
    return new MicroError({
      code: "RESOURCE_EXHAUSTED",
      detail:
        `${this.#messages} messages wait for the reader, far more than the transport's options 'queue_messages' ` +
        `(${limits.queueMessages}) and 'queue_bytes' (${limits.queueBytes}) allow: await what send() returns`,
    });
  }

  #waitForRoom(): Promise<void> {
    if (this.#room === undefined) {
      this.#room = Promise.withResolvers();
      // A sender that does not look at the promise sees the same error in its next send and in onAbort.
      this.#room.promise.catch(() => undefined);
    }
    return this.#room.promise;
  }

  #arrive(message: TransportMessage): void {
    if (this.#left || this.#failure !== undefined) return;
    if (this.#options.onArrive?.(message)) {
      this.#taken(message);
    } else if (this.#reader !== undefined) {
      const reader = this.#reader;
      this.#reader = undefined;
      this.#taken(message);
      reader.resolve({ done: false, value: message });
    } else this.#inbox.push(message);
  }

  #end(): void {
    if (this.#ended || this.#failure !== undefined) return;
    this.#ended = true;
    this.#reader?.resolve({ done: true, value: undefined });
    this.#reader = undefined;
    this.#options.onEnd();
  }

  #taken(message: TransportMessage): void {
    if (this.#left) return;
    this.#messages--;
    this.#bytes -= message.body.length;
    if (this.#room === undefined || this.#full(1)) return;
    this.#room.resolve();
    this.#room = undefined;
  }
}
