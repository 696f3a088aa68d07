import type { NatsConnection } from "nats";

/** So much may be on the way before publishers are asked to wait, in bytes. */
const MAX_UNCONFIRMED_BYTES = 4 * 1024 * 1024;

/** How much was published until some moment; both numbers only rise. */
interface Mark {
  readonly messages: number;
  readonly bytes: number;
}

/**
 * What was published and what of it the server has surely got. NATS confirms no message, but answers a ping after all
 * that came before it: one ping at a time is under way while something is not confirmed.
 */
export class Confirmations {
  /** Messages whose fate is not known. */
  lost = 0;
  #sent: Mark = { messages: 0, bytes: 0 };
  #confirmed: Mark = this.#sent;
  #round: Promise<void> | undefined;

  /** `connection` was handed a message. */
  sent(connection: NatsConnection, size: number): void {
    const { messages, bytes } = this.#sent;
    this.#sent = { messages: messages + 1, bytes: bytes + size };
    this.#round ??= this.#confirm(connection);
  }

  /** Undefined when more may be sent. */
  pressure(): Promise<void> | undefined {
    return this.#sent.bytes - this.#confirmed.bytes > MAX_UNCONFIRMED_BYTES ? this.#round : undefined;
  }

  /** Resolves when the server has all that was handed to `connection`; rejects when that is lost before. */
  async flush(connection: NatsConnection): Promise<void> {
    const mark = this.#sent;
    await connection.flush();
    // What was lost with another connection meanwhile is counted already.
    if (mark.messages > this.#confirmed.messages) this.#confirmed = mark;
  }

  /** The connection is lost: what was not confirmed is lost track of. Returns how many messages. */
  disconnected(): number {
    const messages = this.#sent.messages - this.#confirmed.messages;
    this.lost += messages;
    this.#confirmed = this.#sent;
    return messages;
  }

  async #confirm(connection: NatsConnection): Promise<void> {
    // The rest of this turn's messages goes with the same ping.
    await new Promise((resolve) => setImmediate(resolve));
    try {
      await this.flush(connection);
    } catch {
      // The connection was lost or is closed: `disconnected` counts what that means.
    }
    const more = this.#sent.messages > this.#confirmed.messages && !connection.isClosed();
    this.#round = more ? this.#confirm(connection) : undefined;
  }
}
