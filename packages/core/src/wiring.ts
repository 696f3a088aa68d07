import type { AnyComponent, NamedInstance } from "./component.ts";
import type { ResolvedSection } from "./config/resolve.ts";
import { failedAt } from "./failed-step.ts";
import { hasLife, type Living, stopLate, unlessAborted } from "./lifecycle.ts";
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
  readonly sections: ReadonlyMap<string, ResolvedSection>;
  /** Instances that are there already: somebody else's, or made for reading the configuration. */
  readonly given: ReadonlyMap<string, unknown>;
  readonly scope: Omit<ServiceScope, "logger">;
  /** Aborts when creating is given up. */
  readonly signal: AbortSignal;
  /** Told what is being created, for the error of one that takes too long. */
  readonly onStep: (step: string) => void;
  /** Takes everything with a life, in the order of creation. */
  readonly living: Living[];
}

/** A service whose components are being created. */
export interface Wiring {
  readonly sections: ReadonlyMap<string, ResolvedSection>;
  /** What there is so far, by component. */
  readonly components: ReadonlyMap<string, unknown>;
  /**
   * Creates the component of a section. Its plugins are given what they need of `deps`, by component; without it, of
   * what there is so far.
   */
  add(section: ResolvedSection, deps?: Readonly<Record<string, unknown>>): Promise<void>;
}

/**
 * Lets `inject` create the components in an order that satisfies their needs, and resolves with them by name, what
 * `absent` made included. When one fails the error says which one it was; what has a life is in `living` then, too.
 */
export async function wire(
  options: WireOptions,
  inject: (wiring: Wiring) => Promise<void>,
): Promise<ReadonlyMap<string, unknown>> {
  const wiring = new ServiceWiring(options);
  await inject(wiring);
  for (const { section } of options.sections.values()) {
    const { name, absent } = section.component;
    if (!wiring.components.has(name) && absent !== undefined) wiring.components.set(name, absent());
  }
  return wiring.components;
}

type Deps = Readonly<Record<string, unknown>>;

class ServiceWiring implements Wiring {
  readonly components: Map<string, unknown>;
  readonly #options: WireOptions;
  readonly #scope: ServiceScope;
  readonly #scoped = new Map<string, Promise<unknown>>();

  constructor(options: WireOptions) {
    this.#options = options;
    const components = new Map<string, unknown>(options.given);
    this.components = components;
    this.#scope = {
      ...options.scope,
      // A getter, because the logger is itself created on the way.
      get logger() {
        return (components.get("logger") as Logger | undefined) ?? nullLogger;
      },
    };
  }

  get sections(): ReadonlyMap<string, ResolvedSection> {
    return this.#options.sections;
  }

  async add(section: ResolvedSection, deps?: Deps): Promise<void> {
    this.components.set(section.section.component.name, await this.#create(section, { deps }));
  }

  /** All instances of a section and what they are together; `owner` is whose own instance of a scoped one it is. */
  async #create(
    section: ResolvedSection,
    { owner, deps }: { readonly owner?: string; readonly deps?: Deps | undefined },
  ): Promise<unknown> {
    const { component } = section.section;
    const label = owner === undefined ? component.name : `${owner}.${component.name}`;
    const instances: NamedInstance<unknown>[] = [];
    const keep = (api: unknown): void => {
      if (hasLife(api)) this.#options.living.push({ name: label, life: api, section });
    };
    try {
      for (const plugin of section.plugins) {
        const instance = await this.#createOne(plugin, section, { label, deps });
        instances.push({ plugin: plugin.name, instance });
      }
      const [first, ...rest] = instances;
      if (first === undefined) return undefined;
      const api = await this.#assemble(section, [first, ...rest], label);
      if (hasLife(api)) keep(api);
      else for (const { instance } of instances) keep(instance);
      return api;
    } catch (error) {
      // Those that were made stand alone now: they are given back with the rest.
      for (const { instance } of instances) keep(instance);
      throw error;
    }
  }

  async #createOne(
    plugin: AnyPlugin,
    section: ResolvedSection,
    { label, deps: given }: { readonly label: string; readonly deps: Deps | undefined },
  ): Promise<unknown> {
    const { signal, scope, onStep } = this.#options;
    const step = `creating '${label}' with plugin '${plugin.name}'`;
    signal.throwIfAborted();
    const deps = await this.#dependencies(plugin, section.section.component, given);
    const context = { config: section.config, deps, scope: this.#scope, signal };
    onStep(step);
    const creation = (async (): Promise<unknown> => plugin.create(context as unknown as AnyContext))();
    try {
      const instance = await unlessAborted(signal, () => creation);
      if (instance === undefined || instance === null) throw new Error("it made nothing: does it return?");
      return instance;
    } catch (error) {
      if (signal.aborted) {
        const life = (late: unknown) => (hasLife(late) ? late : undefined);
        stopLate(creation, { name: label, life, logger: this.#scope.logger });
        throw error;
      }
      this.#scope.logger.debug(`${step} failed`, { error });
      throw failedAt(step, error, { service: scope.name, section, plugin: plugin.name });
    }
  }

  async #assemble(
    resolved: ResolvedSection,
    instances: readonly [NamedInstance<unknown>, ...NamedInstance<unknown>[]],
    label: string,
  ): Promise<unknown> {
    const { config } = resolved;
    const { component } = resolved.section;
    if (component.assemble === undefined) return instances[0].instance;
    const loggers = this.#options.sections.get("logger")?.section.component;
    const logger = (
      loggers === undefined ? nullLogger : await this.#scopedInstance(loggers, component)
    ) as Logger;
    try {
      return component.assemble(instances as never, { config: config as never, logger });
    } catch (error) {
      throw failedAt(`assembling '${label}'`, error, {
        service: this.#options.scope.name,
        section: resolved,
      });
    }
  }

  #scopedInstance(
    scoped: AnyComponent,
    owner: AnyComponent,
    whole = this.components.get(scoped.name),
  ): Promise<unknown> {
    const key = `${owner.name}.${scoped.name}`;
    const instance = this.#scoped.get(key) ?? this.#scopedFor(scoped, owner, whole);
    this.#scoped.set(key, instance);
    return instance;
  }

  /** The instance of a scoped component for another one: its own where the configuration says so, else a child of `whole`. */
  async #scopedFor(scoped: AnyComponent, owner: AnyComponent, whole: unknown): Promise<unknown> {
    const own = this.#options.sections.get(owner.name)?.scoped.get(scoped.name);
    const isOwn = own?.enabled === true && own.plugins.length > 0;
    const instance = isOwn ? await this.#create(own, { owner: owner.name }) : (whole ?? scoped.absent?.());
    return scoped.scope === undefined ? instance : scoped.scope(instance as never, owner.name);
  }

  async #dependencies(
    plugin: AnyPlugin,
    owner: AnyComponent,
    given: Deps = Object.fromEntries(this.components),
  ): Promise<Record<string, unknown>> {
    const deps: Record<string, unknown> = {};
    for (const named of [...plugin.needs, ...plugin.optional] as readonly AnyComponent[]) {
      // A need by name alone does not know what its component is like; the section does.
      const need = this.#options.sections.get(named.name)?.section.component ?? named;
      const whole = given[need.name];
      if (need.scoped && need.name !== owner.name)
        deps[need.name] = await this.#scopedInstance(need, owner, whole);
      else deps[need.name] = whole ?? need.absent?.();
    }
    return deps;
  }
}
