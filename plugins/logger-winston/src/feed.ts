import type { Writable } from "node:stream";
import { type Info, MESSAGE } from "./info.ts";

/** What {@link Feed} takes. */
export interface FeedOptions {
  /** Characters of lines that wait while the target is busy; what does not fit is dropped and counted. */
  readonly maxWaiting: number;
  /** The info that reports drops. */
  readonly dropNotice: (lines: number) => Info;
  /** Told once when the target fails, and once when it is too slow. */
  readonly onError: (text: string) => void;
  /** What the target is called in that text. */
  readonly name: string;
}

interface Waiting {
  readonly info: Info;
  readonly length: number;
}

/**
 * Hands infos to a winston logger or transport that somebody else made, never waiting for it: a bounded number waits,
 * and what does not fit is counted and reported. Its errors end nothing. It gets one info at a time: of several that
 * queue in a winston transport it says at once that they are done.
 */
export class Feed {
  readonly #target: Writable;
  readonly #options: FeedOptions;
  #waiting: Waiting[] = [];
  #waitingLength = 0;
  #busy = false;
  #dropped = 0;
  #reported = 0;
  /** The last info was lost: whether the target works again shows the next one. */
  #losing = false;
  #broken = false;
  #saidError = false;
  #saidSlow = false;
  #attached = false;
  #listening = false;
  #stopped = false;
  #idle: (() => void)[] = [];

  constructor(target: Writable, options: FeedOptions) {
    this.#target = target;
    this.#options = options;
  }

  /** Takes an info. */
  write(info: Info): void {
    if (this.#broken) {
      this.#dropped++;
      return;
    }
    this.#attach();
    if (!this.#busy) {
      this.#send(info);
      return;
    }
    const length = lengthOf(info);
    if (this.#waiting.length > 0 && this.#waitingLength + length > this.#options.maxWaiting) {
      this.#dropped++;
      this.#onSlow();
      return;
    }
    this.#waiting.push({ info, length });
    this.#waitingLength += length;
  }

  /** Resolves when the target said of every info so far that it is done, at the latest after `timeoutMs`. */
  flush({ timeoutMs }: { readonly timeoutMs: number }): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        // A target that is stuck for good must not gather those who gave up waiting.
        this.#idle = this.#idle.filter((other) => other !== done);
        resolve();
      }, timeoutMs);
      this.#idle.push(done);
    });
  }

  /** Flushes, and with `end` ends the target and waits until it has finished. */
  async stop({ timeoutMs, end }: { readonly timeoutMs: number; readonly end: boolean }): Promise<void> {
    const until = performance.now() + timeoutMs;
    await this.flush({ timeoutMs });
    this.#stopped = true;
    if (end && !this.#broken) {
      this.#broken = true;
      await finished(this.#target, Math.max(0, until - performance.now()));
    }
    this.#detachIfIdle();
  }

  #isIdle(): boolean {
    return !this.#busy && (this.#waiting.length === 0 || this.#broken);
  }

  /** `drops`: how many a notice tells of; when it is lost they must be told again. */
  #send(info: Info, drops = 0): void {
    this.#busy = true;
    let isDone = false;
    try {
      this.#target.write(info, (error) => {
        isDone = true;
        this.#busy = false;
        this.#losing = Boolean(error);
        if (error) {
          if (drops > 0) this.#reported -= drops;
          else this.#dropped++;
          this.#onError(error);
        }
        this.#next();
      });
    } catch (error) {
      this.#dropped++;
      this.#onError(error);
      if (!isDone && this.#target.writableLength > 0) this.#onStuck();
    }
  }

  /** A transport that threw in the middle of a write stays there; after a format that threw its callback has come or comes. */
  #onStuck(): void {
    this.#busy = false;
    this.#broken = true;
    this.#dropped += this.#waiting.length;
    this.#waiting = [];
    this.#wakeIfIdle();
  }

  #next(): void {
    if (!this.#broken) this.#reportDrops();
    // What was told of drops is under way now, and comes back here.
    if (!this.#broken && !this.#busy) {
      const first = this.#waiting.shift();
      if (first !== undefined) {
        this.#waitingLength -= first.length;
        this.#send(first.info);
      }
    }
    this.#wakeIfIdle();
  }

  #reportDrops(): void {
    const lines = this.#dropped - this.#reported;
    if (lines === 0 || this.#losing) return;
    this.#reported = this.#dropped;
    this.#send(this.#options.dropNotice(lines), lines);
  }

  #wakeIfIdle(): void {
    if (!this.#isIdle()) return;
    for (const done of this.#idle.splice(0)) done();
    this.#detachIfIdle();
  }

  readonly #onError = (error: unknown): void => {
    if (this.#saidError) return;
    this.#saidError = true;
    const text = error instanceof Error ? error.message : String(error);
    this.#options.onError(`the ${this.#options.name} failed, lines may be lost: ${text}`);
  };

  /** One that is stuck can be told nothing: so it is said elsewhere too. */
  #onSlow(): void {
    if (this.#saidSlow) return;
    this.#saidSlow = true;
    this.#options.onError(`the ${this.#options.name} is too slow for logger.buffer, lines are lost`);
  }

  /** The process ends now: hand over what waits. */
  readonly #onExit = (): void => {
    if (this.#broken) return;
    for (const { info } of this.#waiting.splice(0)) this.#send(info);
  };

  #attach(): void {
    if (!this.#listening) {
      this.#listening = true;
      changeRoom(this.#target, 1);
      this.#target.on("error", this.#onError);
    }
    if (this.#attached) return;
    this.#attached = true;
    changeRoom(process, 1);
    process.on("exit", this.#onExit);
  }

  #detachIfIdle(): void {
    if (!this.#stopped || !this.#attached || !this.#isIdle()) return;
    this.#attached = false;
    process.removeListener("exit", this.#onExit);
    changeRoom(process, -1);
    // Who failed or was ended may go on telling errors: somebody must listen, or the process dies.
    if (this.#saidError || this.#broken) return;
    this.#listening = false;
    this.#target.removeListener("error", this.#onError);
    changeRoom(this.#target, -1);
  }
}

function lengthOf(info: Info): number {
  const text = info[MESSAGE];
  return typeof text === "string" ? text.length : JSON.stringify(info).length;
}

function finished(target: Writable, timeoutMs: number): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, timeoutMs);
    const stop = () => {
      clearTimeout(timer);
      done();
    };
    target.once("finish", stop);
    target.once("error", stop);
    target.end();
  });
}

function changeRoom(emitter: NodeJS.EventEmitter, by: number): void {
  const room = emitter.getMaxListeners();
  if (room > 0) emitter.setMaxListeners(room + by);
}
