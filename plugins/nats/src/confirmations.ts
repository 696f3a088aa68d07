import type { NatsConnection } from "nats";

/** So much may be on the way before publishers are asked to wait, in bytes. */
const MAX_UNCONFIRMED_BYTES = 4 * 1024 * 1024;
/** With so much on the way the server is asked at once whether it has it, in bytes. */
const MUCH_BYTES = 256 * 1024;
/** With less it is asked once in so many ms: a question for each message would cost as much as the message. */
const ROUND_MS = 10;

/**
 * What was published and what of it the server has surely got. NATS confirms no message, but answers a ping after all
 * that came before it: one ping at a time is under way or waits its turn while something is not confirmed.
 */
export class Confirmations {
  /** Messages whose fate is not known. */
  lost = 0;
  #sentMessages = 0;
  #sentBytes = 0;
  #confirmedMessages = 0;
  #confirmedBytes = 0;
  #round: Promise<void> | undefined;
  /** Begins the round that waits its turn. */
  #hurry: (() => void) | undefined;

  /** Bytes of the messages whose fate is not known yet. */
  get bytes(): number {
    return this.#sentBytes - this.#confirmedBytes;
  }

  /** `connection` was handed messages. */
  sent(connection: NatsConnection, messages: number, bytes: number): void {
    this.#sentMessages += messages;
    this.#sentBytes += bytes;
    this.#round ??= this.#confirm(connection);
    if (this.#hurry !== undefined && this.bytes > MUCH_BYTES) this.#hurry();
  }

  /** Undefined when more may be sent. */
  pressure(): Promise<void> | undefined {
    return this.bytes > MAX_UNCONFIRMED_BYTES ? this.#round : undefined;
  }

  /** Resolves when the server has all that was handed to `connection`; rejects when that is lost before. */
  async flush(connection: NatsConnection): Promise<void> {
    const messages = this.#sentMessages;
    const bytes = this.#sentBytes;
    await connection.flush();
    // What was lost with another connection meanwhile is counted already.
    if (messages <= this.#confirmedMessages) return;
    this.#confirmedMessages = messages;
    this.#confirmedBytes = bytes;
  }

  /**
   * The connection is lost: what was not confirmed is lost track of, and so are the `waiting` messages that it was not
   * handed yet. Returns how many messages.
   */
  disconnected(waiting: number): number {
    const messages = waiting + this.#sentMessages - this.#confirmedMessages;
    this.lost += messages;
    this.#confirmedMessages = this.#sentMessages;
    this.#confirmedBytes = this.#sentBytes;
    return messages;
  }

  async #confirm(connection: NatsConnection): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ROUND_MS).unref();
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#hurry = undefined;
    try {
      await this.flush(connection);
    } catch {
      // The connection was lost or is closed: `disconnected` counts what that means.
    }
    const more = this.#sentMessages > this.#confirmedMessages && !connection.isClosed();
    this.#round = more ? this.#confirm(connection) : undefined;
  }
}
