import { buildService, type Injector } from "./build-service.ts";
import { isOn, type LooseOptions } from "./check-composition.ts";
import type { AnyComponent, ApiOf, NameOf } from "./component.ts";
import { mergeOptions } from "./config/merge-options.ts";
import type { ResolvedSection } from "./config/resolve.ts";
import type { ServiceDefinition } from "./definition.ts";
import { MicroError } from "./errors.ts";
import { type AnyPlugin, isPlugin } from "./plugin.ts";
import { runCreated } from "./program.ts";
import type {
  CheckedDefinition,
  CheckedPlugins,
  ComponentSettings,
  Components,
  CompositionOptions,
  Hooks,
  ServiceCore,
} from "./service-types.ts";
import type { Wiring } from "./wiring.ts";

/** A service that generated code wires: like one of `createService`, without a container. */
export type WiredService<Ps extends readonly AnyPlugin[]> = Omit<ServiceCore, "container" | "resolve"> & {
  /** The instance of a component. Throws `NOT_FOUND`. */
  resolve<C extends AnyComponent>(component: C): ApiOf<C>;
} & Components<Ps>;

/** What `createService` takes, the list of plugins apart. */
export type WiredOptions<Ps extends readonly AnyPlugin[]> = Omit<CompositionOptions<Ps>, "hooks"> & {
  readonly hooks?: Hooks<WiredService<Ps>>;
} & ComponentSettings<Ps>;

type Listed<P> = P extends readonly (infer One)[] ? One : P;
type NeedsOf<P> = Listed<P> extends { readonly needs: readonly (infer C)[] } ? C : never;
type Replaceable = { readonly replaceable: true };

/** What plugins are given: the components they need, and any they can do without. */
type Deps<P> = {
  readonly [C in Exclude<NeedsOf<P>, Replaceable> as NameOf<C>]: ApiOf<C>;
} & { readonly [C in Extract<NeedsOf<P>, Replaceable> as NameOf<C>]?: ApiOf<C> } & {
  readonly [component: string]: unknown;
};

/**
 * Creates a component with its plugin, or with the one that the configuration chooses of a list; of a component of many
 * (`codec`) with all of a list. Resolves with the component, and with undefined when it is switched off.
 */
export type Create = <P extends AnyPlugin | readonly AnyPlugin[]>(
  plugins: P,
  ...deps: Record<never, never> extends Deps<P> ? [deps?: Deps<P>] : [deps: Deps<P>]
) => Promise<Listed<P> extends { readonly component: infer C } ? ApiOf<C> : never>;

/** What {@link wireService} is given beside the definition. */
export interface WiredComposition<Ps extends readonly AnyPlugin[]> {
  readonly plugins: Ps & CheckedPlugins<Ps>;
  /** What the composition says in code. */
  readonly settings?: WiredOptions<Ps>;
  /** What the caller says, stronger than `settings`. */
  readonly options?: WiredOptions<Ps>;
}

/**
 * What the code that `micro wire` writes calls: `createService` with `inject` in place of its container and its graph.
 * Configuration, checks, errors and the life of the service are the same. Rejects like `createService`, and with
 * `PRECONDITION_FAILED` when the plugins have changed since the code was written.
 */
export async function wireService<
  const Ps extends readonly AnyPlugin[],
  const Needs extends readonly AnyComponent[] = readonly [],
>(
  definition: ServiceDefinition<Needs> & CheckedDefinition<Needs, Ps>,
  { plugins, settings = {} as WiredOptions<Ps>, options = {} as WiredOptions<Ps> }: WiredComposition<Ps>,
  inject: (create: Create) => Promise<void>,
): Promise<WiredService<Ps>> {
  const injector: Injector = {
    async inject(wiring, order) {
      await inject(((given: Given, deps) => create(wiring, given, deps)) as Create);
      for (const { section } of order) {
        const { name } = section.component;
        if (!wiring.components.has(name)) throw outdated(`it creates no component '${name}'`);
      }
    },
  };
  // What is wrong with the list itself is reported with everything else.
  const components = plugins.filter(isPlugin).map(({ component }) => component as AnyComponent);
  const scoped = new Set(components.filter((component) => component.scoped).map(({ name }) => name));
  const service = await buildService(
    definition as unknown as ServiceDefinition,
    { ...mergeOptions(settings, options, scoped), plugins } as LooseOptions,
    injector,
  );
  return service as unknown as WiredService<Ps>;
}

/**
 * Runs a wired service as a main program, as `runService` does: `create` is the function that `micro wire` wrote.
 * Rejects and prints like `runService`.
 */
export async function runWired<Options extends { readonly signal?: AbortSignal }>(
  create: (options: Options) => Promise<{ run(): Promise<void> }>,
  options: Options,
): Promise<void> {
  await runCreated((signal) => create({ ...options, signal }), options.signal);
}

type Given = AnyPlugin | readonly AnyPlugin[];

async function create(
  wiring: Wiring,
  given: Given,
  deps: Readonly<Record<string, unknown>> = {},
): Promise<unknown> {
  const plugins = isPlugin(given) ? [given] : given;
  const [first] = plugins;
  if (first === undefined) throw outdated("it names a component without a plugin");
  const { name } = first.component as AnyComponent;
  const section = wiring.sections.get(name);
  // Made for reading the configuration, or somebody else's.
  if (!wiring.components.has(name) && section !== undefined && isOn(section)) {
    checkPlugins(plugins, section, deps);
    await wiring.add(section, deps);
  }
  return wiring.components.get(name);
}

/** Finds out whether the code fits the plugins, which may be newer than it. */
function checkPlugins(
  plugins: readonly AnyPlugin[],
  { plugins: chosen, section }: ResolvedSection,
  deps: Readonly<Record<string, unknown>>,
): void {
  for (const plugin of chosen) {
    const label = `plugin '${section.component.name}-${plugin.name}'`;
    if (!plugins.includes(plugin)) throw outdated(`it does not create ${label}, which is chosen`);
    for (const { name, replaceable } of plugin.needs as readonly AnyComponent[]) {
      if (deps[name] === undefined && !replaceable)
        throw outdated(`${label} needs component '${name}' and is not given it`);
    }
  }
}

function outdated(what: string): MicroError {
  const detail = `the generated wiring is out of date: ${what}; run micro wire again`;
  return new MicroError({ code: "PRECONDITION_FAILED", id: "micro.wire", detail });
}
