import type { Logger } from "./logger.ts";
import { notAnOption, type OptionsInput, type OptionsOutput, type OptionsSchema } from "./option.ts";

/** Symbol under which an instance stands in the service's container. Equal across copies of this package. */
export type Token = symbol;

/** When a component lives: `config` before configuration is read, `edge` starts last and drains first. */
export type ComponentPhase = "config" | "core" | "edge";

/** An instance with the name of the plugin that made it. */
export interface NamedInstance<Instance> {
  readonly plugin: string;
  readonly instance: Instance;
}

/** What `assemble` is given. */
export interface AssembleContext<Config> {
  readonly config: Config;
  /** The component's own logger. */
  readonly logger: Logger;
}

/** What {@link defineComponent} takes. `Api` is what a service offers, `Instance` what a plugin makes. */
export interface ComponentOptions<
  Name extends string,
  Api,
  Instance,
  Config extends OptionsSchema,
  Scoped extends boolean = boolean,
  Absent extends (() => Api) | undefined = (() => Api) | undefined,
> {
  /** Config section, flag prefix and property on the service: `broker`. Lower case letters. */
  readonly name: Name;
  /** One sentence for `--help` and the configuration reference. */
  readonly description: string;
  /** Options of every plugin; `enabled`, `plugin` and the sections of scoped components come from core. */
  readonly config: Config;
  /** Plugin that is taken when several are listed and nothing chooses. */
  readonly defaultPlugin?: string;
  /** True when all listed plugins are created and `assemble` joins them (codecs). @default false: one is chosen */
  readonly multiple?: boolean;
  /** True when other components may have an instance of their own, under their section (loggers). @default false */
  readonly scoped?: Scoped;
  /** @default "core" */
  readonly phase?: ComponentPhase;
  /**
   * Turns what plugins made into what the service offers: adds a cache, joins codecs. Needed when the two differ.
   * When what it returns has a life, that one is lived in place of the instances': it passes it on to them.
   */
  readonly assemble?: (
    instances: readonly [NamedInstance<Instance>, ...NamedInstance<Instance>[]],
    context: AssembleContext<OptionsOutput<Config>>,
  ) => Api;
  /** What others are given when no plugin is listed or the component is off. Without it that is a start-up error. */
  readonly absent?: Absent;
  /** The instance another component gets when it has none of its own: a child logger. */
  readonly scope?: (api: Api, component: string) => Api;
}

const BRAND = Symbol.for("micro.component");

/** Names that a service, `createService`, the command line or every section has already. */
const RESERVED: ReadonlySet<string> = new Set(
  `name version state signal container resolve start run stop explain
  plugins hooks middleware instances exchange shared services service
  enabled plugin help constructor then`.split(/\s+/),
);

/** A capability with an interface, a config schema and a place on the service. */
export interface Component<
  Name extends string = string,
  Api = unknown,
  Instance = Api,
  Config extends OptionsSchema = OptionsSchema,
  Scoped extends boolean = boolean,
  Replaceable extends boolean = boolean,
> {
  readonly [BRAND]: true;
  readonly name: Name;
  readonly description: string;
  readonly config: Config;
  readonly defaultPlugin?: string;
  readonly multiple: boolean;
  readonly scoped: Scoped;
  readonly phase: ComponentPhase;
  readonly token: Token;
  /** True when a service without it works all the same: others are given what `absent` makes. */
  readonly replaceable: Replaceable;
  readonly assemble?: (
    instances: readonly [NamedInstance<never>, ...NamedInstance<never>[]],
    context: AssembleContext<never>,
  ) => Api;
  readonly absent?: () => Api;
  readonly scope?: (api: never, component: string) => Api;
  readonly "~api"?: Api;
  readonly "~instance"?: Instance;
}

/** Any component, as a constraint. */
// biome-ignore lint/suspicious/noExplicitAny: the any of a constraint, as variance forbids unknown here.
export type AnyComponent = Component<string, any, any, any, boolean, boolean>;

/** The section name of a component type. */
export type NameOf<C> = C extends { readonly name: infer N extends string } ? N : never;
/** What a service offers for a component type. */
export type ApiOf<C> = C extends { readonly "~api"?: infer A } ? NonNullable<A> : never;
/** What a plugin of a component type makes. */
export type InstanceOf<C> = C extends { readonly "~instance"?: infer I } ? NonNullable<I> : never;
/** Options of a component type, as written in code. */
export type ConfigInputOf<C> = C extends { readonly config: infer S extends OptionsSchema }
  ? OptionsInput<S>
  : never;
/** Component instances by section name. */
export type ApiMap<Cs extends readonly AnyComponent[]> = {
  readonly [C in Cs[number] as NameOf<C>]: ApiOf<C>;
};

/**
 * Defines a component: `defineComponent<Broker>()({name: "broker", …})`.
 * Throws a TypeError for a name that cannot be a section, a flag prefix and a property, or that core has taken, and for
 * a `config` that holds what is no option.
 */
export function defineComponent<Api, Instance = Api>() {
  return <
    const Name extends string,
    const Config extends OptionsSchema,
    const Scoped extends boolean = false,
    const Absent extends (() => Api) | undefined = undefined,
  >(
    options: ComponentOptions<Name, Api, Instance, Config, Scoped, Absent>,
  ): Component<Name, Api, Instance, Config, Scoped, Absent extends undefined ? false : true> => {
    if (!/^[a-z][a-z0-9]*$/.test(options.name)) {
      throw new TypeError(`component name '${options.name}' must be lower case letters and digits`);
    }
    if (RESERVED.has(options.name)) {
      throw new TypeError(`component name '${options.name}' is taken by core: choose another one`);
    }
    const odd = notAnOption(options.config ?? {});
    if (options.config === undefined || odd !== undefined) {
      const what = odd === undefined ? "'config' is missing" : `option '${odd}' is not made by option.…`;
      throw new TypeError(`component '${options.name}': ${what}`);
    }
    const component = {
      ...options,
      [BRAND]: true as const,
      token: tokenOf(options.name),
      phase: options.phase ?? "core",
      multiple: options.multiple ?? false,
      scoped: options.scoped ?? false,
      replaceable: options.absent !== undefined,
    };
    // The stored functions take `never`: only the wiring calls them, with what the same component made.
    return component as unknown as Component<
      Name,
      Api,
      Instance,
      Config,
      Scoped,
      Absent extends undefined ? false : true
    >;
  };
}

/**
 * A component by its name alone, for `optional` needs: `componentNamed<typeof broker>("broker")`. The component's
 * package is then imported for its types only, and services that do without it need not install it.
 */
export function componentNamed<C extends AnyComponent>(name: NameOf<C>): C {
  // Wiring asks the section of that name for everything else.
  return { [BRAND]: true, name, token: tokenOf(name), scoped: false, replaceable: false } as unknown as C;
}

const tokenOf = (name: string): Token => Symbol.for(`micro.component.${name}`);

/** Brand check that works across two copies of this package. */
export function isComponent(value: unknown): value is AnyComponent {
  return typeof value === "object" && value !== null && BRAND in value;
}
