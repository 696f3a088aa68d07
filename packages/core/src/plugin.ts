import type { Call, CallContext, Middleware } from "./call.ts";
import { type AnyComponent, type ApiMap, type InstanceOf, isComponent } from "./component.ts";
import type { HandlerBinding, SubscriberBinding } from "./definition.ts";
import type { Exchange } from "./exchange.ts";
import type { Logger } from "./logger.ts";
import { notAnOption, type OptionsOutput, type OptionsSchema } from "./option.ts";

/**
 * A component instance may have a life; all three are optional. `drain` and `stop` may be called more than once, and
 * `stop` without a `start` before it, when another part of the service failed.
 */
export interface Lifecycle {
  /** Called once, in dependency order. `signal` aborts when starting is given up: reject soon, or be stopped when done. */
  start?(options: { readonly signal: AbortSignal }): Promise<void> | void;
  /** Called before any `stop`: take nothing new, tell others, finish what runs within `graceMs`. */
  drain?(options: { readonly graceMs: number }): Promise<void> | void;
  /** Called in reverse order: give everything back. `graceMs` bounds it. */
  stop?(options: { readonly graceMs: number }): Promise<void> | void;
}

/** Middleware of one service, by place. */
export interface ServiceMiddleware {
  /** Around a whole client call, retries included. */
  readonly client: readonly Middleware<Call>[];
  /** Around each attempt of a client call. */
  readonly attempt: readonly Middleware<Call>[];
  /** Around each handler. */
  readonly handler: readonly Middleware<CallContext>[];
  /** Around each subscriber. */
  readonly subscriber: readonly Middleware<CallContext>[];
}

/** The service a plugin instance belongs to. */
export interface ServiceScope {
  /** Service name. */
  readonly name: string;
  readonly version: string;
  readonly description: string;
  /** Metadata of the service definition. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Names of the chosen plugins by component: `{registry: "mdns", …}`; components that are off are missing. */
  readonly plugins: Readonly<Record<string, string>>;
  /** Endpoints with their handlers. Complete before the first `start`, empty in `create`. */
  readonly handlers: readonly HandlerBinding[];
  /** Topics with their handlers. Complete before the first `start`, empty in `create`. */
  readonly subscribers: readonly SubscriberBinding[];
  readonly middleware: ServiceMiddleware;
  /** Servers and clients of this process. */
  readonly exchange: Exchange;
  /** The service's root logger: the one of handlers (`ctx.logger`). */
  readonly logger: Logger;
  /** Aborts when the service stops. */
  readonly signal: AbortSignal;
}

/** What `create` is given. */
export interface PluginContext<
  Config,
  Needs extends readonly AnyComponent[],
  Optional extends readonly AnyComponent[],
> {
  /** Checked and complete options of the component and the plugin; durations in ms, sizes in bytes. */
  readonly config: Config;
  /** The needed components; optional ones are undefined when the service has none. */
  readonly deps: ApiMap<Needs> & Partial<ApiMap<Optional>>;
  readonly scope: ServiceScope;
  /** Aborts when starting is given up. */
  readonly signal: AbortSignal;
}

/** What {@link definePlugin} takes. */
export interface PluginOptions<
  C extends AnyComponent,
  Name extends string,
  Config extends OptionsSchema,
  Needs extends readonly AnyComponent[],
  Optional extends readonly AnyComponent[],
> {
  /** Value of `plugin` in the component's section: `nats`. */
  readonly name: Name;
  /** Other names it answers to, for configurations of Go. @default [] */
  readonly aliases?: readonly string[];
  /** Options of this plugin alone. @default {} */
  readonly config?: Config;
  /** Components it is given; a list of plugins without one of them does not compile. @default [] */
  readonly needs?: Needs;
  /** Components it is given when the service has them. @default [] */
  readonly optional?: Optional;
  /**
   * Components that others of its kind use and this one does not, each with the reason: `explain` says so where they
   * are configured. @default {}
   */
  readonly ignores?: Readonly<Record<string, string>>;
  readonly create: (
    context: PluginContext<OptionsOutput<C["config"]> & OptionsOutput<Config>, Needs, Optional>,
  ) => Promise<InstanceOf<C>> | InstanceOf<C>;
}

