import type { NatsConnection } from "nats";

/** What is published, until the library has it. */
interface Outgoing {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly reply: string | undefined;
}

/** With so much it is time to hand over, in bytes: the library writes as much at a time. */
const FULL_BYTES = 32 * 1024;

/**
 * Hands what one turn of the event loop publishes to the library together: that would write each message to the socket
 * by itself where publishers wait for each other.
 */
export class OutgoingMessages {
  readonly #onError: (error: unknown, messages: number) => void;
  #waiting: Outgoing[] = [];
  #bytes = 0;
  #connection: NatsConnection | undefined;
  #scheduled = false;

  /** `onError` is told when the library did not take some. */
  constructor(onError: (error: unknown, messages: number) => void) {
    this.#onError = onError;
  }

  add(connection: NatsConnection, message: Outgoing): void {
    this.#connection = connection;
    this.#waiting.push(message);
    this.#bytes += message.data.byteLength;
    if (this.#bytes >= FULL_BYTES) this.handOver();
    else if (!this.#scheduled) this.#schedule();
  }

  /** Hands over what waits, now: before whatever must not overtake it. */
  handOver(): void {
    const connection = this.#connection;
    const messages = this.#waiting;
    if (connection === undefined || messages.length === 0) return;
    this.#waiting = [];
    this.#bytes = 0;
    let taken = 0;
    try {
      for (const { subject, data, reply } of messages) {
        connection.publish(subject, data, reply === undefined ? undefined : { reply });
        taken++;
      }
    } catch (error) {
      this.#onError(error, messages.length - taken);
    }
  }

  /** Drops what waits: its connection is lost. */
  clear(): void {
    this.#waiting = [];
    this.#bytes = 0;
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
