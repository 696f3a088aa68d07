import { Exchange } from "../exchange.ts";
import { failedAt } from "../failed-step.ts";
import { hasLife, type Living, unlessAborted, withDismantled } from "../lifecycle.ts";
import { nullLogger } from "../logger.ts";
import type { AnyPlugin, ServiceScope } from "../plugin.ts";
import { ExitRequest } from "../start-error.ts";
import { type ResolvedSection, resolveConfig } from "./resolve.ts";
import { configFields, type Section } from "./sections.ts";
import type { ConfigSource, ConfigSourceResult, Problem, Setting } from "./settings.ts";

/** What the components of phase `config` found. */
export interface Sources {
  readonly settings: readonly Setting[];
  readonly problems: readonly Problem[];
  /** The components of phase `config`, made already. */
  readonly instances: ReadonlyMap<string, unknown>;
  /** Those of them that have a life. */
  readonly living: readonly Living[];
  readonly file: { readonly path: string | false | undefined; readonly namedBy: string };
}

/** What {@link readSources} works from. */
export interface SourcesOptions {
  readonly sections: ReadonlyMap<string, Section>;
  readonly code: readonly Setting[];
  readonly service: { readonly name: string; readonly version: string; readonly description: string };
  readonly configFile: string | false | undefined;
  /** Instances that somebody else owns: one of them is asked in place of a plugin's. */
  readonly given: ReadonlyMap<string, unknown>;
  /** Aborts when creating is given up. */
  readonly signal: AbortSignal;
  readonly onStep: (step: string) => void;
}

/**
 * Creates the components that bring in configuration, from code alone, and asks them. Rejects with an
 * {@link ExitRequest} when one of them says that the program is to end.
 */
export async function readSources(options: SourcesOptions): Promise<Sources> {
  const { sections, code } = options;
  const settings: Setting[] = [];
  const problems: Problem[] = [];
  const instances = new Map<string, unknown>();
  const living: Living[] = [];
  let file: Sources["file"] = { path: options.configFile, namedBy: "createService" };
  const early = new Map([...sections].filter(([, { component }]) => component.phase === "config"));
  const config = resolveConfig(
    early,
    code.filter(({ path }) => early.has(path[0] as string)),
  );
  try {
    for (const [name, section] of config.sections) {
      const [plugin] = section.plugins;
      // What is wrong with these sections is found again, and reported, with all the others.
      if (!section.enabled || plugin === undefined || config.problems.length > 0) continue;
      const own = options.given.get(name) as ConfigSource | undefined;
      const { instance, result } = await ask(plugin, section, { ...options, own });
      instances.set(name, instance);
      if (own === undefined && hasLife(instance)) living.push({ name, life: instance, section });
      if (result.exit !== undefined) throw new ExitRequest(result.exit.text, result.exit.code);
      settings.push(...result.settings);
      problems.push(...result.problems);
      if (result.configFile !== undefined)
        file = { path: result.configFile, namedBy: result.configFileFrom ?? "--config" };
    }
  } catch (error) {
    throw await withDismantled(error, living);
  }
  return { settings, problems, instances, living, file };
}

async function ask(
  plugin: AnyPlugin,
  section: ResolvedSection,
  { sections, service, signal, onStep, own }: SourcesOptions & { readonly own: ConfigSource | undefined },
): Promise<{ readonly instance: ConfigSource; readonly result: ConfigSourceResult }> {
  const step = `reading configuration with '${section.section.component.name}-${plugin.name}'`;
  // Nothing else exists yet: no logger, no handlers, no other component.
  const scope: ServiceScope = {
    ...service,
    metadata: {},
    plugins: {},
    handlers: [],
    subscribers: [],
    middleware: { client: [], attempt: [], handler: [], subscriber: [] },
    exchange: new Exchange(),
    logger: nullLogger,
    signal,
  };
  const context = { config: section.config, deps: {}, scope, signal };
  onStep(step);
  try {
    const instance = await unlessAborted(
      signal,
      async () => own ?? ((await plugin.create(context as never)) as ConfigSource),
    );
    const fields = configFields(sections.values());
    const result = await unlessAborted(signal, () => instance.readConfig({ service, fields }));
    return { instance, result };
  } catch (error) {
    if (signal.aborted) throw error;
    throw failedAt(step, error, { service: service.name, section, plugin: plugin.name });
  }
}

/** Settings of a file for a component that had to exist before the file was read: they would be ignored. */
export function tooLateProblems(
  settings: readonly Setting[],
  sections: ReadonlyMap<string, Section>,
): readonly Problem[] {
  return settings
    .filter(({ path, value }) => value !== undefined && phaseOf(sections, path[0]) === "config")
    .map(({ path, origin }) => ({
      where: origin.where,
      message: `'${path[0]}' reads the configuration, so a file cannot configure it`,
      hint: `set it in code: createService(…, { ${path[0]}: … })`,
    }));
}

const phaseOf = (sections: ReadonlyMap<string, Section>, name: string | undefined): string | undefined =>
  sections.get(name ?? "")?.component.phase;
