import type { InjectionToken } from "tsyringe";
import type { AnyComponent } from "./component.ts";
import { isComponent } from "./component.ts";
import type { ResolvedConfig } from "./config/resolve.ts";
import { configTree, type Explanation, explainConfig } from "./config/show.ts";
import type { Container } from "./container.ts";
import { MicroError } from "./errors.ts";
import { bounded, type Living, runAll, type StepFailure } from "./lifecycle.ts";
import { type Logger, nullLogger } from "./logger.ts";
import type { ServiceScope } from "./plugin.ts";
import type { Hook, Hooks, ServiceCore, ServiceState, StopOptions } from "./service-types.ts";
import { waitForSignals } from "./signals.ts";
import type { Wired } from "./wiring.ts";

/** What a {@link RunningService} is made from. */
export interface RunningServiceOptions {
  readonly scope: Omit<ServiceScope, "logger">;
  readonly config: ResolvedConfig;
  readonly wired: Wired;
  readonly container: Container;
  /** Aborted when stopping begins. */
  readonly abort: AbortController;
  readonly startTimeoutMs: number;
  readonly hooks: Hooks<never>;
  /** Components that are switched off, with who did it. */
  readonly off: ReadonlyMap<string, string>;
  /** Stops the service when it aborts. */
  readonly signal?: AbortSignal;
}

const DEFAULT_GRACE_MS = 10_000;

/** A wired service and its life. */
export class RunningService implements ServiceCore {
  readonly #options: RunningServiceOptions;
  readonly #started: Living[] = [];
  #state: ServiceState = "created";
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #graceEnd = Number.POSITIVE_INFINITY;

