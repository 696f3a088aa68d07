import type { MicroError } from "@micro/core";
import { type Frame, FrameWriter } from "./frames.ts";
import { ReadBudget } from "./read-budget.ts";
import type { TransportContext } from "./settings.ts";

/** What the pipes of one side of one connection share. */
export class PipeShare {
  readonly context: TransportContext;
  /** Who says so in errors. */
  readonly id: string;
  readonly writer: FrameWriter;
  readonly budget: ReadBudget;
  /** Bytes that wait to be sent. */
  waiting = 0;

  constructor(context: TransportContext, id: string) {
    this.context = context;
    this.id = id;
    this.writer = new FrameWriter(context.settings);
    this.budget = new ReadBudget(context.settings.maxReadBuffer);
  }
}

/** What a pipe tells, never inside one of its own methods but `attach`. */
export interface PipeOwner {
  /** True while the reader has enough: nothing more is taken from the stream, and the peer's window closes. */
  readonly readerFull: boolean;
  /** A frame. */
  onFrame(frame: Frame): void;
  /** The peer has ended its direction, after whole frames. */
  onEnd(): void;
  /** The peer, or its bytes, broke both directions. */
  onBroken(reason: MicroError): void;
  /** The peer reads no more; what waits to be sent is dropped. */
  onStopped(): void;
  /** All that was sent has been taken. */
  onRoom(): void;
}
