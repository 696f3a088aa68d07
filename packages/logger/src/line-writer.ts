import type { Writable } from "node:stream";

/** Where the lines of a {@link LineWriter} end. */
export interface LineTarget {
  /** Whether it may work again after it lost lines. Where it does not, the first loss ends the writing. */
  readonly recovers: boolean;
  /** Writes lines, newlines included, and says how many of them were lost. Not called again before it said so. */
  write(lines: readonly string[], done: (lost: number) => void): void;
  /** The process ends now: writes at once what it can, behind what is under way. `lines` may be empty. */
  writeAtExit(lines: readonly string[]): void;
  /** Tells about failures that are not those of a write; the function returned ends that. */
  listen?(onFailure: () => void): (state: { readonly failed: boolean }) => void;
  /** Gives back what it holds; a later line takes it again. */
  close?(): Promise<void>;
}

/** What {@link LineWriter} takes. */
export interface LineWriterOptions {
  /** Characters of lines that wait while the target is busy; what does not fit is dropped and counted. */
  readonly maxWaiting: number;
  /** The line that reports drops, newline included. */
  readonly dropNotice: (lines: number) => string;
}

interface Waiter {
  /** Lines that must be written. */
  readonly upTo: number;
  readonly done: () => void;
}

/** Notices among the lines, and the drops they tell of: they must be told again when their batch is lost. */
interface Notices {
  readonly lines: number;
  readonly drops: number;
}

const NO_NOTICES: Notices = { lines: 0, drops: 0 };

/**
 * Writes lines to a target without ever waiting for it: the lines of one tick go out together, one such batch is
 * under way at a time, and a bounded number waits behind it. What is lost is counted, and told by a line of its own
 * as soon as lines pass again. A target that fails for good ends the writing quietly: its lines count as dropped.
 */
export class LineWriter {
  readonly #target: LineTarget;
  readonly #options: LineWriterOptions;
  #waiting: string[] = [];
  #waitingLength = 0;
  #notices = NO_NOTICES;
  #accepted = 0;
  #written = 0;
  #dropped = 0;
  #reported = 0;
  #busy = false;
  #scheduled: NodeJS.Immediate | undefined;
  /** The last batch lost lines: whether it works again shows the next one. */
  #losing = false;
  #failed = false;
  #unlisten: ((state: { readonly failed: boolean }) => void) | undefined;
  #attached = false;
  #stopped = false;
  #waiters: Waiter[] = [];

  constructor(target: LineTarget, options: LineWriterOptions) {
    this.#target = target;
    this.#options = options;
  }

  /** Lines lost so far: no room, or the target failed. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes a line, newline included. */
  write(line: string): void {
    if (this.#failed) {
      this.#dropped++;
      return;
    }
    // A line on its own always has room: otherwise a small bound would lose long lines even when nothing waits.
    if (this.#waiting.length > 0 && this.#waitingLength + line.length > this.#options.maxWaiting) {
      this.#dropped++;
      return;
    }
    this.#reportDrops();
    this.#enqueue(line);
  }

