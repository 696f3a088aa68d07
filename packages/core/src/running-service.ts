import type { InjectionToken } from "tsyringe";
import { type AnyComponent, isComponent } from "./component.ts";
import type { ResolvedConfig } from "./config/resolve.ts";
import { dumpedConfig, type Explanation, explainConfig } from "./config/show.ts";
import type { Container } from "./container.ts";
import { MicroError } from "./errors.ts";
import { type Logger, nullLogger } from "./logger.ts";
import type { ServiceScope } from "./plugin.ts";
import { ServiceLife } from "./service-life.ts";
import type { Hook, Hooks, ServiceCore, ServiceState, StopOptions } from "./service-types.ts";
import { waitForSignals } from "./signals.ts";
import type { Wired } from "./wiring.ts";

/** What a {@link RunningService} is made from. */
export interface RunningServiceOptions {
  readonly scope: Omit<ServiceScope, "logger">;
  readonly config: ResolvedConfig;
  readonly wired: Wired;
  /** Where users' own classes are resolved from; undefined where generated code wires. */
  readonly container: Container | undefined;
  /** Aborted when stopping begins. */
  readonly abort: AbortController;
  readonly startTimeoutMs: number;
  readonly hooks: Hooks<never>;
  /** Components that are switched off, with who did it. */
  readonly off: ReadonlyMap<string, string>;
  /** Stops the service when it aborts. */
  readonly signal?: AbortSignal;
}

/** A wired service: its components as properties, and its life. */
export class RunningService implements ServiceCore {
  readonly #options: RunningServiceOptions;
  readonly #life: ServiceLife;

  constructor(options: RunningServiceOptions) {
    this.#options = options;
    this.#life = new ServiceLife({
      name: options.scope.name,
      version: options.scope.version,
      living: options.wired.living,
      hooks: (point) => this.#hooks(point),
      startTimeoutMs: options.startTimeoutMs,
      abort: options.abort,
      logger: () => this.#logger,
      dispose: () => options.container?.dispose(),
    });
    for (const [name, instance] of options.wired.components)
      Object.defineProperty(this, name, { value: instance, enumerable: true });
    for (const name of options.off.keys()) {
      if (options.wired.components.has(name)) continue; // something stands in for it
      Object.defineProperty(this, name, {
        get: (): never => {
          throw this.#switchedOff(name);
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
    return this.#life.state;
  }

  get signal(): AbortSignal {
    return this.#options.abort.signal;
  }

  get container(): Container {
    const { container } = this.#options;
    if (container === undefined) throw this.#withoutContainer("has no container");
    return container;
  }

  resolve<T>(wanted: AnyComponent | (new (...parameters: never[]) => T)): T {
    const { container, wired, off } = this.#options;
    if (!isComponent(wanted)) {
      if (container === undefined) throw this.#withoutContainer(`cannot construct class '${wanted.name}'`);
      return container.resolve<T>(wanted as InjectionToken<T>);
    }
    const token = wanted.token as InjectionToken<T>;
    if (container?.isRegistered(token)) return container.resolve(token);
    const instance = wired.components.get(wanted.name);
    if (container === undefined && instance !== undefined) return instance as T;
    if (off.has(wanted.name)) throw this.#switchedOff(wanted.name);
    throw new MicroError({
      code: "NOT_FOUND",
      id: this.name,
      detail: `service '${this.name}' has no component '${wanted.name}': list a plugin for it`,
    });
  }

  start(): Promise<void> {
    this.#warnOfUncalled();
    return this.#life.start();
  }

  async run(): Promise<void> {
    const signals = waitForSignals({
      // `run` awaits the same stop below and rejects with what went wrong in it.
      onFirst: () => void this.stop().catch(() => undefined),
      onSecond: () => this.#forceStop(),
    });
    try {
      await this.#startUnlessAsked();
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

  stop(options?: StopOptions): Promise<void> {
    return this.#life.stop(options);
  }

  explain(): readonly Explanation[] {
    return explainConfig(this.#options.config);
  }

  dumpConfig(format?: "yaml" | "json"): Promise<string> {
    return dumpedConfig(this.#options.config, format);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  get #logger(): Logger {
    return (this.#options.wired.components.get("logger") as Logger | undefined) ?? nullLogger;
  }

  #hooks(point: keyof Hooks): readonly (() => Promise<void> | void)[] {
    const hooks = this.#options.hooks[point];
    const list: readonly Hook<never>[] =
      hooks === undefined ? [] : typeof hooks === "function" ? [hooks] : hooks;
    return list.map((hook) => () => hook(this as never));
  }

  /** Being asked to stop before or while it starts is no failure of `run`. */
  async #startUnlessAsked(): Promise<void> {
    if (this.#options.signal?.aborted) return;
    try {
      await this.start();
    } catch (error) {
      if (error !== this.#life.interruption) throw error;
    }
  }

  /** A service may be meant to serve nobody; its handlers were not. */
  #warnOfUncalled(): void {
    const { off, scope } = this.#options;
    const by = off.get("server");
    const names = [
      ...scope.handlers.map(({ endpoint }) => endpoint),
      ...scope.subscribers.map(({ topic }) => `topic ${topic}`),
    ];
    if (by === undefined || names.length === 0 || this.state !== "created") return;
    this.#logger.warn(
      `component 'server' is switched off by ${by}: nobody can call ${names.join(", ")} of service '${this.name}'`,
    );
  }

  #withoutContainer(what: string): MicroError {
    return new MicroError({
      code: "PRECONDITION_FAILED",
      id: this.name,
      detail: `service '${this.name}' is wired by generated code and ${what}: list defineProvider(…) for the class and run micro wire, or use createService`,
    });
  }

  #switchedOff(name: string): MicroError {
    return new MicroError({
      code: "PRECONDITION_FAILED",
      id: this.name,
      detail: `component '${name}' is switched off by ${this.#options.off.get(name)}`,
    });
  }

  #stopInBackground(): void {
    // Nobody may be waiting: the logger is all there is.
    this.stop().catch((error: unknown) => this.#logger.error("stopping failed", { error }));
  }

  #forceStop(): void {
    this.#logger.warn(`second signal: service ${this.name} stops without waiting for running calls`);
    this.stop({ graceMs: 0 }).catch((error: unknown) => this.#logger.error("forced stop", { error }));
  }
}
