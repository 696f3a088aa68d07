import { MicroError } from "@micro/core";
import { type TransportMessage, tooLarge, transportError, unavailable } from "@micro/transport";
import type { QuicStream, QuicStreamHandler } from "./driver.ts";
import { type Frame, type FrameKind, FrameReader, StreamCode } from "./frames.ts";
import type { PipeOwner, PipeShare } from "./pipe-share.ts";
import type { BudgetWaiter } from "./read-budget.ts";

const EMPTY = new Uint8Array(0);

/** One QUIC stream as frames, in both directions. */
export class FramePipe implements QuicStreamHandler, BudgetWaiter {
  readonly #share: PipeShare;
  readonly #owner: PipeOwner;
  readonly #reader: FrameReader;
  #stream: QuicStream | undefined;
  /** Taken apart and not handed over yet. */
  #frames: Frame[] = [];
  readonly #pieces: Uint8Array[] = [];
  #waiting = 0;
  #end: "open" | "wanted" | "written" = "open";
  #budgeted = 0;
  #parked = false;
  #readOver = false;
  #pumping = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(share: PipeShare, owner: PipeOwner) {
    this.#share = share;
    this.#owner = owner;
    this.#reader = new FrameReader(share.context.settings, (frame) => this.#frames.push(frame));
  }

  /** The stream that it runs on. What was sent before goes out now. */
  attach(stream: QuicStream): void {
    this.#stream = stream;
    stream.handler = this;
    this.onWritable();
  }

  /** False once nothing is to be sent any more: given up, or all of it taken. */
  get wanted(): boolean {
    return this.#end !== "written";
  }

  /** Bytes that wait to be sent. */
  get waiting(): number {
    return this.#waiting;
  }

  /** False while the stream has not taken all of what was sent: the peer cannot have seen the end of it. */
  get handed(): boolean {
    return this.#stream !== undefined && this.#waiting === 0;
  }

  /** Sends a frame, and the end behind it. Throws before anything is sent when it cannot be. */
  send(kind: FrameKind, message: TransportMessage, end: boolean): void {
    const { maxMessageSize, maxWriteBuffer } = this.#share.context.settings;
    const { body } = message;
    const { id } = this.#share;
    if (body.length > maxMessageSize) throw tooLarge(body.length, maxMessageSize, { notSent: true, id });
    if (this.#share.waiting + body.length > maxWriteBuffer) {
      const detail = `the peer does not keep up: more than transport.max_write_buffer, ${maxWriteBuffer} bytes, wait for it`;
      throw transportError("RESOURCE_EXHAUSTED", detail, { notSent: true, id });
    }
    for (const piece of this.#share.writer.write(kind, message)) {
      this.#pieces.push(piece);
      this.#count(piece.length);
    }
    if (end) this.#end = "wanted";
    this.#flush();
  }

  /** No more from here. */
  end(): void {
    if (this.#end !== "open") return;
    this.#end = "wanted";
    this.#flush();
  }

  /** Gives both directions up. */
  abort(code: number): void {
    this.#drop();
    if (this.#end !== "written") this.#stream?.reset(code);
    this.#end = "written";
    this.stop(code);
  }

  /** Reads no more. */
  stop(code: number): void {
    if (this.#readOver) return;
    this.#endRead();
    this.#stream?.stop(code);
  }

  /** The reader may have room again. */
  resume(): void {
    this.#pump();
  }

  /** The connection is over. */
  close(): void {
    this.#drop();
    this.#end = "written";
    this.#endRead();
  }

  // ---- writing ----

  #flush(): void {
    const stream = this.#stream;
    if (stream === undefined) return;
    let piece = this.#pieces[0];
    while (piece !== undefined) {
      const withEnd = this.#end === "wanted" && this.#pieces.length === 1;
      const taken = stream.write(piece, withEnd);
      this.#count(-taken);
      if (taken < piece.length) {
        this.#pieces[0] = piece.subarray(taken);
        return;
      }
      if (withEnd) this.#end = "written";
      this.#pieces.shift();
      piece = this.#pieces[0];
    }
    if (this.#end !== "wanted") return;
    this.#end = "written";
    stream.write(EMPTY, true);
  }

  #count(bytes: number): void {
    this.#waiting += bytes;
    this.#share.waiting += bytes;
  }

  #drop(): void {
    this.#count(-this.#waiting);
    this.#pieces.length = 0;
  }

  onWritable(): void {
    this.#flush();
    if (this.#waiting === 0) this.#owner.onRoom();
  }

  onStopped(): void {
    this.#drop();
    this.#end = "written";
    this.#owner.onStopped();
  }

  // ---- reading ----

  onReadable(): void {
    this.#pump();
  }

  onBudget(): void {
    this.#parked = false;
    this.#pump();
  }

  onReset(code: number): void {
    this.#break(unavailable(resetText(code), { id: this.#share.id }), code);
  }

  #pump(): void {
    // The owner, told of a frame, may ask to go on: the loop below does.
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#mayRead() && this.#readSome()) this.#handOver();
    } finally {
      this.#pumping = false;
    }
    this.#watch();
  }

  #mayRead(): boolean {
    return !this.#readOver && !this.#owner.readerFull && this.#stream !== undefined && this.#fits();
  }

  /** Whether the message that comes may be held. */
  #fits(): boolean {
    const bytes = this.#reader.bodyBytes;
    if (this.#parked) return false;
    if (bytes === this.#budgeted) return true;
    this.#giveBack();
    if (bytes > 0 && !this.#share.budget.take(bytes, this)) {
      this.#parked = true;
      return false;
    }
    this.#budgeted = bytes;
    return true;
  }

  #giveBack(): void {
    const bytes = this.#budgeted;
    this.#budgeted = 0;
    if (bytes > 0) this.#share.budget.give(bytes);
  }

  /** False when there is nothing to read now, or any more. */
  #readSome(): boolean {
    const stream = this.#stream as QuicStream;
    const { scratch } = this.#share.context;
    const target = this.#reader.target;
    const direct = target !== undefined && target.length > scratch.length / 2 ? target : undefined;
    const length = stream.read(direct ?? scratch);
    if (length > 0) {
      if (direct !== undefined) this.#reader.filled(length);
      else return this.#take(scratch.subarray(0, length));
      return true;
    }
    if (length < 0) this.#onEnd();
    return false;
  }

  #take(chunk: Uint8Array): boolean {
    try {
      this.#reader.read(chunk);
      return true;
    } catch (error) {
      // What stood before it in the same piece is as good as any.
      this.#handOver();
      const reason = MicroError.from(error, { id: this.#share.id });
      this.#break(reason, reason.code === "RESOURCE_EXHAUSTED" ? StreamCode.limit : StreamCode.protocol);
      return false;
    }
  }

  #handOver(): void {
    if (this.#frames.length === 0) return;
    const frames = this.#frames;
    this.#frames = [];
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const frame of frames) if (!this.#readOver) this.#owner.onFrame(frame);
  }

  #onEnd(): void {
    const { partial } = this.#reader;
    this.#endRead();
    if (!partial) this.#owner.onEnd();
    else {
      const detail = "the peer ended a stream in the middle of a message";
      this.#break(unavailable(detail, { id: this.#share.id }), StreamCode.protocol);
    }
  }

  #endRead(): void {
    this.#readOver = true;
    clearTimeout(this.#timer);
    this.#share.budget.leave(this);
    this.#giveBack();
  }

  #break(reason: MicroError, code: number): void {
    this.#endRead();
    this.#owner.onBroken(reason);
    this.#stream?.stop(code);
  }

  /** A message that has begun must go on to come, while anybody takes it. */
  #watch(): void {
    if (!this.#reader.partial || this.#readOver || this.#parked || this.#owner.readerFull) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      return;
    }
    if (this.#timer !== undefined) return;
    const { readTimeout } = this.#share.context.settings;
    this.#timer = setTimeout(() => {
      const detail = `the rest of a message did not come within transport.read_timeout, ${readTimeout} ms`;
      this.#break(transportError("TIMEOUT", detail, { id: this.#share.id }), StreamCode.timeout);
    }, readTimeout).unref();
  }
}

function resetText(code: number): string {
  if (code === StreamCode.limit) return "the peer gave the exchange up: over one of its limits";
  if (code === StreamCode.timeout) return "the peer gave the exchange up: a message took too long to come";
  if (code === StreamCode.protocol) return "the peer gave the exchange up: the framing was broken";
  return "the peer gave the exchange up";
}
