import * as v from "valibot";
import type { AnyComponent, ApiMap, InstanceOf } from "./component.ts";
import { Exchange } from "./exchange.ts";
import { nullLogger } from "./logger.ts";
import { type OptionsInput, type OptionsSchema, objectSchema } from "./option.ts";
import type { Plugin, PluginContext, ServiceScope } from "./plugin.ts";

/** What {@link instantiate} gives the plugin. */
export interface InstantiateOptions<
  C extends AnyComponent,
  Config extends OptionsSchema,
  Needs extends readonly AnyComponent[],
> {
  /** As in code; defaults are filled in. */
  readonly config?: OptionsInput<C["config"]> & OptionsInput<Config>;
  /** Instances of what it needs; a logger that writes nothing is given where none is. */
  readonly deps?: Partial<ApiMap<Needs>> & Readonly<Record<string, unknown>>;
  readonly scope?: Partial<ServiceScope>;
  readonly signal?: AbortSignal;
}

/**
 * One instance of one plugin, without a service: for the tests of a plugin. The caller starts and stops it.
 * Throws a TypeError for options that do not fit.
 */
export async function instantiate<
  C extends AnyComponent,
  Name extends string,
  Config extends OptionsSchema,
  Needs extends readonly AnyComponent[],
>(
  plugin: Plugin<C, Name, Config, Needs>,
  options: InstantiateOptions<C, Config, Needs> = {},
): Promise<InstanceOf<C>> {
  const parsed = v.safeParse(
    objectSchema({ ...plugin.component.config, ...plugin.config }),
    options.config ?? {},
  );
  if (!parsed.success) {
    const issues = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? ""}: ${issue.message}`);
    throw new TypeError(`options of '${plugin.component.name}-${plugin.name}': ${issues.join("; ")}`);
  }
  const signal = options.signal ?? new AbortController().signal;
  const scope: ServiceScope = {
    name: "test",
    version: "latest",
    description: "",
    metadata: {},
    plugins: {},
    handlers: [],
    subscribers: [],
    middleware: { client: [], attempt: [], handler: [], subscriber: [] },
    exchange: new Exchange(),
    logger: nullLogger,
    signal,
    ...options.scope,
  };
  const context = { config: parsed.output, deps: { logger: nullLogger, ...options.deps }, scope, signal };
  // The types of what goes in are checked above and by the caller's own; the wiring's `never` is only a meeting point.
  return (await plugin.create(
    context as unknown as PluginContext<never, readonly AnyComponent[], readonly AnyComponent[]>,
  )) as InstanceOf<C>;
}
