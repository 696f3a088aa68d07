import { MicroError } from "./errors.ts";
import { failedAt, isExpected } from "./failed-step.ts";
import {
  DEFAULT_GRACE_MS,
  describeFailures,
  Grace,
  type Living,
  type StepFailure,
  startLimit,
  stopLate,
  unlessAborted,
} from "./lifecycle.ts";
import type { Logger } from "./logger.ts";
import type { Hooks, ServiceState, StopOptions } from "./service-types.ts";

/** What a {@link ServiceLife} is made from. */
export interface ServiceLifeOptions {
  /** Name of the service. */
  readonly name: string;
  readonly version: string;
  /** In the order of creation. */
  readonly living: readonly Living[];
  readonly hooks: (point: keyof Hooks) => readonly (() => Promise<void> | void)[];
  readonly startTimeoutMs: number;
  /** Aborted when stopping begins. */
  readonly abort: AbortController;
  readonly logger: () => Logger;
  /** The last step of stopping. */
  readonly dispose: () => Promise<void> | void;
}

/** How long a stop waits for the one start that is under way: its signal has told it to give up. */
const GIVE_UP_MS = 1000;

/** Starting and stopping of one service: each at most once, stopping possible at any time. */
export class ServiceLife {
  readonly #options: ServiceLifeOptions;
  readonly #started: Living[] = [];
  readonly #giveUp = new AbortController();
  readonly #grace = new Grace();
  #state: ServiceState = "created";
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  /** What starting does at the moment, for the error of one that takes too long. */
  #step = "starting";
  #underWay: { readonly living: Living; readonly settled: Promise<boolean> } | undefined;
  #stopReason: MicroError | undefined;

  constructor(options: ServiceLifeOptions) {
    this.#options = options;
  }

  get state(): ServiceState {
    return this.#state;
  }

  /** What a start that is interrupted by `stop` rejects with. */
  get interruption(): unknown {
    return this.#stopReason;
  }

