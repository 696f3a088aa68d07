import type { Call, CallContext, Middleware } from "./call.ts";
import type { AnyComponent, ApiOf, NameOf } from "./component.ts";
import type { Explanation } from "./config/show.ts";
import type { Container } from "./container.ts";
import type { ServiceDefinition } from "./definition.ts";
import type { Exchange } from "./exchange.ts";
import type { OptionsInput, OptionsSchema } from "./option.ts";
import type { AnyPlugin, Plugin } from "./plugin.ts";

type ComponentsOf<Ps extends readonly AnyPlugin[]> = Ps[number]["component"];

/** Section names a list of plugins provides. */
export type ProvidedBy<Ps extends readonly AnyPlugin[]> = NameOf<ComponentsOf<Ps>>;

/**
 * Plugins of a list that are there in any case. To the type checker the conditional part of `[a, ...(on ? [b] : []), c]`
 * is an array of any length, and what stands before and after it is fixed.
 */
type Fixed<Ps extends readonly unknown[]> = Ps extends readonly [infer P, ...infer Rest]
  ? P | Fixed<Rest>
  : Ps extends readonly [...infer Rest, infer P]
    ? P | Fixed<Rest>
    : never;

/** Section names that one list provides in any case. An array of which nothing is fixed counts as if all were there. */
type SureIn<Ps extends readonly AnyPlugin[]> = number extends Ps["length"]
  ? [Fixed<Ps>] extends [never]
    ? ProvidedBy<Ps>
    : NameOf<Fixed<Ps> extends { readonly component: infer C } ? C : never>
  : ProvidedBy<Ps>;

/** Names that a list, or one of several lists of which the program takes one, may be without. */
type UnsureOf<Ps extends readonly AnyPlugin[], Names = ProvidedBy<Ps>> = Ps extends readonly AnyPlugin[]
  ? Exclude<Names, SureIn<Ps>>
  : never;

/** Section names that are provided in any case. */
type SureOf<Ps extends readonly AnyPlugin[]> = Exclude<ProvidedBy<Ps>, UnsureOf<Ps>>;

/** Component instances of a list of plugins by section name; undefined may be what is listed under a condition. */
export type Components<Ps extends readonly AnyPlugin[]> = {
  readonly [C in ComponentsOf<Ps> as NameOf<C>]:
    | ApiOf<C>
    | (NameOf<C> extends UnsureOf<Ps> ? undefined : never);
};

/** Names of needed components that are not among the provided ones and cannot do without. */
type Missing<Needs, Provided> = Needs extends readonly (infer C)[]
  ? Exclude<C extends { readonly replaceable: true } ? never : NameOf<C>, Provided>
  : never;

/** What a text about a missing component asks for. */
type Remedy<Name, Ps extends readonly AnyPlugin[]> =
  Name extends ProvidedBy<Ps> ? "list a plugin for it without a condition" : "list a plugin for it";

type CheckedPlugin<P, Ps extends readonly AnyPlugin[], Provided> =
  P extends Plugin<infer C, infer N, OptionsSchema, infer Needs>
    ? [Missing<Needs, Provided>] extends [never]
      ? P
      : `plugin '${NameOf<C>}-${N}' needs component '${Missing<Needs, Provided>}': ${Remedy<Missing<Needs, Provided>, Ps>}`
    : P;

/** A list without conditions: each plugin finds what it needs in the list. */
type CheckedFixed<Part extends readonly unknown[], Ps extends readonly AnyPlugin[], Provided> = {
  readonly [I in keyof Part]: CheckedPlugin<Part[I], Ps, Provided>;
};

/**
 * A list with a conditional part. What is fixed must find its needs among what is fixed; a conditional plugin also
 * among the conditional ones, because which of them come together no type says: start-up checks that.
 */
type CheckedVariadic<
  Part extends readonly unknown[],
  Ps extends readonly AnyPlugin[],
> = Part extends readonly [infer P, ...infer Rest]
  ? readonly [CheckedPlugin<P, Ps, SureOf<Ps>>, ...CheckedVariadic<Rest, Ps>]
  : Part extends readonly [...infer Rest, infer P]
    ? readonly [...CheckedVariadic<Rest, Ps>, CheckedPlugin<P, Ps, SureOf<Ps>>]
    : CheckedFixed<Part, Ps, ProvidedBy<Ps>>;

/** The list itself, or for each plugin with an unmet need a text that names it. */
export type CheckedPlugins<Ps extends readonly AnyPlugin[]> = Ps extends readonly AnyPlugin[]
  ? number extends Ps["length"]
    ? CheckedVariadic<Ps, Ps>
    : CheckedFixed<Ps, Ps, ProvidedBy<Ps>>
  : never;

/** The definition itself, or a text that names the component it needs and no plugin provides in any case. */
export type CheckedDefinition<Needs extends readonly AnyComponent[], Ps extends readonly AnyPlugin[]> = [
  Missing<Needs, SureOf<Ps>>,
] extends [never]
  ? ServiceDefinition<Needs>
  : `this service needs component '${Missing<Needs, SureOf<Ps>>}': ${Remedy<Missing<Needs, SureOf<Ps>>, Ps>}`;

type ConfigOf<P> = P extends { readonly config: infer S extends OptionsSchema } ? OptionsInput<S> : never;
type ScopedNames<Ps extends readonly AnyPlugin[]> = NameOf<
  Extract<ComponentsOf<Ps>, { readonly scoped: true }>
>;
type PluginsOf<Ps extends readonly AnyPlugin[], Name extends string> = Extract<
  Ps[number],
  { readonly component: { readonly name: Name } }
