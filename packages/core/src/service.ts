import type { AnyComponent } from "./component.ts";
import { fileSettings, readConfigFile } from "./config/file.ts";
import { type ResolvedConfig, type ResolvedSection, resolveConfig } from "./config/resolve.ts";
import { collectSections, configFields, type Section } from "./config/sections.ts";
import type { ConfigSource, Problem, Setting } from "./config/settings.ts";
import { createContainer, provide } from "./container.ts";
import type { HandlerBinding, ServiceDefinition, SubscriberBinding } from "./definition.ts";
import { Exchange } from "./exchange.ts";
import { missingNeed, planCreation } from "./graph.ts";
import { bounded } from "./lifecycle.ts";
import type { AnyPlugin, ServiceScope } from "./plugin.ts";
import { RunningService } from "./running-service.ts";
import type {
  CheckedDefinition,
  CheckedPlugins,
  ComponentSettings,
  CompositionOptions,
  MiddlewareOptions,
  Service,
} from "./service-types.ts";
import { ExitRequest, StartError } from "./start-error.ts";
import { wire } from "./wiring.ts";

/** What {@link createService} takes beside the definition. */
export type ServiceOptions<Ps extends readonly AnyPlugin[]> = CompositionOptions<Ps> & {
  /** What you list is what you get: `[...defaults, natsBroker]`. */
  readonly plugins: Ps & CheckedPlugins<Ps>;
} & ComponentSettings<Ps>;

/** The same without the types: what the generic parts work on. */
interface LooseOptions extends CompositionOptions<readonly never[]> {
  readonly plugins: readonly unknown[];
  readonly [section: string]: unknown;
}

const NOT_SECTIONS = new Set([
  "plugins",
  "configFile",
  "hooks",
  "middleware",
  "instances",
  "exchange",
  "signal",
  "startTimeoutMs",
]);

/**
 * Wires a service: reads its configuration, chooses and checks, and creates the components in dependency order. It is
 * not started yet: `start()` or `run()` does that. Rejects with a {@link StartError} that lists every problem, or with
 * an {@link ExitRequest} when the command line asks for help.
 */
export async function createService<
  const Ps extends readonly AnyPlugin[],
  const Needs extends readonly AnyComponent[] = readonly [],
>(
  definition: ServiceDefinition<Needs> & CheckedDefinition<Needs, Ps>,
  options: ServiceOptions<Ps>,
): Promise<Service<Ps>> {
  const service = await compose(
    definition as unknown as ServiceDefinition,
    options as unknown as LooseOptions,
  );
  return service as unknown as Service<Ps>;
}

async function compose(definition: ServiceDefinition, options: LooseOptions): Promise<RunningService> {
  const { sections, problems: listed } = collectSections(options.plugins);
  const problems: Problem[] = [...listed];
  const code = codeSettings(options, sections);
  const source = await readSources(definition, { sections, code, options, problems });
  const file = await readConfigFile(source.file);
  const fromFile = fileSettings(file, (name) => sections.get(name)?.component.scoped === true);
  problems.push(...file.problems, ...fromFile.problems);

  const config = resolveConfig(sections, [...code, ...fromFile.settings, ...source.settings]);
  problems.push(...config.problems);
  const given = new Map(
    Object.entries(options.instances ?? {}).filter(([, instance]) => instance !== undefined),
  );
  const plan = planCreation(config.sections, new Set([...given.keys(), ...source.instances.keys()]));
  problems.push(...plan.problems, ...definitionProblems(definition, { config, given }));
  if (problems.length > 0) throw new StartError(definition.name, problems);

  const abort = new AbortController();
  const handlers: HandlerBinding[] = [];
  const subscribers: SubscriberBinding[] = [];
  const scope: Omit<ServiceScope, "logger"> = {
    name: definition.name,
    version: definition.version ?? "latest",
    description: definition.description ?? "",
    metadata: definition.metadata ?? {},
    plugins: chosenNames(config.sections),
    handlers,
    subscribers,
    middleware: middlewareOf(definition, options.middleware),
    exchange: options.exchange ?? new Exchange(),
    signal: abort.signal,
  };
  const startTimeoutMs = options.startTimeoutMs ?? 30_000;
  const creation = new AbortController();
  const all = new Map<string, unknown>([...source.instances, ...given]);
  const wired = await bounded("creating the components", startTimeoutMs, () =>
    wire({ order: plan.order, all: config.sections, given: all, scope, signal: creation.signal }),
  ).catch((error: unknown) => {
    creation.abort(error);
    throw error;
  });
  const container = await createContainer();
  for (const { component } of sections.values()) {
    if (wired.components.has(component.name))
      provide(container, component.token, wired.components.get(component.name));
  }
  const components = Object.fromEntries(wired.components);
  handlers.push(...provided(definition.handlers, components).flat());
  subscribers.push(...provided(definition.subscribers, components));
  return new RunningService({
    scope,
    config,
    wired,
    container,
    abort,
    startTimeoutMs,
    hooks: options.hooks ?? {},
    off: switchedOff(config.sections),
    ...(options.signal ? { signal: options.signal } : {}),
  });
}