  constructor(options: RunningServiceOptions) {
    this.#options = options;
    for (const [name, instance] of options.wired.components) {
      if (!options.off.has(name)) Object.defineProperty(this, name, { value: instance, enumerable: true });
    }
    for (const [name, where] of options.off) {
      Object.defineProperty(this, name, {
        get: (): never => {
          throw new MicroError({
            code: "PRECONDITION_FAILED",
            id: this.name,
            detail: `component '${name}' is switched off by ${where}`,
          });
        },
      });
    }
    const { signal } = options;
    if (signal?.aborted) this.#stopInBackground();
    else
      signal?.addEventListener("abort", () => this.#stopInBackground(), { once: true, signal: this.signal });
  }

  get name(): string {
    return this.#options.scope.name;
  }

  get version(): string {
    return this.#options.scope.version;
  }

  get state(): ServiceState {
    return this.#state;
  }

  get signal(): AbortSignal {
    return this.#options.abort.signal;
  }

  get container(): Container {
    return this.#options.container;
  }

  resolve<T>(wanted: AnyComponent | (new (...parameters: never[]) => T)): T {
    const token = isComponent(wanted) ? wanted.token : wanted;
    if (isComponent(wanted) && !this.container.isRegistered(token as InjectionToken)) {
      throw new MicroError({
        code: "NOT_FOUND",
        id: this.name,
        detail: `service '${this.name}' has no component '${wanted.name}': list a plugin for it`,
      });
    }
    return this.container.resolve<T>(token as InjectionToken<T>);
  }

  start(): Promise<void> {
    if (this.#state !== "created") {
      return (
        this.#starting ??
        Promise.reject(
          new MicroError({
            code: "PRECONDITION_FAILED",
            id: this.name,
            detail: `service '${this.name}' is ${this.#state}: create another one`,
          }),
        )
      );
    }
    this.#starting = this.#start();
    return this.#starting;
  }

  async run(): Promise<void> {
    const signals = waitForSignals({
      onFirst: () => this.#stopInBackground(),
      onSecond: () => this.#forceStop(),
    });
    try {
      await this.start();
      if (!this.signal.aborted) {
        await new Promise<void>((resolve) =>
          this.signal.addEventListener("abort", () => resolve(), { once: true }),
        );
      }
      await this.stop();
    } finally {
      signals.release();
    }
  }

  stop(options: StopOptions = {}): Promise<void> {
    const end = performance.now() + (options.graceMs ?? DEFAULT_GRACE_MS);
    // A later stop may shorten the time, never lengthen it.
    this.#graceEnd = Math.min(this.#graceEnd, end);
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  explain(): readonly Explanation[] {
    return explainConfig(this.#options.config);
  }

  async dumpConfig(format: "yaml" | "json" = "yaml"): Promise<string> {
    const tree = configTree(this.#options.config);
    if (format === "json") return `${JSON.stringify(tree, null, 2)}\n`;
    const { dump } = await import("js-yaml");
    return dump(tree, { sortKeys: true, noRefs: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  get #logger(): Logger {
    return (this.#options.wired.components.get("logger") as Logger | undefined) ?? nullLogger;
  }

  async #start(): Promise<void> {
    this.#state = "starting";
    const starting = new AbortController();
    const give = (): void => starting.abort(this.signal.reason);
    this.signal.addEventListener("abort", give, { once: true });
    try {
      await bounded("starting", this.#options.startTimeoutMs, async () => {
        await this.#runHooks("beforeStart");
        for (const living of this.#options.wired.living) {
          starting.signal.throwIfAborted();
          this.#started.push(living);
          await this.#startOne(living, starting.signal);
        }
        this.#state = "running";
        await this.#runHooks("afterStart");
      });
      this.#logger.info(() => `service ${this.name} ${this.version} is running`);
    } catch (error) {
      starting.abort(error);
      this.#starting = undefined;
      // What stopping finds is reported beside what starting failed with.
      const failures = await this.stop().then(
        () => [],
        (reason: unknown) => [reason],
      );
      throw failures.length === 0
        ? error
        : new AggregateError(
            [error, ...failures],
            `service '${this.name}' failed to start and to stop cleanly`,
          );
    } finally {
      this.signal.removeEventListener("abort", give);
    }
  }

  async #startOne({ name, life }: Living, signal: AbortSignal): Promise<void> {
    try {
      await life.start?.({ signal });
    } catch (error) {
      const { code, detail } = MicroError.from(error);
      throw new MicroError({ code, id: this.name, detail: `starting '${name}': ${detail}`, cause: error });
    }
  }

  async #runHooks(point: keyof Hooks): Promise<void> {
    for (const hook of this.#hooks(point)) await hook(this as never);
  }

  #hooks(point: keyof Hooks): readonly Hook<never>[] {
    const hooks = this.#options.hooks[point];
    return hooks === undefined ? [] : typeof hooks === "function" ? [hooks] : hooks;
  }

  async #stop(): Promise<void> {
    const wasStarted = this.#state === "running" || this.#state === "starting";
    this.#state = "stopping";
    const left = (): number => Math.max(0, this.#graceEnd - performance.now());
    // Each step may use what is left, but a little is kept back for those after it.
    const share = (): number => left() * 0.8 + 50;
    const backwards = [...this.#started].reverse();
    const failures: StepFailure[] = [];
    const hookSteps = (point: "beforeStop" | "afterStop") =>
      this.#hooks(point).map((hook, index) => ({
        name: `hook ${point}[${index}]`,
        run: () => hook(this as never),
      }));

    if (wasStarted) failures.push(...(await runAll(hookSteps("beforeStop"), share)));
    this.#options.abort.abort(
      new MicroError({ code: "CANCELLED", id: this.name, detail: `service '${this.name}' is stopping` }),
    );
    const drains = backwards.map(({ name, life }) => ({
      name: `draining '${name}'`,
      run: () => life.drain?.({ graceMs: left() * 0.8 }),
    }));
    failures.push(...(await runAll(drains, share)));
    const all = wasStarted ? backwards : [...this.#options.wired.living].reverse();
    const stops = all.map(({ name, life }) => ({
      name: `stopping '${name}'`,
      run: () => life.stop?.({ graceMs: left() * 0.8 }),
    }));
    failures.push(...(await runAll(stops, share)));
    if (wasStarted) failures.push(...(await runAll(hookSteps("afterStop"), share)));
    await this.container.dispose();
    this.#state = "stopped";
    if (failures.length > 0) {
      throw new AggregateError(
        failures.map(({ error }) => error),
        `service '${this.name}' stopped with ${failures.length} failure(s): ${failures.map(({ step, error }) => `${step}: ${MicroError.from(error).detail}`).join("; ")}`,
      );
    }
  }

  #stopInBackground(): void {
    // `run` awaits the same promise and reports; without `run` the logger is all there is.
    this.stop().catch((error: unknown) => this.#logger.error("stopping failed", { error }));
  }

  #forceStop(): void {
    this.#logger.warn(`second signal: service ${this.name} stops without waiting for running calls`);
    this.stop({ graceMs: 0 }).catch((error: unknown) => this.#logger.error("forced stop", { error }));
  }
}
