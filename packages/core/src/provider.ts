import { type AnyComponent, type ApiOf, type Component, defineComponent } from "./component.ts";
import { definePlugin, type Plugin } from "./plugin.ts";

/** Instances of a list of components, in its order. */
type ApisOf<Needs extends readonly AnyComponent[]> = { readonly [I in keyof Needs]: ApiOf<Needs[I]> };

/** What {@link defineProvider} takes beside the class. */
export interface ProviderOptions<Name extends string, Needs extends readonly AnyComponent[]> {
  /** Property on the service, and section: `greetings`. Lower case letters. */
  readonly name: Name;
  /** Components that the constructor is given, in the order of its parameters. @default [] */
  readonly needs?: Needs;
  /** One sentence for `--help` and the configuration reference. @default the name of the class */
  readonly description?: string;
}

/**
 * Puts a class of yours into the graph: `defineProvider(Greetings, { name: "greetings", needs: [broker, logger] })` is
 * a plugin that constructs it, once per service, with the components it needs. Others need its `component`. An instance
 * with `start`, `drain` or `stop` has a life like any other. Throws a TypeError like `defineComponent` and
 * `definePlugin`.
 */
export function defineProvider<
  const Name extends string,
  Instance extends object,
  const Needs extends readonly AnyComponent[] = readonly [],
>(
  Class: new (...dependencies: ApisOf<Needs>) => Instance,
  { name, needs, description = Class.name }: ProviderOptions<Name, Needs>,
): Plugin<
  Component<Name, Instance, Instance, Record<never, never>, false, false>,
  "class",
  Record<never, never>,
  Needs
> {
  const component = defineComponent<Instance>()({ name, description, config: {} });
  const list: readonly AnyComponent[] = needs ?? [];
  const plugin = definePlugin(component, {
    name: "class",
    needs: list,
    create: ({ deps }) => {
      const given: Readonly<Record<string, unknown>> = deps;
      // `needs` and the constructor were checked against each other above.
      return new Class(...(list.map((need) => given[need.name]) as unknown as ApisOf<Needs>));
    },
  });
  return plugin as never;
}
