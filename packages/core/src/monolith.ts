import type { AnyComponent } from "./component.ts";
import { mergeOptions } from "./config/merge-options.ts";
import type { Problem } from "./config/settings.ts";
import type { ServiceDefinition } from "./definition.ts";
import { MicroError } from "./errors.ts";
import { Exchange } from "./exchange.ts";
import { DEFAULT_GRACE_MS, Grace } from "./lifecycle.ts";
import type { Logger } from "./logger.ts";
import { malformedDefinition, malformedOptions } from "./malformed.ts";
import { nearest } from "./nearest.ts";
import { type AnyPlugin, isPlugin } from "./plugin.ts";
import { createService, type ServiceOptions } from "./service.ts";
import type { ComponentSettings, ProvidedBy, Service, StopOptions } from "./service-types.ts";
import { waitForSignals } from "./signals.ts";
import { StartError } from "./start-error.ts";

/** What {@link createMonolith} takes beside the definitions; `hooks` and `startTimeoutMs` are each service's. */
export type MonolithOptions<Ps extends readonly AnyPlugin[]> = Omit<
  ServiceOptions<Ps>,
  "exchange" | "instances"
> & {
  /** Components of which the services use one instance together: one registry, one broker. @default [] */
  readonly shared?: readonly ProvidedBy<Ps>[];
  /** What is different for one service, by its name. */
  readonly services?: Readonly<Record<string, ComponentSettings<Ps>>>;
};

