import type { AnyComponent } from "./component.ts";
import type { ServiceDefinition } from "./definition.ts";
import { MicroError } from "./errors.ts";
import { Exchange } from "./exchange.ts";
import type { AnyPlugin } from "./plugin.ts";
import { createService, type ServiceOptions } from "./service.ts";
import type { ComponentSettings, ProvidedBy, Service, StopOptions } from "./service-types.ts";
import { waitForSignals } from "./signals.ts";

/** What {@link createMonolith} takes beside the definitions. */
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
  /** Starts, waits for a signal or `stop()`, stops. */
  run(): Promise<void>;
  /** In reverse order; goes on when one fails and rejects with an AggregateError. */
  stop(options?: StopOptions): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Composes the same definitions that run split into one process. They share an exchange, so calls among them stay
 * inside; each keeps its own container, configuration and life. The definitions say what they need, and each must
 * find it in the one list of plugins.
 */
export async function createMonolith<const Ps extends readonly AnyPlugin[]>(
  definitions: readonly ServiceDefinition<readonly AnyComponent[]>[],
  options: MonolithOptions<Ps>,
): Promise<Monolith<Ps>> {
  const { shared = [], services: overrides = {}, ...common } = options;
  const exchange = new Exchange();
  const create = createService as unknown as (
    definition: ServiceDefinition,
    options: object,
  ) => Promise<Service<Ps>>;
  const services: Service<Ps>[] = [];
  try {
    for (const definition of definitions) {
      // The first service owns what is shared: it starts first and stops last.
      const [owner] = services;
      const instances =
        owner && Object.fromEntries(shared.map((name) => [name, owner[name as keyof Service<Ps>]]));
      const own = merge(common, overrides[definition.name] ?? {});
      services.push(await create(definition, { ...own, exchange, ...(instances && { instances }) }));
    }
  } catch (error) {
    await stopAll([...services].reverse(), { graceMs: 0 });
    throw error;
  }
  return new RunningMonolith(services);
}

function merge(common: object, own: object): object {
  const merged: Record<string, unknown> = { ...common };
  for (const [section, values] of Object.entries(own))
    merged[section] = { ...(merged[section] as object | undefined), ...values };
  return merged;
}

async function stopAll(services: readonly Pick<Service, "stop">[], options: StopOptions): Promise<void> {
  const errors: unknown[] = [];
  for (const service of services) await service.stop(options).catch((error: unknown) => errors.push(error));
  if (errors.length > 0) {
    throw new AggregateError(errors, `${errors.length} service(s) of the monolith did not stop cleanly`);
  }
}

class RunningMonolith<Ps extends readonly AnyPlugin[]> implements Monolith<Ps> {
  readonly services: readonly Service<Ps>[];
  #stopping: Promise<void> | undefined;

  constructor(services: readonly Service<Ps>[]) {
    this.services = services;
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

  async start(): Promise<void> {
    try {
      for (const service of this.services) await service.start();
    } catch (error) {
      await this.stop().catch((stopError: unknown) => {
        throw new AggregateError([error, stopError], "the monolith failed to start and to stop cleanly");
      });
      throw error;
    }
  }

  async run(): Promise<void> {
    const stopping = Promise.withResolvers<void>();
    const begin = (options?: StopOptions): void => stopping.resolve(this.stop(options));
    const signals = waitForSignals({ onFirst: () => begin(), onSecond: () => begin({ graceMs: 0 }) });
    try {
      await this.start();
      for (const { signal } of this.services) {
        if (signal.aborted) begin();
        else signal.addEventListener("abort", () => begin(), { once: true });
      }
      await stopping.promise;
    } finally {
      signals.release();
    }
  }

  stop(options: StopOptions = {}): Promise<void> {
    const running = this.#stopping;
    this.#stopping = running ?? stopAll([...this.services].reverse(), options);
    // A more urgent stop shortens the one that runs: each service takes the earlier end.
    if (running !== undefined) return stopAll(this.services, options);
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