const BRAND = Symbol.for("micro.plugin");

/** One implementation of a component. */
export interface Plugin<
  C extends AnyComponent = AnyComponent,
  Name extends string = string,
  Config extends OptionsSchema = OptionsSchema,
  Needs extends readonly AnyComponent[] = readonly AnyComponent[],
> {
  readonly [BRAND]: true;
  readonly component: C;
  readonly name: Name;
  readonly aliases: readonly string[];
  readonly config: Config;
  readonly needs: Needs;
  readonly optional: readonly AnyComponent[];
  readonly ignores: Readonly<Record<string, string>>;
  readonly create: (
    context: PluginContext<never, readonly AnyComponent[], readonly AnyComponent[]>,
  ) => unknown;
}

/** Any plugin, as a constraint. */
// biome-ignore lint/suspicious/noExplicitAny: the any of a constraint, as variance forbids unknown here.
export type AnyPlugin = Plugin<any, any, any, any>;

/**
 * Defines a plugin of `component`. Throws a TypeError when `component` or one of the needs is none, a name is
 * malformed or given twice, `create` is no function, or `config` holds what is no option or has the name of one of the
 * component's options.
 */
export function definePlugin<
  C extends AnyComponent,
  const Name extends string,
  const Config extends OptionsSchema = Record<never, never>,
  const Needs extends readonly AnyComponent[] = readonly [],
  const Optional extends readonly AnyComponent[] = readonly [],
>(component: C, options: PluginOptions<C, Name, Config, Needs, Optional>): Plugin<C, Name, Config, Needs> {
  if (!isComponent(component)) {
    throw new TypeError(`plugin '${options.name}': its component is ${notDefined(component)}`);
  }
  const names = [options.name, ...(options.aliases ?? [])];
  if (new Set(names).size < names.length) {
    throw new TypeError(`plugin '${component.name}-${options.name}': one of its names is given twice`);
  }
  for (const [index, need] of [...(options.needs ?? []), ...(options.optional ?? [])].entries()) {
    if (isComponent(need)) continue;
    throw new TypeError(`plugin '${component.name}-${options.name}': need ${index} is ${notDefined(need)}`);
  }
  if (typeof options.create !== "function") {
    throw new TypeError(`plugin '${component.name}-${options.name}': 'create' must be a function`);
  }
  for (const name of names) {
    if (typeof name !== "string" || !/^[a-z0-9][a-z0-9-]*$/.test(name)) {
      throw new TypeError(
        `plugin name '${name}' of '${component.name}' must be lower case letters, digits and '-'`,
      );
    }
  }
  const config = options.config ?? ({} as Config);
  const odd = notAnOption(config);
  if (odd !== undefined) {
    throw new TypeError(
      `plugin '${component.name}-${options.name}': option '${odd}' is not made by option.…`,
    );
  }
  for (const key of Object.keys(config)) {
    if (Object.hasOwn(component.config, key) || key === "enabled" || key === "plugin") {
      throw new TypeError(
        `plugin '${component.name}-${options.name}': option '${key}' is an option of the component already`,
      );
    }
  }
  return {
    [BRAND]: true,
    component,
    name: options.name,
    aliases: options.aliases ?? [],
    config,
    needs: options.needs ?? ([] as unknown as Needs),
    optional: options.optional ?? [],
    ignores: options.ignores ?? {},
    // The wiring hands in exactly what `needs` and `config` promise; the types of that end here.
    create: options.create as Plugin["create"],
  };
}

function notDefined(value: unknown): string {
  return value === undefined
    ? "undefined: do two modules import each other?"
    : "not what defineComponent returned";
}

/** Brand check that works across two copies of this package. */
export function isPlugin(value: unknown): value is AnyPlugin {
  return typeof value === "object" && value !== null && BRAND in value;
}
