import { checkComposition, givenInstances, type LooseOptions } from "./check-composition.ts";
import { codeSettings } from "./config/code.ts";
import { type ConfigFileRequest, fileSettings, readConfigFile } from "./config/file.ts";
import type { ResolvedConfig, ResolvedSection } from "./config/resolve.ts";
import { collectSections, type Section } from "./config/sections.ts";
import { readSources, type Sources, tooLateProblems } from "./config/sources.ts";
import type { ServiceDefinition } from "./definition.ts";
import { unlessAborted, withDismantled } from "./lifecycle.ts";
import { StartError } from "./start-error.ts";

/** What watches over the creation of a service. */
export interface Progress {
  /** Aborts when creating is given up. */
  readonly signal: AbortSignal;
  /** Told what is under way, for the error of a step that takes too long. */
  readonly onStep: (step: string) => void;
}

/** A service that is checked and not yet made. */
export interface Configured {
  readonly definition: ServiceDefinition;
  readonly options: LooseOptions;
  readonly sections: ReadonlyMap<string, Section>;
  readonly source: Sources;
  readonly config: ResolvedConfig;
  /** Instances that somebody else owns. */
  readonly given: ReadonlyMap<string, unknown>;
  readonly order: readonly ResolvedSection[];
}

/** Reads and checks everything. Rejects with all problems at once; nothing is left behind then. */
export async function configure(
  definition: ServiceDefinition,
  options: LooseOptions,
  { signal, onStep }: Progress,
): Promise<Configured> {
  const { sections, problems: listed } = collectSections(options.plugins);
  const code = codeSettings(options, sections);
  const given = givenInstances(options);
  const source = await readSources({
    sections,
    code: code.settings,
    service: describe(definition),
    configFile: options.configFile,
    given,
    signal,
    onStep,
  });
  onStep("reading the configuration file");
  try {
    const env = variablesOf(options);
    const file = await unlessAborted(signal, () => readConfigFile({ ...source.file, ...env }));
    const fromFile = fileSettings(file, (name) => sections.get(name)?.component.scoped === true);
    const { config, order, problems } = checkComposition(definition, {
      sections,
      settings: [...code.settings, ...fromFile.settings, ...source.settings],
      given,
      made: source.instances.keys(),
    });
    const all = [
      ...listed,
      ...code.problems,
      ...source.problems,
      ...file.problems,
      ...fromFile.problems,
      ...tooLateProblems(fromFile.settings, sections),
      ...problems,
    ];
    if (all.length > 0) throw new StartError(definition.name, all);
    const hasVariables = "env" in env;
    return { definition, options, sections, source, config: { ...config, hasVariables }, given, order };
  } catch (error) {
    throw await withDismantled(error, source.living);
  }
}

/** What texts of the configuration file may name. */
function variablesOf({ interpolateEnv = false }: LooseOptions): Pick<ConfigFileRequest, "env"> {
  if (interpolateEnv === false) return {};
  return { env: interpolateEnv === true ? process.env : interpolateEnv };
}

/** What a definition says of the service, complete. */
export function describe({ name, version, description }: ServiceDefinition): {
  readonly name: string;
  readonly version: string;
  readonly description: string;
} {
  return { name, version: version ?? "latest", description: description ?? "" };
}