  /** Resolves when every line taken so far is written or lost, at the latest after `timeoutMs`. */
  flush({ timeoutMs }: { readonly timeoutMs: number }): Promise<void> {
    this.#reportDrops();
    if (this.#written >= this.#accepted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        resolve();
      };
      const waiter = { upTo: this.#accepted, done };
      const timer = setTimeout(() => {
        // A target that is stuck for good must not gather those who gave up waiting.
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        resolve();
      }, timeoutMs);
      this.#waiters.push(waiter);
      this.#pump();
    });
  }

  /** Flushes and lets go of the target and the process; later lines are still written. */
  async stop(options: { readonly timeoutMs: number }): Promise<void> {
    this.#stopped = true;
    await this.flush(options);
    if (this.#isIdle()) await this.#detach();
  }

  #reportDrops(): void {
    const lines = this.#dropped - this.#reported;
    if (lines === 0 || this.#failed || this.#losing || this.#waitingLength >= this.#options.maxWaiting)
      return;
    this.#reported = this.#dropped;
    this.#notices = { lines: this.#notices.lines + 1, drops: this.#notices.drops + lines };
    this.#enqueue(this.#options.dropNotice(lines));
  }

  #enqueue(line: string): void {
    this.#attach();
    this.#waiting.push(line);
    this.#waitingLength += line.length;
    this.#accepted++;
    if (!this.#busy) this.#scheduled ??= setImmediate(this.#pump);
  }

  readonly #pump = (): void => {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    if (this.#busy || this.#failed || this.#waiting.length === 0) return;
    this.#busy = true;
    const notices = this.#notices;
    const lines = this.#take();
    this.#target.write(lines, (lost) => {
      this.#busy = false;
      this.#written = Math.min(this.#accepted, this.#written + lines.length);
      this.#losing = lost > 0;
      if (this.#losing) this.#onLoss(lost, notices);
      else this.#reportDrops();
      this.#wake();
      this.#pump();
      if (this.#stopped && this.#isIdle()) void this.#detach();
    });
  };

  #onLoss(lost: number, notices: Notices): void {
    // What a lost notice told must be told again; the notice itself was nobody's line.
    this.#dropped += Math.max(0, lost - notices.lines);
    this.#reported -= notices.drops;
    if (!this.#target.recovers) this.#onFailure();
  }

  #take(): string[] {
    const batch = this.#waiting;
    this.#waiting = [];
    this.#waitingLength = 0;
    this.#notices = NO_NOTICES;
    return batch;
  }

  #wake(): void {
    const ready = this.#waiters.filter(({ upTo }) => upTo <= this.#written);
    this.#waiters = this.#waiters.filter(({ upTo }) => upTo > this.#written);
    for (const { done } of ready) done();
  }

  #isIdle(): boolean {
    return !this.#busy && this.#waiting.length === 0;
  }

  readonly #onFailure = (): void => {
    if (this.#failed) return;
    this.#failed = true;
    this.#dropped += this.#waiting.length;
    this.#take();
    this.#written = this.#accepted;
    this.#wake();
  };

  /** The process ends now: hand over what waits. */
  readonly #onExit = (): void => {
    if (!this.#failed && !this.#isIdle()) this.#target.writeAtExit(this.#take());
  };

  #attach(): void {
    if (this.#attached) return;
    this.#attached = true;
    this.#unlisten = this.#target.listen?.(this.#onFailure);
    addListener(process, "exit", this.#onExit);
  }

  async #detach(): Promise<void> {
    if (!this.#attached) return;
    this.#attached = false;
    removeListener(process, "exit", this.#onExit);
    this.#unlisten?.({ failed: this.#failed });
    await this.#target.close?.();
  }
}

/** A stream as a target. An error of it ends the writing. At exit files and terminals take all, a pipe what it has room for. */
export function streamTarget(stream: Writable): LineTarget {
  return {
    recovers: false,
    write: (lines, done) => {
      stream.write(lines.join(""), (error) => done(error ? lines.length : 0));
    },
    writeAtExit: (lines) => {
      if (lines.length > 0) stream.write(lines.join(""));
    },
    listen: (onFailure) => {
      addListener(stream, "error", onFailure);
      // A failed stream may emit its error after the callback, and again: somebody must listen, or the process dies.
      return ({ failed }) => {
        if (!failed) removeListener(stream, "error", onFailure);
      };
    },
  };
}

/** Many loggers on one stream are no leak: each makes room for its own listener, and takes the room away again. */
function addListener(emitter: NodeJS.EventEmitter, event: string, listener: () => void): void {
  changeRoom(emitter, 1);
  emitter.on(event, listener);
}

function removeListener(emitter: NodeJS.EventEmitter, event: string, listener: () => void): void {
  emitter.removeListener(event, listener);
  changeRoom(emitter, -1);
}

function changeRoom(emitter: NodeJS.EventEmitter, by: number): void {
  const room = emitter.getMaxListeners();
  if (room > 0) emitter.setMaxListeners(room + by);
}
