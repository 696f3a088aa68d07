import { isOn, type LooseOptions } from "./check-composition.ts";
import type { AnyComponent } from "./component.ts";
import type { ResolvedConfig, ResolvedSection } from "./config/resolve.ts";
import { type Configured, configure, describe } from "./configure-service.ts";
import type { Container } from "./container.ts";
import type { HandlerBinding, ServiceDefinition, SubscriberBinding } from "./definition.ts";
import { Exchange } from "./exchange.ts";
import { type Living, withDismantled } from "./lifecycle.ts";
import { readOffer } from "./offer.ts";
import type { ServiceScope } from "./plugin.ts";
import { RunningService } from "./running-service.ts";
import type { MiddlewareOptions } from "./service-types.ts";
import { StartError } from "./start-error.ts";
import { type Wiring, wire } from "./wiring.ts";
import { type Timed, withinStartTime } from "./within-start-time.ts";

/** What puts the components of a service together. */
export interface Injector {
  /** Creates the components; `order` is one that satisfies their needs. */
  readonly inject: (wiring: Wiring, order: readonly ResolvedSection[]) => Promise<void>;
  /** Makes what users' own classes are resolved from; without it there is no such thing. */
  readonly container?: (components: readonly (readonly [AnyComponent, unknown])[]) => Promise<Container>;
}

/** Does what `createService` promises, with the given injector. */
export function buildService(
  definition: ServiceDefinition,
  options: LooseOptions,
  injector: Injector,
): Promise<RunningService> {
  return withinStartTime(definition, options, async (timed) =>
    create(await configure(definition, options, timed), { ...timed, injector }),
  );
}

/** Creates the components. When that fails, those that were made are stopped. */
async function create(
  { definition, options, sections, source, config, given, order }: Configured,
  { signal, onStep, startTimeoutMs, injector }: Timed & { readonly injector: Injector },
): Promise<RunningService> {
  const abort = new AbortController();
  const handlers: HandlerBinding[] = [];
  const subscribers: SubscriberBinding[] = [];
  const scope: Omit<ServiceScope, "logger"> = {
    ...describe(definition),
    metadata: definition.metadata ?? {},
    plugins: chosenNames(config.sections),
    handlers,
    subscribers,
    middleware: middlewareOf(definition, options.middleware),
    exchange: options.exchange ?? new Exchange(),
    signal: abort.signal,
  };
  const living: Living[] = [...source.living];
  try {
    const there = new Map<string, unknown>([...source.instances, ...given]);
    const wiring = { sections: config.sections, given: there, scope, signal, onStep, living };
    const made = await wire(wiring, (begun) => injector.inject(begun, order));
    const container = await injector.container?.(
      [...sections.values()]
        .filter(({ component }) => made.has(component.name))
        .map(({ component }) => [component, made.get(component.name)]),
    );
    const offer = readOffer(definition, made);
    if (offer.problems.length > 0) throw new StartError(definition.name, offer.problems);
    handlers.push(...offer.handlers);
    subscribers.push(...offer.subscribers);
    return new RunningService({
      scope,
      config,
      wired: { components: made, living },
      container,
      abort,
      startTimeoutMs,
      hooks: options.hooks ?? {},
      off: switchedOff(config.sections),
      ...(options.signal ? { signal: options.signal } : {}),
    });
  } catch (error) {
    abort.abort(error);
    throw await withDismantled(error, living);
  }
}

function chosenNames(sections: ResolvedConfig["sections"]): Record<string, string> {
  const names: Record<string, string> = {};
  for (const [name, section] of sections) {
    const [plugin] = section.plugins;
    if (isOn(section) && plugin !== undefined && !section.section.component.multiple)
      names[name] = plugin.name;
  }
  return names;
}

function switchedOff(sections: ResolvedConfig["sections"]): ReadonlyMap<string, string> {
  return new Map(
    [...sections]
      .filter(([, { enabled }]) => !enabled)
      .map(([name, { enabledBy }]) => [name, enabledBy.where]),
  );
}

function middlewareOf(
  definition: ServiceDefinition,
  options: MiddlewareOptions = {},
): ServiceScope["middleware"] {
  return {
    client: options.client ?? [],
    attempt: options.attempt ?? [],
    handler: [...(options.handler ?? []), ...(definition.middleware ?? [])],
    subscriber: options.subscriber ?? [],
  };
}
