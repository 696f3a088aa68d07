import type { Readable, Writable } from "node:stream";
import { StartError } from "@micro/core";
import { readCommandLine } from "./command-line.ts";
import { ownFlags } from "./command-table.ts";
import { CATALOG, SERVICE_CATALOG } from "./compose/catalog.ts";
import { allValues, Choices, lastValue } from "./compose/choices.ts";
import { readComponentFlags } from "./compose/component-flags.ts";
import { loadPlugins, type MissingPlugins, type PluginSearch } from "./compose/find-plugin.ts";
import { splitLine } from "./compose/split-line.ts";
import type { CommandContext } from "./context.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import { createOutput, type Output } from "./output.ts";
import { reportFailure } from "./report.ts";

/** What {@link main} works with: everything of the process that it touches. */
export interface MainOptions {
  /** Arguments, without node and the script. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdin: Readable;
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  /** Ends the command when it aborts; an {@link Interruption} as the reason says with which exit code. */
  readonly signal: AbortSignal;
}

/** Why a command is told to end, as the reason of its signal; any other reason counts as Ctrl-C. */
export interface Interruption {
  /** What the process ends with. */
  readonly exitCode: number;
}

/** Runs one command line. Resolves with the exit code; it never rejects, and it never ends the process. */
export async function main(options: MainOptions): Promise<number> {
  const { argv, stdout, stderr, env, signal } = options;
  const json = (lastValue(argv, "output") ?? lastValue(argv, "o")) === "json";
  const output = createOutput({ json, stdout, stderr, env });
  try {
    if (argv[0] === "--complete") return await answerShell(options, output);
    const { own, ...context } = await contextOf(options, { argv, lenient: false, output });
    if (isVersion(own)) {
      await output.print(await ownVersion());
      return EXIT_CODES.ok;
    }
    const asked = await readCommandLine(own, stdout.columns);
    if (asked.kind === "run") return await asked.run(context);
    if (asked.exitCode === EXIT_CODES.ok) await output.print(asked.text);
    else output.note(asked.text);
    return asked.exitCode;
  } catch (error) {
    if (signal.aborted) return interruptionCode(signal.reason);
    return reportFailure(error, output);
  }
}

function interruptionCode(reason: unknown): number {
  const { exitCode } = (reason ?? {}) as Partial<Interruption>;
  return typeof exitCode === "number" ? exitCode : EXIT_CODES.interrupted;
}

/** Completion: whatever is wrong with a line that is not complete, the shell is not told. */
async function answerShell(options: MainOptions, output: Output): Promise<number> {
  const typed = options.argv.slice(1);
  const { complete } = await import("./commands/complete.ts");
  try {
    // The word that is being typed is not yet what it will be.
    const context = await contextOf(options, { argv: typed.slice(0, -1), lenient: true, output });
    return await complete(context, typed);
  } catch {
    return EXIT_CODES.ok;
  }
}

const isVersion = (own: readonly string[]): boolean =>
  own.length > 0 && own.every((argument) => argument === "--version" || argument === "-v");

/** Loads what the component flags of the line belong to, and takes the line apart. */
async function contextOf(
  { env, cwd, stdin, signal }: MainOptions,
  { argv, lenient, output }: { argv: readonly string[]; lenient: boolean; output: Output },
): Promise<CommandContext & { readonly own: readonly string[] }> {
  const end = argv.indexOf("--");
  const interpolateEnv = (end === -1 ? argv : argv.slice(0, end)).includes("--interpolate-env");
  const choices = new Choices({ argv, env, cwd, interpolateEnv });
  const flags = ownFlags();
  const isGenerate = argv[0] === "generate";
  const modules = isGenerate ? [] : allValues(argv, "plugin");
  const extra = (await Promise.all(modules.map((module) => loadPlugins(module, cwd)))).flat();
  const search: PluginSearch = { catalog: SERVICE_CATALOG, cwd, extra };
  const common = { output, stdin, env, cwd, signal, choices, search };
  // Its flags are its own business.
  if (isGenerate) return { ...common, own: argv, given: new Map(), typedFlags: [] };
  const missing: MissingPlugins = new Map();
  const componentFlags = await readComponentFlags(argv, { search, choices, ownFlags: flags, missing });
  const known = { ownFlags: flags, componentFlags, components: Object.keys(CATALOG) };
  if (lenient) return { ...common, ...splitWhatCan(argv, known) };
  const { own, given, typed } = splitKnown(argv, known, missing);
  return { ...common, own, given, typedFlags: typed };
}

/** {@link splitLine}: a flag that nobody knows may be one of a plugin that is not there, and then that is what to tell. */
function splitKnown(
  argv: readonly string[],
  known: Parameters<typeof splitLine>[1],
  missing: MissingPlugins,
): ReturnType<typeof splitLine> {
  try {
    return splitLine(argv, known);
  } catch (error) {
    if (missing.size === 0) throw error;
    throw new StartError("micro", [...missing.values()]);
  }
}

/** {@link splitLine} for a line that is not complete yet: what cannot be read is left out. */
function splitWhatCan(
  argv: readonly string[],
  options: Parameters<typeof splitLine>[1],
): Pick<CommandContext, "given" | "typedFlags"> & { readonly own: readonly string[] } {
  for (let length = argv.length; length >= 0; length--) {
    try {
      const { own, given, typed } = splitLine(argv.slice(0, length), options);
      return { own, given, typedFlags: typed };
    } catch {
      // The word that is being typed may be half a flag: without it the rest may be read.
    }
  }
  return { own: [], given: new Map(), typedFlags: [] };
}

async function ownVersion(): Promise<string> {
  const { readFile } = await import("node:fs/promises");
  const text = await readFile(new URL("../package.json", import.meta.url), "utf8");
  return `micro ${(JSON.parse(text) as { readonly version: string }).version}`;
}
