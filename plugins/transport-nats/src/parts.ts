import { transportError } from "@micro/transport";
import type { Frame } from "./frames.ts";
import type { NatsSettings } from "./settings.ts";

interface Pieces {
  readonly bodies: Uint8Array[];
  bytes: number;
}

/** Puts bodies together that came in pieces. One that is over the limit is counted and not kept. */
export class Parts {
  readonly #maxMessageSize: number;
  readonly #maxConcurrent: number;
  readonly #pieces = new Map<number, Pieces>();

  constructor({ maxMessageSize, maxConcurrent }: Pick<NatsSettings, "maxMessageSize" | "maxConcurrent">) {
    this.#maxMessageSize = maxMessageSize;
    this.#maxConcurrent = maxConcurrent;
  }

  /** Throws `BAD_REQUEST` when the peer begins more messages than exchanges may run. */
  add({ id, body }: Frame): void {
    let pieces = this.#pieces.get(id);
    if (pieces === undefined) {
      if (this.#pieces.size >= this.#maxConcurrent) {
        throw transportError("BAD_REQUEST", "too many messages have come in part");
      }
      pieces = { bodies: [], bytes: 0 };
      this.#pieces.set(id, pieces);
    }
    pieces.bytes += body.length;
    if (pieces.bytes <= this.#maxMessageSize) pieces.bodies.push(body);
    else pieces.bodies.length = 0;
  }

  /** The whole body that ends with this frame, or the size of one that is too large. */
  whole({ id, body }: Frame): Uint8Array | number {
    const pieces = this.#pieces.size === 0 ? undefined : this.#pieces.get(id);
    const size = (pieces?.bytes ?? 0) + body.length;
    if (pieces !== undefined) this.#pieces.delete(id);
    if (size > this.#maxMessageSize) return size;
    return pieces === undefined ? body : Buffer.concat([...pieces.bodies, body]);
  }

  /** Its exchange is over. */
  forget(id: number): void {
    this.#pieces.delete(id);
  }
}
