import {
  CreditStream,
  type StreamPort,
  type TransportMessage,
  tooLarge,
  transportError,
} from "@micro/transport";
import { type Frame, Kind, readHeader, readNumbers, writeHeader } from "./frames.ts";
import { Outbox } from "./outbox.ts";
import { Parts } from "./parts.ts";
import { Room } from "./room.ts";
import type { TransportContext } from "./settings.ts";

/** What a {@link MuxEnd} is made of. */
export interface MuxEndOptions {
  readonly context: TransportContext;
  /** Who says so in its errors. */
  readonly id: string;
  /** True for the end that dialled. */
  readonly dialled: boolean;
  /** See {@link Outbox}. */
  readonly publish: (payload: Uint8Array, count: number) => void;
  readonly onError: (error: Error) => void;
  /** A stream is over. */
  readonly onOver: () => void;
}

/** What both ends of a session between our own peers do alike: frames out, messages in, streams. */
export class MuxEnd implements StreamPort {
  readonly streams = new Map<number, CreditStream>();
  readonly #options: MuxEndOptions;
  readonly #outbox: Outbox;
  readonly #parts: Parts;
  readonly #room: Room;
  #closed = false;

  constructor(options: MuxEndOptions) {
    const { context, publish, onError } = options;
    const { link, settings } = context;
    this.#options = options;
    this.#parts = new Parts(settings);
    this.#outbox = new Outbox({ link, chunking: settings.chunking, publish, onError });
    this.#room = new Room(link, () => {
      for (const stream of this.streams.values()) stream.room();
    });
  }

  /** Messages of NATS that were published. */
  get published(): number {
    return this.#outbox.published;
  }

  /** Says a frame without a body. */
  control(kind: number, id: number, head = ""): void {
    if (!this.#closed) this.#outbox.frame(kind, id, head);
  }

  /** Sends a message; returns the number of the message of NATS that it goes with. Throws for one that cannot be sent. */
  send(kind: number, id: number, message: TransportMessage): number {
    const { context, id: who } = this.#options;
    const { link, settings } = context;
    const { header, body } = message;
    const { maxMessageSize, maxWriteBuffer } = settings;
    if (body.length > maxMessageSize) {
      throw tooLarge(body.length, maxMessageSize, { notSent: true, id: who });
    }
    if (link.unconfirmedBytes + body.length > maxWriteBuffer) {
      const detail = `NATS does not keep up: more than transport.max_write_buffer, ${maxWriteBuffer} bytes, wait for it`;
      throw transportError("RESOURCE_EXHAUSTED", detail, { notSent: true, id: who });
    }
    const head = writeHeader(header, settings);
    return this.#closed ? Number.POSITIVE_INFINITY : this.#outbox.frame(kind, id, head, body);
  }

  /** Publishes what waits, now. */
  flush(): void {
    this.#outbox.flush();
  }

  /** Drops what waits. */
  discard(): void {
    this.#outbox.discard();
  }

  /** Says `last`, when given, and nothing more. */
  close(last?: number): void {
    if (this.#closed) return;
    if (last === undefined) this.#outbox.discard();
    else {
      this.control(last, 0);
      this.#outbox.flush();
    }
    this.#closed = true;
  }

  /** A stream with this number. */
  open(id: number, sendWindow: number): CreditStream {
    const { context, dialled } = this.#options;
    const stream = new CreditStream(this, {
      id: `${id}`,
      stream: `${id}`,
      sendWindow,
      receiveWindow: context.settings.streamWindow,
      strict: true,
      dialled,
      maxWriteBuffer: context.settings.maxWriteBuffer,
    });
    this.streams.set(id, stream);
    return stream;
  }

  /** Breaks all streams. */
  breakAll(reason: Error): void {
    for (const stream of this.streams.values()) stream.break(reason);
  }

  // ---- what comes ----

  /** The message that ends with this frame. Throws `RESOURCE_EXHAUSTED` for one over the limits. */
  whole(frame: Frame): TransportMessage {
    const { context, id } = this.#options;
    const { settings } = context;
    const body = this.#parts.whole(frame);
    if (typeof body === "number") throw tooLarge(body, settings.maxMessageSize, { id });
    return { header: readHeader(frame.head, settings), body };
  }

  /** Drops the pieces of a message that nobody waits for. */
  forget(id: number): void {
    this.#parts.forget(id);
  }

  /** Takes a frame that means the same at both ends; false for another one. Throws `BAD_REQUEST` for a breach. */
  take(frame: Frame): boolean {
    const { kind, id, head } = frame;
    switch (kind) {
      case Kind.part:
        this.#parts.add(frame);
        return true;
      case Kind.credit:
        this.streams.get(id)?.grant(readNumbers(head, 1)?.[0] ?? 0);
        return true;
      case Kind.end:
        this.streams.get(id)?.peerEnd();
        return true;
      case Kind.ping:
        this.control(Kind.pong, 0);
        return true;
      case Kind.pong:
        return true;
      default:
        return false;
    }
  }

  /** Hands a message to its stream. Throws `BAD_REQUEST` when the peer had no credit for it. */
  deliver(stream: CreditStream, message: TransportMessage): void {
    if (stream.deliver(message)) return;
    const detail = `the peer sent more on stream ${stream.id} than it was given credit for`;
    throw transportError("BAD_REQUEST", detail);
  }

  // ---- what its streams need ----

  get full(): boolean {
    return this.#room.full;
  }

  message(stream: CreditStream, message: TransportMessage): void {
    this.send(Kind.message, Number(stream.id), message);
    this.#room.watch();
  }

  end(stream: CreditStream): void {
    // The server has never heard of a stream without a message, so it will not end its side either.
    if (!stream.begun) stream.peerEnd();
    else this.control(Kind.end, Number(stream.id));
  }

  cancel(stream: CreditStream): void {
    if (stream.begun) this.control(Kind.cancel, Number(stream.id));
  }

  taken(stream: CreditStream, bytes: number): void {
    const credit = stream.owe(bytes);
    if (credit > 0) this.control(Kind.credit, Number(stream.id), `${credit}`);
  }

  over(stream: CreditStream, unread: boolean): void {
    const id = Number(stream.id);
    if (unread && this.#options.dialled) this.cancel(stream);
    else if (unread) this.control(Kind.stop, id);
    this.streams.delete(id);
    this.#parts.forget(id);
    this.#options.onOver();
  }
}
