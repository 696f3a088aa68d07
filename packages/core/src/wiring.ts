import type { AnyComponent, NamedInstance } from "./component.ts";
import type { ResolvedSection } from "./config/resolve.ts";
import { MicroError } from "./errors.ts";
import { hasLife, type Living } from "./lifecycle.ts";
import { type Logger, nullLogger } from "./logger.ts";
import type { AnyPlugin, PluginContext, ServiceScope } from "./plugin.ts";

type AnyContext = PluginContext<never, readonly AnyComponent[], readonly AnyComponent[]>;

/** What wiring made. */
export interface Wired {
  /** Components by name, what `absent` made included. */
  readonly components: ReadonlyMap<string, unknown>;
  /** Everything with a life, in the order of creation. */
  readonly living: readonly Living[];
}

/** What {@link wire} works from. */
export interface WireOptions {
  /** Sections in the order of creation. */
  readonly order: readonly ResolvedSection[];
  readonly all: ReadonlyMap<string, ResolvedSection>;
  /** Instances that somebody else owns. */
  readonly given: ReadonlyMap<string, unknown>;
  readonly scope: Omit<ServiceScope, "logger">;
  readonly signal: AbortSignal;
}

/**
 * Creates the plugins in order, each with what it needs. When one fails, those made before are stopped and the
 * error says which one it was.
 */
export async function wire({ order, all, given, scope, signal }: WireOptions): Promise<Wired> {
  const components = new Map<string, unknown>(given);
  const living: Living[] = [];
  const fullScope: ServiceScope = Object.create(scope, {
    // A getter, because the logger is itself created on the way.
    logger: { enumerable: true, get: () => components.get("logger") ?? nullLogger },
  }) as ServiceScope;

  const create = async (section: ResolvedSection, owner: string | undefined): Promise<unknown> => {
    const { component } = section.section;
    const label = owner === undefined ? component.name : `${owner}.${component.name}`;
    const instances: NamedInstance<unknown>[] = [];
    for (const plugin of section.plugins) {
      signal.throwIfAborted();
      const context = {
        config: section.config,
        deps: await dependencies(plugin, component),
        scope: fullScope,
        signal,
      };
      try {
        instances.push({
          plugin: plugin.name,
          instance: await plugin.create(context as unknown as AnyContext),
        });
      } catch (error) {
        const { code, detail } = MicroError.from(error);
        throw new MicroError({
          code,
          id: scope.name,
          detail: `creating '${label}' with plugin '${plugin.name}': ${detail}`,
          cause: error,
        });
      }
    }
    const [first, ...rest] = instances;
    if (first === undefined) return undefined;
    const api = await assembled(component, [first, ...rest], section.config);
    for (const life of hasLife(api) ? [api] : instances.map(({ instance }) => instance).filter(hasLife))
      living.push({ name: label, life });
    return api;
  };

  const assembled = async (
    component: AnyComponent,
    instances: readonly [NamedInstance<unknown>, ...NamedInstance<unknown>[]],
    config: Readonly<Record<string, unknown>>,
  ): Promise<unknown> => {
    if (component.assemble === undefined) return instances[0].instance;
    const loggerSection = all.get("logger");
    const own =
      loggerSection === undefined
        ? nullLogger
        : await scopedInstance(loggerSection.section.component, component);
    return component.assemble(instances as never, { config: config as never, logger: own as Logger });
  };

  /** The instance of a scoped component for another one: its own where the configuration says so, else a child. */
  const scopedFor = async (scoped: AnyComponent, owner: AnyComponent): Promise<unknown> => {
    const own = all.get(owner.name)?.scoped.get(scoped.name);
    if (own?.enabled && own.plugins.length > 0) return create(own, owner.name);
    const shared = components.get(scoped.name) ?? scoped.absent?.();
    return scoped.scope === undefined ? shared : scoped.scope(shared as never, owner.name);
  };

  const scopedInstances = new Map<string, Promise<unknown>>();
  const scopedInstance = (scoped: AnyComponent, owner: AnyComponent): Promise<unknown> => {
    const key = `${owner.name}.${scoped.name}`;
    const instance = scopedInstances.get(key) ?? scopedFor(scoped, owner);
    scopedInstances.set(key, instance);
    return instance;
  };
  const dependencies = async (plugin: AnyPlugin, owner: AnyComponent): Promise<Record<string, unknown>> => {
    const deps: Record<string, unknown> = {};
    for (const need of [...plugin.needs, ...plugin.optional] as readonly AnyComponent[]) {
      if (need.scoped && need !== owner) deps[need.name] = await scopedInstance(need, owner);
      else deps[need.name] = components.get(need.name) ?? need.absent?.();
    }
    return deps;
  };

  try {
    for (const section of order)
      components.set(section.section.component.name, await create(section, undefined));
  } catch (error) {
    await Promise.allSettled(living.reverse().map(async ({ life }) => life.stop?.({ graceMs: 0 })));
    throw error;
  }
  for (const { section } of all.values()) {
    const { name, absent } = section.component;
    if (!components.has(name) && absent !== undefined) components.set(name, absent());
  }
  return { components, living };
}