>;

/** Options of one section without those of scoped components: a union with one member per plugin. */
type OwnOptions<P> = P extends {
  readonly component: { readonly config: infer S extends OptionsSchema };
  readonly name: infer N;
}
  ? { readonly plugin?: N | undefined; readonly enabled?: boolean | undefined } & OptionsInput<S> &
      ConfigOf<P>
  : never;

/** Options per component, typed from the plugins that are listed. */
export type ComponentSettings<Ps extends readonly AnyPlugin[]> = {
  // `unknown` for names without a plugin keeps the types of hooks and middleware, which stand beside the sections.
  readonly [Name in ProvidedBy<Ps>]?: [PluginsOf<Ps, Name>] extends [never]
    ? unknown
    : OwnOptions<PluginsOf<Ps, Name>> & {
        readonly [S in Exclude<ScopedNames<Ps>, Name>]?: OwnOptions<PluginsOf<Ps, S>>;
      };
};

/** A function that runs at a point of a service's life. */
export type Hook<S = ServiceCore> = (service: S) => Promise<void> | void;

/** Hooks by point; each is a function or a list of them, run in order. */
export interface Hooks<S = ServiceCore> {
  /** Before anything starts. An error gives starting up. */
  readonly beforeStart?: Hook<S> | readonly Hook<S>[];
  /** When the server answers and is registered. An error stops the service again. */
  readonly afterStart?: Hook<S> | readonly Hook<S>[];
  /** Before anything stops, also when starting failed. Errors are reported when all is stopped. */
  readonly beforeStop?: Hook<S> | readonly Hook<S>[];
  /** When everything is stopped. */
  readonly afterStop?: Hook<S> | readonly Hook<S>[];
}

/** Middleware given where a service is composed; the first listed is the outermost. */
export interface MiddlewareOptions {
  /** Around a whole client call, retries included. */
  readonly client?: readonly Middleware<Call>[];
  /** Around each attempt of a client call. */
  readonly attempt?: readonly Middleware<Call>[];
  /** Around each handler. */
  readonly handler?: readonly Middleware<CallContext>[];
  /** Around each subscriber. */
  readonly subscriber?: readonly Middleware<CallContext>[];
}

/** How a service is composed, beside the options of its components. */
export interface CompositionOptions<Ps extends readonly AnyPlugin[]> {
  /** A path; without it `micro.yaml` (or .yml, .json, .toml, .config.ts …) of the working folder; false for none. */
  readonly configFile?: string | false;
  /**
   * Replaces `$NAME`, `${NAME}` and `${NAME:-text}` in the texts of the configuration file by environment variables:
   * those of the process, or those given. A variable that is not set is a problem that names file, line and variable.
   * `$$` stands for one `$`. @default false
   */
  readonly interpolateEnv?: boolean | Readonly<Record<string, string | undefined>>;
  readonly hooks?: Hooks<Service<Ps>>;
  readonly middleware?: MiddlewareOptions;
  /** Component instances that somebody else owns: shared on purpose, or a test's own. They are neither started nor stopped. */
  readonly instances?: Partial<Components<Ps>>;
  /** Where the servers and clients of one process meet. @default one of its own */
  readonly exchange?: Exchange;
  /** When it aborts, creating is given up with its reason, starting is given up, and a running service stops. */
  readonly signal?: AbortSignal;
  /** Longest time of creating, configuration included, and again of starting, hooks included. @default 30000 */
  readonly startTimeoutMs?: number;
}

/** How a service is stopped. */
export interface StopOptions {
  /** For the whole stop: running calls get what the other steps leave. @default 10000 */
  readonly graceMs?: number;
}

/** Where a service is in its life. */
export type ServiceState = "created" | "starting" | "running" | "stopping" | "stopped";

/** What every service has, whatever is listed. */
export interface ServiceCore {
  readonly name: string;
  readonly version: string;
  readonly state: ServiceState;
  /** Aborts when the service begins to stop. */
  readonly signal: AbortSignal;
  /** Where the users' own classes are resolved from; it belongs to this service alone. */
  readonly container: Container;
  /** An instance of a component, or of a class of yours whose constructor asks for components. Throws `NOT_FOUND`. */
  resolve<C extends AnyComponent>(component: C): ApiOf<C>;
  resolve<T>(ofClass: new (...parameters: never[]) => T): T;
  /**
   * Starts everything in dependency order, the server last. Rejects with what failed, after stopping the rest; with
   * `CANCELLED` when it was told to stop, with `TIMEOUT` when it took longer than `startTimeoutMs`.
   */
  start(): Promise<void>;
  /**
   * Starts, then waits for SIGTERM, SIGINT, SIGQUIT, `signal` or `stop()`, then stops. A second signal forces, a third
   * one ends the process. Being told to stop while it starts is no failure.
   */
  run(): Promise<void>;
  /**
   * Bounded, ordered, idempotent; goes on when a step fails and rejects with an AggregateError of all failures. Called
   * again with less time it shortens the stop that runs. A service that was never started gives back what was created.
   */
  stop(options?: StopOptions): Promise<void>;
  /** Every option: its value, where it came from and what it replaced. */
  explain(): readonly Explanation[];
  /** The effective configuration as a file would say it, secrets masked. @default yaml */
  dumpConfig(format?: "yaml" | "json"): Promise<string>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A service with the components of the listed plugins as properties. */
export type Service<Ps extends readonly AnyPlugin[] = readonly never[]> = ServiceCore & Components<Ps>;
