import { COMMANDS, COMMON_OPTIONS, type Command } from "../command-table.ts";
import { CATALOG } from "../compose/catalog.ts";
import { connected } from "../compose/connect.ts";
import type { CommandContext } from "../context.ts";
import { EXIT_CODES } from "../exit-codes.ts";
import { findService, listServices } from "../lookup.ts";
import { printableLine } from "../printable.ts";

/** Whoever presses Tab does not wait longer. */
const DEADLINE_MS = 1500;

/** One proposal. */
interface Proposal {
  readonly word: string;
  readonly about?: string | undefined;
}

/**
 * `micro --complete <words…>`, which the scripts of the shells call: prints what the last word may become. It never
 * fails: nothing is proposed when the registry does not answer soon.
 */
export async function complete(
  context: CommandContext & { readonly own: readonly string[] },
  typed: readonly string[],
): Promise<number> {
  const current = typed.at(-1) ?? "";
  const found = await propose(context, typed).catch((): readonly Proposal[] => []);
  const lines = found
    .filter(({ word }) => word.startsWith(current))
    .map(({ word, about }) => printableLine(word) + (about === undefined ? "" : `\t${printableLine(about)}`));
  if (lines.length > 0) await context.output.print(lines.join("\n"));
  return EXIT_CODES.ok;
}

async function propose(
  context: CommandContext & { readonly own: readonly string[] },
  typed: readonly string[],
): Promise<readonly Proposal[]> {
  const current = typed.at(-1) ?? "";
  const previous = typed.at(-2) ?? "";
  const words = withoutFlags(context.own);
  const [name, ...positionals] = words;
  const command = name === undefined ? undefined : COMMANDS[name];
  const asked = flagValues(previous, command);
  if (asked !== undefined) return asked;
  if (current.startsWith("-")) return flagNames(command);
  if (name === undefined) return commandNames();
  return command === undefined ? [] : await positional(command, positionals, context);
}

const commandNames = (): Proposal[] => [
  ...Object.entries(COMMANDS).map(([word, { describe }]) => ({ word, about: describe })),
  { word: "generate", about: "Generates contracts and messages from .proto files" },
];

const flagNames = (command: Command | undefined): Proposal[] => [
  ...Object.entries({ ...command?.options, ...COMMON_OPTIONS }).map(([flag, { describe }]) => ({
    word: `--${flag}`,
    about: describe,
  })),
  { word: "--help", about: "Shows help" },
  ...Object.keys(CATALOG)
    .filter((component) => CATALOG[component]?.multiple !== true)
    .map((component) => ({ word: `--${component}`, about: `Plugin of ${component}` })),
];

/** The values of the flag before; undefined when none stands there. */
function flagValues(previous: string, command: Command | undefined): readonly Proposal[] | undefined {
  if (!previous.startsWith("-") || previous.includes("=")) return undefined;
  const flag = previous.replace(/^--?/, "");
  const plugins = CATALOG[flag];
  if (plugins !== undefined) return Object.keys(plugins.plugins).map((word) => ({ word }));
  const options = { ...command?.options, ...COMMON_OPTIONS };
  const option = options[flag] ?? Object.values(options).find(({ alias }) => alias === flag);
  if (option === undefined || option.type === "boolean") return undefined;
  return (option.choices ?? []).map((word) => ({ word }));
}

async function positional(
  command: Command,
  before: readonly string[],
  context: CommandContext,
): Promise<readonly Proposal[]> {
  const name = Object.keys(command.positionals)[before.length];
  const choices = name === undefined ? undefined : command.positionals[name]?.choices;
  if (choices !== undefined) return choices.map((word) => ({ word }));
  if (name !== "service" && name !== "endpoint") return [];
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(DEADLINE_MS)]);
  const options = { signal, timeoutMs: DEADLINE_MS };
  return await connected({ ...context, signal }, { components: ["registry"] }, async ({ registry }) => {
    if (name === "service") return (await listServices(registry, options)).map((word) => ({ word }));
    const records = await findService(registry, before[0] ?? "", options);
    return records
      .flatMap(({ endpoints }) => endpoints)
      .filter(({ metadata }) => metadata.subscriber !== "true")
      .map(({ name: word, metadata }) => ({ word, about: metadata.description }));
  });
}

/** The words that are no flags and no values of flags. */
function withoutFlags(words: readonly string[]): readonly string[] {
  const takesValue = new Set(
    [COMMON_OPTIONS, ...Object.values(COMMANDS).map(({ options }) => options)].flatMap((options) =>
      Object.entries(options).flatMap(([flag, { type, alias }]) =>
        type === "boolean" ? [] : [flag, alias ?? flag],
      ),
    ),
  );
  return words.filter((word, index) => {
    const before = words[index - 1];
    return (
      !word.startsWith("-") &&
      !(before?.startsWith("-") === true && takesValue.has(before.replace(/^--?/, "")))
    );
  });
}