  start(): Promise<void> {
    if (this.#starting === undefined && this.#state !== "created") {
      const detail = `service '${this.#options.name}' is ${this.#state}: create another one`;
      return Promise.reject(new MicroError({ code: "PRECONDITION_FAILED", id: this.#options.name, detail }));
    }
    this.#starting ??= this.#start();
    return this.#starting;
  }

  stop(options: StopOptions = {}): Promise<void> {
    this.#grace.shorten(options.graceMs ?? DEFAULT_GRACE_MS);
    if (this.#stopping === undefined) {
      const { name } = this.#options;
      // A hook may stop the service before `start` has returned.
      const wasStarted = this.#state !== "created";
      this.#state = "stopping";
      this.#stopReason = new MicroError({
        code: "CANCELLED",
        id: name,
        detail: `service '${name}' is stopping`,
      });
      // A turn later, so that whoever stops again from a listener of the signal finds this promise.
      this.#stopping = Promise.resolve().then(() => this.#stop(wasStarted));
      this.#giveUp.abort(this.#stopReason);
    }
    return this.#stopping;
  }

  async #start(): Promise<void> {
    this.#state = "starting";
    const { name, startTimeoutMs } = this.#options;
    const limit = startLimit(() => this.#step, { service: name, timeoutMs: startTimeoutMs });
    const tooLate = limit.controller.signal;
    tooLate.addEventListener("abort", () => this.#giveUp.abort(tooLate.reason), { once: true });
    try {
      await unlessAborted(this.#giveUp.signal, () => this.#startAll(this.#giveUp.signal));
    } catch (error) {
      this.#giveUp.abort(error);
      if (error !== this.#stopReason) this.#options.logger().debug(`service ${name} cannot start`, { error });
      // What stopping finds is reported beside what starting failed with.
      const failure = await this.stop().then(
        () => undefined,
        (reason: unknown) => ({ reason }),
      );
      if (failure === undefined) throw error;
      throw new AggregateError(
        [error, failure.reason],
        `service '${name}' failed to start (${MicroError.from(error).detail}) and to stop cleanly (${MicroError.from(failure.reason).detail})`,
      );
    } finally {
      limit.clear();
    }
    const { version } = this.#options;
    this.#options
      .logger()
      .info(() => `service ${name}${version === "latest" ? "" : ` ${version}`} is running`);
  }

  async #startAll(signal: AbortSignal): Promise<void> {
    await this.#startHooks("beforeStart", signal);
    for (const living of this.#options.living) {
      signal.throwIfAborted();
      this.#step = `starting '${living.name}'`;
      this.#started.push(living);
      const start = this.#startOne(living, signal);
      // True when it started, false when it failed: how it failed is the business of `start`.
      this.#underWay = {
        living,
        settled: start.then(
          () => true,
          () => false,
        ),
      };
      await start;
      this.#underWay = undefined;
    }
    signal.throwIfAborted();
    this.#state = "running";
    await this.#startHooks("afterStart", signal);
  }

  async #startOne({ name, life, section }: Living, signal: AbortSignal): Promise<void> {
    try {
      await life.start?.({ signal });
    } catch (error) {
      if (signal.aborted) this.#options.logger().debug(`'${name}' gave up starting`, { error });
      throw failedAt(`starting '${name}'`, error, { service: this.#options.name, section });
    }
  }

  async #startHooks(point: "beforeStart" | "afterStart", signal: AbortSignal): Promise<void> {
    for (const [index, hook] of this.#options.hooks(point).entries()) {
      signal.throwIfAborted();
      this.#step = `hook ${point}[${index}]`;
      try {
        await hook();
      } catch (error) {
        // A fault of the hook keeps its stack.
        if (signal.aborted || !isExpected(error)) throw error;
        throw failedAt(this.#step, error, { service: this.#options.name });
      }
    }
  }

  async #stop(wasStarted: boolean): Promise<void> {
    const { living, abort, dispose, name } = this.#options;
    const failures: StepFailure[] = [];
    const run = async (step: string, body: () => unknown): Promise<void> => {
      const failure = await this.#grace.step(step, body);
      if (failure !== undefined) failures.push(failure);
    };
    const hooks = async (point: "beforeStop" | "afterStop"): Promise<void> => {
      if (!wasStarted) return;
      for (const [index, hook] of this.#options.hooks(point).entries())
        await run(`hook ${point}[${index}]`, hook);
    };
    // Each step is told less than it gets, so that a part that keeps to its time is not the one that is too late.
    const graceMs = (): number => this.#grace.leftMs() * 0.75;

    failures.push(...(await this.#awaitStart()));
    await hooks("beforeStop");
    abort.abort(this.#stopReason);
    for (const { name: part, life } of [...this.#started].reverse())
      await run(`draining '${part}'`, () => life.drain?.({ graceMs: graceMs() }));
    for (const { name: part, life } of [...living].reverse())
      await run(`stopping '${part}'`, () => life.stop?.({ graceMs: graceMs() }));
    await hooks("afterStop");
    await run("disposing the container", dispose);
    this.#state = "stopped";
    if (failures.length === 0) return;
    throw new AggregateError(
      failures.map(({ error }) => error),
      `service '${name}' stopped with ${failures.length} failure(s): ${describeFailures(failures)}`,
    );
  }

  /** Nothing is stopped while it is being started; one that does not give up is stopped again when it has started. */
  async #awaitStart(): Promise<readonly StepFailure[]> {
    const underWay = this.#underWay;
    if (underWay === undefined) return [];
    const { living, settled } = underWay;
    const step = `waiting for '${living.name}' to give up starting`;
    const failure = await this.#grace.step(step, () => settled, { maxMs: GIVE_UP_MS });
    if (failure === undefined) return [];
    const logger = this.#options.logger();
    stopLate(settled, {
      name: living.name,
      life: (started) => (started === true ? living.life : undefined),
      logger,
    });
    return [failure];
  }
}