function provided<T>(
  list: readonly T[] | ((components: never) => readonly T[]) | undefined,
  components: unknown,
): readonly T[] {
  return typeof list === "function" ? list(components as never) : (list ?? []);
}

/** The options of code as settings, one per key. */
function codeSettings(options: LooseOptions, sections: ReadonlyMap<string, Section>): Setting[] {
  const settings: Setting[] = [];
  const origin = { kind: "code", where: "createService" } as const;
  for (const [name, section] of Object.entries(options)) {
    if (NOT_SECTIONS.has(name) || typeof section !== "object" || section === null) continue;
    for (const [key, value] of Object.entries(section)) {
      if (value === undefined) continue;
      if (!sections.get(key)?.component.scoped) settings.push({ path: [name, key], value, origin });
      else
        for (const [below, inner] of Object.entries(value as object))
          settings.push({ path: [name, key, below], value: inner, origin });
    }
  }
  return settings;
}

interface Sources {
  readonly settings: readonly Setting[];
  /** The components of phase `config`, made already. */
  readonly instances: ReadonlyMap<string, unknown>;
  readonly file: { readonly path: string | false | undefined; readonly namedBy: string };
}

/** Creates the components that bring in configuration, from code alone, and asks them. */
async function readSources(
  definition: ServiceDefinition,
  {
    sections,
    code,
    options,
    problems,
  }: {
    sections: ReadonlyMap<string, Section>;
    code: readonly Setting[];
    options: LooseOptions;
    problems: Problem[];
  },
): Promise<Sources> {
  const settings: Setting[] = [];
  const instances = new Map<string, unknown>();
  let file: Sources["file"] = { path: options.configFile, namedBy: "createService" };
  const phase = new Map([...sections].filter(([, { component }]) => component.phase === "config"));
  const early = resolveConfig(
    phase,
    code.filter(({ path }) => phase.has(path[0] as string)),
  );
  const service = {
    name: definition.name,
    version: definition.version ?? "latest",
    description: definition.description ?? "",
  };
  for (const [name, section] of early.sections) {
    const [plugin] = section.plugins;
    if (!section.enabled || plugin === undefined || early.problems.length > 0) continue;
    const instance = (await plugin.create({
      config: section.config,
      deps: {},
      scope: {},
      signal: new AbortController().signal,
    } as never)) as ConfigSource;
    instances.set(name, instance);
    const result = await instance.readConfig({ service, fields: configFields(sections.values()) });
    if (result.exit !== undefined) throw new ExitRequest(result.exit.text, result.exit.code);
    settings.push(...result.settings);
    problems.push(...result.problems);
    if (result.configFile !== undefined) file = { path: result.configFile, namedBy: "--config" };
  }
  return { settings, instances, file };
}

function definitionProblems(
  definition: ServiceDefinition,
  { config, given }: { config: ResolvedConfig; given: ReadonlyMap<string, unknown> },
): Problem[] {
  return (definition.needs ?? [])
    .filter((need) => !need.replaceable && !given.has(need.name) && !isOn(config.sections.get(need.name)))
    .map((need) => missingNeed(`service '${definition.name}'`, need, config.sections.get(need.name)));
}

const isOn = (section: ResolvedSection | undefined): boolean =>
  section?.enabled === true && section.plugins.length > 0;

function chosenNames(sections: ReadonlyMap<string, ResolvedSection>): Record<string, string> {
  const names: Record<string, string> = {};
  for (const [name, section] of sections) {
    const [plugin] = section.plugins;
    if (isOn(section) && plugin !== undefined && !section.section.component.multiple)
      names[name] = plugin.name;
  }
  return names;
}

function switchedOff(sections: ReadonlyMap<string, ResolvedSection>): ReadonlyMap<string, string> {
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
