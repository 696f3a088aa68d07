import type { NatsLink } from "@micro/nats";
import { overPayload } from "./errors.ts";
import { EMPTY, FRAME_BYTES, Kind, MAGIC } from "./frames.ts";

/** What an {@link Outbox} is made of. */
export interface OutboxOptions {
  readonly link: NatsLink;
  /** Whether what is larger than the server's `max_payload` goes in pieces. */
  readonly chunking: boolean;
  /** Hands a message of NATS to the link; `count` is its number, from 1. May throw. */
  readonly publish: (payload: Uint8Array, count: number) => void;
  /** `publish` threw: what was in that message, and all that comes after, is not sent. */
  readonly onError: (error: Error) => void;
}

interface Waiting {
  readonly kind: number;
  readonly id: number;
  readonly head: string;
  readonly headBytes: number;
  readonly body: Uint8Array;
}

/** Frames that go together, so that many calls at once do not cost a message of NATS each; more begin the next one. */
const FULL_BYTES = 32 * 1024;

/** Collects the frames that one turn of the event loop sends to one peer, and publishes them as one message. */
export class Outbox {
  readonly #options: OutboxOptions;
  #waiting: Waiting[] = [];
  #bytes = 1;
  #scheduled = false;
  #published = 0;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Messages of NATS that were published. */
  get published(): number {
    return this.#published;
  }

  /**
   * Takes a frame; returns the number of the message that it ends in. The body must not change until the next turn.
   * Throws `RESOURCE_EXHAUSTED` with the server's limit, before anything is sent, for one that does not fit.
   */
  frame(kind: number, id: number, head = "", body: Uint8Array = EMPTY): number {
    const { link, chunking } = this.#options;
    const headBytes = head === "" ? 0 : Buffer.byteLength(head);
    const size = FRAME_BYTES + headBytes + body.length;
    const room = link.maxPayload - 1;
    let rest = body;
    if (size > room) {
      const most = room - FRAME_BYTES - headBytes;
      if (!chunking || most <= 0) {
        const advice = chunking ? "its header alone is" : "send less, or set transport.chunking";
        throw overPayload(size, link.maxPayload, { advice });
      }
      // Whole messages of the server's size, then what is left with the frame itself.
      while (rest.length > most) {
        const piece = rest.subarray(0, room - FRAME_BYTES);
        this.#add({ kind: Kind.part, id, head: "", headBytes: 0, body: piece });
        rest = rest.subarray(piece.length);
      }
    }
    this.#add({ kind, id, head, headBytes, body: rest });
    this.#schedule();
    return this.#published + 1;
  }

  /** Publishes what waits, now. */
  flush(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    const payload = Buffer.allocUnsafe(this.#bytes);
    payload[0] = MAGIC;
    let at = 1;
    for (const { kind, id, head, headBytes, body } of waiting) {
      payload[at] = kind;
      payload.writeUInt32BE(id, at + 1);
      payload.writeUInt32BE(headBytes, at + 5);
      payload.writeUInt32BE(body.length, at + 9);
      at += FRAME_BYTES;
      at += payload.write(head, at, headBytes === head.length ? "latin1" : "utf8");
      payload.set(body, at);
      at += body.length;
    }
    this.#waiting = [];
    this.#bytes = 1;
    try {
      this.#options.publish(payload, this.#published + 1);
    } catch (error) {
      this.#options.onError(error as Error);
      return;
    }
    this.#published++;
  }

  /** Drops what waits. */
  discard(): void {
    this.#waiting = [];
    this.#bytes = 1;
  }

  #add(frame: Waiting): void {
    const size = FRAME_BYTES + frame.headBytes + frame.body.length;
    const full = Math.min(FULL_BYTES, this.#options.link.maxPayload);
    if (this.#waiting.length > 0 && this.#bytes + size > full) this.flush();
    this.#waiting.push(frame);
    this.#bytes += size;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // After all that this turn's promises still add: a tick asked for by a microtask comes after the last of them.
    queueMicrotask(() =>
      process.nextTick(() => {
        this.#scheduled = false;
        this.flush();
      }),
    );
  }
}