/** Several services in one process that reach each other without the network. */
export interface Monolith<Ps extends readonly AnyPlugin[]> {
  /** By name. Throws `NOT_FOUND` for a name that is not among the definitions. */
  service(name: string): Service<Ps>;
  readonly services: readonly Service<Ps>[];
  /** Starts the services in the order they were given; stops them again when one fails. */
  start(): Promise<void>;
  /** Starts, waits for SIGTERM, SIGINT, `signal` or the stop of one of the services, then stops all. A second signal forces. */
  run(): Promise<void>;
  /** In reverse order within one `graceMs`; goes on when one fails and rejects with an AggregateError. */
  stop(options?: StopOptions): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Composes the same definitions that run split into one process. They share an exchange, so calls among them stay
 * inside; each keeps its own container, configuration and life. The definitions say what they need, and each must
 * find it in the one list of plugins. List a service after those it calls: they start in that order and stop in
 * reverse. Rejects like `createService`, and when `services` or `shared` names what is not there.
 */
export async function createMonolith<const Ps extends readonly AnyPlugin[]>(
  definitions: readonly ServiceDefinition<readonly AnyComponent[]>[],
  options: MonolithOptions<Ps>,
): Promise<Monolith<Ps>> {
  const malformed = [...malformedList(definitions), ...malformedOptions(options)];
  if (malformed.length > 0) throw new StartError("monolith", malformed);
  const { shared = [], services: overrides = {}, signal, ...common } = options;
  // What is wrong with the list itself createService reports.
  const listed: readonly unknown[] = Array.isArray(options.plugins) ? options.plugins : [];
  const components = listed.filter(isPlugin).map((plugin) => plugin.component as AnyComponent);
  checkNames(definitions, { shared, overrides, components: components.map(({ name }) => name) });
  const scoped = new Set(components.filter((component) => component.scoped).map(({ name }) => name));
  const exchange = new Exchange();
  const create = createService as unknown as (
    definition: ServiceDefinition,
    options: object,
  ) => Promise<Service<Ps>>;
  // The services do not stop each by itself when the signal aborts: the monolith stops them in order.
  const creating = new AbortController();
  const giveUp = (): void => creating.abort(signal?.reason);
  if (signal?.aborted) giveUp();
  signal?.addEventListener("abort", giveUp, { once: true });
  const services: Service<Ps>[] = [];
  try {
    for (const definition of definitions) {
      // The first service owns what is shared: it starts first and stops last.
      const [owner] = services;
      const instances = owner && Object.fromEntries(shared.map((name) => [name, instanceOf(owner, name)]));
      const override = Object.hasOwn(overrides, definition.name) ? overrides[definition.name] : undefined;
      const own = mergeOptions(common, override ?? {}, scoped);
      services.push(
        await create(definition, {
          ...own,
          ...(instances && { instances }),
          exchange,
          signal: creating.signal,
        }),
      );
    }
  } catch (error) {
    const failures = await stopAll(services, new Grace(0));
    if (failures.length === 0) throw error;
    throw new AggregateError(
      [error, ...failures],
      `${MicroError.from(error).detail}; and the services made before did not stop cleanly`,
    );
  } finally {
    signal?.removeEventListener("abort", giveUp);
  }
  return new RunningMonolith(services, signal);
}

function malformedList(definitions: unknown): readonly Problem[] {
  if (Array.isArray(definitions)) return definitions.flatMap(malformedDefinition);
  return [{ where: "createMonolith", message: "the first argument must be a list of definitions" }];
}

function checkNames(
  definitions: readonly ServiceDefinition[],
  {
    shared,
    overrides,
    components,
  }: { shared: readonly string[]; overrides: object; components: readonly string[] },
): void {
  const services = definitions.map(({ name }) => name);
  const problems: Problem[] = [];
  const report = (list: string, name: string, known: readonly string[]): void => {
    const guess = nearest(name, known);
    problems.push({
      where: "createMonolith",
      message: `'${name}' of '${list}' is not there; there are ${known.join(", ") || "none"}`,
      ...(guess === undefined ? {} : { hint: `did you mean '${guess}'?` }),
    });
  };
  for (const name of Object.keys(overrides)) if (!services.includes(name)) report("services", name, services);
  for (const name of shared)
    if (!components.includes(name)) report("shared", name, [...new Set(components)].sort());
  if (problems.length > 0) throw new StartError("monolith", problems);
}

/** What `owner` offers under a name; undefined when the component is switched off. */
function instanceOf(owner: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(owner, name)?.value as unknown;
}

/** Stops in reverse order, each with the time that is left. Resolves with what failed. */
async function stopAll(
  services: readonly Pick<Service, "stop">[],
  grace: Grace,
): Promise<readonly unknown[]> {
  const failures: unknown[] = [];
  for (const service of [...services].reverse()) {
    // A more urgent stop reaches the service that is stopping; those after it begin with what is left then.
    const unsubscribe = grace.onShorten(() => {
      // It is the stop that is awaited below: how it ends is collected there.
      service.stop({ graceMs: grace.leftMs() }).catch(() => undefined);
    });
    await service.stop({ graceMs: grace.leftMs() }).catch((error: unknown) => failures.push(error));
    unsubscribe();
  }
  return failures;
}

class RunningMonolith<Ps extends readonly AnyPlugin[]> implements Monolith<Ps> {
  readonly services: readonly Service<Ps>[];
  readonly #grace = new Grace();
  /** Aborts when stopping begins. */
  readonly #stop = new AbortController();
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(services: readonly Service<Ps>[], signal: AbortSignal | undefined) {
    this.services = services;
    const stop = (): void => this.#stopInBackground();
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true, signal: this.#stop.signal });
    // One service that stops takes the others along: what calls it would only fail.
    for (const service of services)
      service.signal.addEventListener("abort", stop, { once: true, signal: this.#stop.signal });
  }

  service(name: string): Service<Ps> {
    const found = this.services.find((service) => service.name === name);
    if (found !== undefined) return found;
    const names = this.services.map((service) => service.name).join(", ");
    throw new MicroError({
      code: "NOT_FOUND",
      id: "monolith",
      detail: `no service '${name}' in this monolith; there are ${names}`,
    });
  }

  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async run(): Promise<void> {
    const signals = waitForSignals({
      onFirst: () => this.#stopInBackground(),
      onSecond: () => this.#stopInBackground({ graceMs: 0 }),
    });
    const { signal } = this.#stop;
    try {
      if (!signal.aborted) {
        // Being asked to stop while it starts is no failure.
        await this.start().catch((error: unknown) => {
          if (error !== signal.reason) throw error;
        });
      }
      if (!signal.aborted)
        await new Promise<void>((resolve) =>
          signal.addEventListener("abort", () => resolve(), { once: true }),
        );
      await this.stop();
    } finally {
      signals.release();
    }
  }

  stop({ graceMs = DEFAULT_GRACE_MS }: StopOptions = {}): Promise<void> {
    this.#grace.shorten(graceMs);
    if (this.#stopping === undefined) {
      // A turn later, so that whoever stops again from a listener of a signal finds this promise.
      this.#stopping = Promise.resolve().then(() => this.#stopAll());
      this.#stop.abort(
        new MicroError({ code: "CANCELLED", id: "monolith", detail: "the monolith is stopping" }),
      );
    }
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #start(): Promise<void> {
    const { signal } = this.#stop;
    let starting: AbortSignal | undefined;
    try {
      for (const service of this.services) {
        signal.throwIfAborted();
        starting = service.signal;
        await service.start();
      }
      signal.throwIfAborted();
    } catch (error) {
      // A service that is told to stop while it starts says so with the reason of its signal.
      const interrupted = signal.aborted && starting?.aborted === true && error === starting.reason;
      const reason: unknown = interrupted ? signal.reason : error;
      const failure = await this.stop().then(
        () => undefined,
        (stopError: unknown) => ({ stopError }),
      );
      if (failure === undefined) throw reason;
      throw new AggregateError(
        [reason, failure.stopError],
        `the monolith failed to start (${MicroError.from(reason).detail}) and to stop cleanly`,
      );
    }
  }

  async #stopAll(): Promise<void> {
    const failures = await stopAll(this.services, this.#grace);
    if (failures.length === 0) return;
    const texts = failures.map((error) => MicroError.from(error).detail);
    throw new AggregateError(
      failures,
      `${failures.length} service(s) of the monolith did not stop cleanly: ${texts.join("; ")}`,
    );
  }

  #stopInBackground(options?: StopOptions): void {
    // `run` awaits the same promise and reports; without `run` a logger is all there is.
    this.stop(options).catch((error: unknown) => {
      const [first] = this.services;
      const logger = first && (instanceOf(first, "logger") as Logger | undefined);
      logger?.error("stopping the monolith failed", { error });
    });
  }
}
