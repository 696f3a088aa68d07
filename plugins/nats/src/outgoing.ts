import type { NatsConnection } from "nats";

/** What is published, until the library has it. */
interface Outgoing {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly reply: string | undefined;
}

/** What is told of messages that are handed over. */
export interface OutgoingListener {
  /** The library has so many more, with payloads of so many bytes. */
  readonly onTaken: (connection: NatsConnection, messages: number, bytes: number) => void;
  /** It did not take so many. */
  readonly onError: (error: unknown, messages: number) => void;
}

/** The library writes to the socket when it has so many bytes, or at the end of the turn. */
const FULL_BYTES = 32 * 1024;
/**
 * `PUB <subject> <reply> <size>` and the line ends, without the subjects and the payload: at most. Counting too little
 * would make the library write before the last message of a batch, and once more after it.
 */
const COMMAND_BYTES = 20;

/**
 * Hands what one turn of the event loop publishes to the library together: that would write each message to the socket
 * by itself where publishers wait for each other.
 */
export class OutgoingMessages {
  readonly #listener: OutgoingListener;
  #waiting: Outgoing[] = [];
  /** On the wire: with as much as the library writes at a time it is handed over, and goes with one write. */
  #wireBytes = 0;
  #connection: NatsConnection | undefined;
  #scheduled = false;

  constructor(listener: OutgoingListener) {
    this.#listener = listener;
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#wireBytes;
  }

  add(connection: NatsConnection, message: Outgoing): void {
    this.#connection = connection;
    this.#waiting.push(message);
    const { subject, data, reply = "" } = message;
    this.#wireBytes += data.byteLength + subject.length + reply.length + COMMAND_BYTES;
    if (this.#wireBytes >= FULL_BYTES) this.handOver();
    else if (!this.#scheduled) this.#schedule();
  }

  /** Hands over what waits, now: before whatever must not overtake it. */
  handOver(): void {
    const connection = this.#connection;
    const messages = this.#waiting;
    if (connection === undefined || messages.length === 0) return;
    this.#waiting = [];
    this.#wireBytes = 0;
    let taken = 0;
    let bytes = 0;
    try {
      for (const { subject, data, reply } of messages) {
        connection.publish(subject, data, reply === undefined ? undefined : { reply });
        taken++;
        bytes += data.byteLength;
      }
    } catch (error) {
      this.#listener.onError(error, messages.length - taken);
    }
    if (taken > 0) this.#listener.onTaken(connection, taken, bytes);
  }

  /** Drops what waits, as its connection is lost; returns how many messages. */
  clear(): number {
    const { length } = this.#waiting;
    this.#waiting = [];
    this.#wireBytes = 0;
    return length;
  }

  #schedule(): void {
    this.#scheduled = true;
    // After all that this turn's promises still publish: a tick asked for by a microtask comes after the last of them.
    queueMicrotask(() =>
      process.nextTick(() => {
        this.#scheduled = false;
        this.handOver();
      }),
    );
  }
}
