import { codeSettings } from "./config/code.ts";
import { fileSettings, readConfigFile } from "./config/file.ts";
import { type ResolvedConfig, type ResolvedSection, resolveConfig } from "./config/resolve.ts";
import { collectSections, type Section } from "./config/sections.ts";
import type { Problem } from "./config/settings.ts";
import { readSources, type Sources, tooLateProblems } from "./config/sources.ts";
import { createContainer, provide } from "./container.ts";
import {
  type HandlerBinding,
  type ServiceDefinition,
  type SubscriberBinding,
  serviceNameProblem,
} from "./definition.ts";
import { Exchange } from "./exchange.ts";
import { isReported, missingNeed, planCreation } from "./graph.ts";
import { type Living, timeLimit, unlessAborted, withDismantled } from "./lifecycle.ts";
import { nearest } from "./nearest.ts";
import { readOffer } from "./offer.ts";
import type { ServiceScope } from "./plugin.ts";
import { RunningService } from "./running-service.ts";
import type { CompositionOptions, MiddlewareOptions } from "./service-types.ts";
import { StartError } from "./start-error.ts";
import { wire } from "./wiring.ts";

/** The options of `createService` without the types: what the generic parts work on. */
export interface LooseOptions extends CompositionOptions<readonly never[]> {
  readonly plugins: readonly unknown[];
  readonly [section: string]: unknown;
}

const DEFAULT_START_TIMEOUT_MS = 30_000;

/** Does what `createService` promises. */
export async function composeService(
  definition: ServiceDefinition,
  options: LooseOptions,
): Promise<RunningService> {
  const startTimeoutMs = options.startTimeoutMs ?? DEFAULT_START_TIMEOUT_MS;
  const malformed = optionProblems(definition, { ...options, startTimeoutMs });
  if (malformed.length > 0) throw new StartError(String(definition.name), malformed);
  let step = "reading the configuration";
  const limit = timeLimit(() => step, { timeoutMs: startTimeoutMs, option: "startTimeoutMs" });
  const { signal } = options;
  const giveUp = (): void => limit.controller.abort(signal?.reason);
  if (signal?.aborted) giveUp();
  signal?.addEventListener("abort", giveUp, { once: true });
  try {
    const progress: Progress = {
      signal: limit.controller.signal,
      onStep: (next) => {
        step = next;
      },
    };
    return await create(await configure(definition, options, progress), { ...progress, startTimeoutMs });
  } finally {
    limit.clear();
    signal?.removeEventListener("abort", giveUp);
  }
}

interface Progress {
  /** Aborts when creating is given up. */
  readonly signal: AbortSignal;
  readonly onStep: (step: string) => void;
}

/** A service that is checked and not yet made. */
interface Configured {
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
async function configure(
  definition: ServiceDefinition,
  options: LooseOptions,
  { signal, onStep }: Progress,
): Promise<Configured> {
  const { sections, problems: listed } = collectSections(options.plugins);
  const problems: Problem[] = [...listed];
  const code = codeSettings(options, sections);
  const given = new Map(
    Object.entries(options.instances ?? {}).filter(([, instance]) => instance !== undefined),
  );
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
    const file = await unlessAborted(signal, () => readConfigFile(source.file));
    const fromFile = fileSettings(file, (name) => sections.get(name)?.component.scoped === true);
    const config = resolveConfig(sections, [...code.settings, ...fromFile.settings, ...source.settings]);
    const plan = planCreation(config.sections, new Set([...given.keys(), ...source.instances.keys()]));
    problems.push(
      ...code.problems,
      ...source.problems,
      ...file.problems,
      ...fromFile.problems,
      ...tooLateProblems(fromFile.settings, sections),
      ...config.problems,
      ...instanceProblems(given, sections),
      ...plan.problems,
      ...definitionProblems(definition, { config, given }),
    );
    if (problems.length > 0) throw new StartError(definition.name, problems);
    return { definition, options, sections, source, config, given, order: plan.order };
  } catch (error) {
    throw await withDismantled(error, source.living);
  }
}

/** Creates the components. When that fails, those that were made are stopped. */
async function create(
  { definition, options, sections, source, config, given, order }: Configured,
  { signal, onStep, startTimeoutMs }: Progress & { readonly startTimeoutMs: number },
): Promise<RunningService> {
  const abort = new AbortController();
  const handlers: HandlerBinding[] = [];
  const subscribers: SubscriberBinding[] = [];
  const scope: Omit<ServiceScope, "logger"> = {
    ...describe(definition),
    metadata: definition.metadata ?? {},
    plugins: chosenNames(config.sections),
    handlers,
    subscribers,
    middleware: middlewareOf(definition, options.middleware),
    exchange: options.exchange ?? new Exchange(),
    signal: abort.signal,
  };
  const living: Living[] = [...source.living];
  try {
    const there = new Map<string, unknown>([...source.instances, ...given]);
    const made = await wire({ order, all: config.sections, given: there, scope, signal, onStep, living });
    const container = await createContainer();
    for (const { component } of sections.values())
      if (made.has(component.name)) provide(container, component.token, made.get(component.name));
    const offer = readOffer(definition, made);
    if (offer.problems.length > 0) throw new StartError(definition.name, offer.problems);
    handlers.push(...offer.handlers);
    subscribers.push(...offer.subscribers);
    return new RunningService({
      scope,
      config,
      wired: { components: made, living },
      container,
      abort,
      startTimeoutMs,
      hooks: options.hooks ?? {},
      off: switchedOff(config.sections),
      ...(options.signal ? { signal: options.signal } : {}),
    });
  } catch (error) {
    abort.abort(error);
    throw await withDismantled(error, living);
  }
}

const describe = ({ name, version, description }: ServiceDefinition) => ({
  name,
  version: version ?? "latest",
  description: description ?? "",
});

function optionProblems(
  definition: ServiceDefinition,
  { signal, startTimeoutMs }: { signal?: unknown; startTimeoutMs: number },
): Problem[] {
  const where = "createService";
  const name = serviceNameProblem(definition.name);
  return [
    ...(name === undefined ? [] : [{ where, message: name }]),
    ...(startTimeoutMs > 0
      ? []
      : [{ where, message: `startTimeoutMs must be a number above 0, not ${startTimeoutMs}` }]),
    ...(signal === undefined || signal instanceof AbortSignal
      ? []
      : [{ where, message: "signal must be an AbortSignal" }]),
  ];
}

function instanceProblems(
  given: ReadonlyMap<string, unknown>,
  sections: ReadonlyMap<string, Section>,
): Problem[] {
  return [...given.keys()]
    .filter((name) => !sections.has(name))
    .map((name) => {
      const guess = nearest(name, sections.keys());
      return {
        where: "createService",
        message: `an instance of '${name}' is given, and no plugin of it is listed`,
        hint: guess === undefined ? "list a plugin of the component" : `did you mean '${guess}'?`,
      };
    });
}

function definitionProblems(
  definition: ServiceDefinition,
  { config, given }: { config: ResolvedConfig; given: ReadonlyMap<string, unknown> },
): Problem[] {
  return (definition.needs ?? [])
    .map((need) => ({ need, section: config.sections.get(need.name) }))
    .filter(
      ({ need, section }) =>
        !need.replaceable && !given.has(need.name) && !isOn(section) && !isReported(section),
    )
    .map(({ need, section }) => missingNeed(`service '${definition.name}'`, need, section));
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
