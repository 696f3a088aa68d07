import { convert, type DeclaredFlag, nearestFlag } from "@micro/cli";
import type { Problem } from "@micro/core";
import { loadParser } from "./yargs.ts";

/** A command line, taken apart. */
export interface ParsedLine {
  /** Texts by flag name, in the order they were typed. */
  readonly given: ReadonlyMap<string, readonly string[]>;
  readonly positionals: readonly string[];
  readonly problems: readonly Problem[];
  readonly help: boolean;
  readonly version: boolean;
}

/** Nothing may be guessed: texts stay as typed, and `-broker x` is `--broker x`, as Go's flags are. */
const CONFIGURATION = {
  "camel-case-expansion": false,
  "dot-notation": false,
  "parse-numbers": false,
  "parse-positional-numbers": false,
  "short-option-groups": false,
  "populate--": true,
};

/** Short forms, unless a flag of that name is declared. */
const SHORT: Readonly<Record<string, string>> = { h: "help", v: "version" };

/** Takes `argv` apart. Unknown flags and missing values are problems; it never rejects, prints or exits. */
export async function parseLine(
  argv: readonly string[],
  flags: ReadonlyMap<string, DeclaredFlag>,
): Promise<ParsedLine> {
  const parser = await loadParser();
  const problems: Problem[] = [];
  const given = new Map<string, readonly string[]>();
  const asked = new Set<string>();
  const booleans = [...flags.values()].filter(({ kind }) => kind === "boolean").map(({ name }) => name);
  const strings = [...flags.keys()].filter((name) => !booleans.includes(name));
  const line = spellOut(argv, new Set(booleans), problems);
  const parsed = parser.detailed(line, {
    boolean: [...booleans, "help", "version", ...Object.keys(SHORT).filter((name) => !flags.has(name))],
    string: strings,
    configuration: CONFIGURATION,
  });
  const { _: before, "--": after, ...typed } = parsed.argv;

  for (const [key, value] of Object.entries(typed)) {
    const flag = flags.get(key);
    if (flag === undefined) {
      const name = SHORT[key] ?? key;
      if (name !== "help" && name !== "version") problems.push(unknownFlag(key, { argv, flags }));
      else if (value !== false) asked.add(name);
      continue;
    }
    const written = (Array.isArray(value) ? value : [value]).map(String);
    if (flag.kind !== "boolean" && value === false) problems.push(unknownFlag(`no-${key}`, { argv, flags }));
    else if (written.filter((text) => text === "").length > emptyTexts(argv, key))
      problems.push(missingValue(flag));
    else given.set(key, written);
  }
  return {
    given,
    positionals: [...texts(before), ...texts(after)],
    problems,
    help: asked.has("help"),
    version: asked.has("version"),
  };
}

const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

/**
 * Keeps the parser from losing what was typed: it takes any text but `true` for false, and strips quotes that the
 * shell has left in a value.
 */
function spellOut(argv: readonly string[], booleans: ReadonlySet<string>, problems: Problem[]): string[] {
  const end = argv.indexOf("--");
  const line = argv.slice(0, end === -1 ? argv.length : end).flatMap((argument) => {
    const match = /^(--?([^=-][^=]*)=)([\s\S]*)$/.exec(argument);
    if (match === null) return [argument];
    const [, start = "", name = "", text = ""] = match;
    if (booleans.has(name)) {
      const converted = convert("boolean", [text]);
      if ("value" in converted) return [`${start}${converted.value === true}`];
      problems.push({
        where: `--${name}`,
        message: `must be ${converted.expected}, not '${text}'`,
        hint: `write --${name} or --no-${name}`,
      });
      return [];
    }
    return [/^(["'])[\s\S]*\1$/.test(text) ? `${start}"${text}"` : argument];
  });
  return end === -1 ? line : [...line, ...argv.slice(end)];
}

/** How often an empty text was typed for the flag: `--name=` or `--name ''`. */
function emptyTexts(argv: readonly string[], name: string): number {
  return argv.filter((argument, index) => {
    const bare = argument.replace(/^--?/, "");
    return bare === `${name}=` || (bare === name && argv[index + 1] === "");
  }).length;
}

function missingValue({ name, kind, description }: DeclaredFlag): Problem {
  const example = kind === "map" ? "key=value" : kind === "integer" || kind === "number" ? "1" : "value";
  return {
    where: `--${name}`,
    message: "needs a value",
    hint: `write --${name}=${example} (also for a value that starts with '-'): ${description}`,
  };
}

function unknownFlag(
  key: string,
  { argv, flags }: { readonly argv: readonly string[]; readonly flags: ReadonlyMap<string, DeclaredFlag> },
): Problem {
  const typed = argv
    .find((argument) => argument.replace(/^--?/, "").split("=", 1)[0] === key)
    ?.split("=", 1)[0];
  const guess = nearestFlag(key, [...flags.keys(), "help", "version"]);
  return {
    where: typed ?? `--${key}`,
    message: "unknown flag",
    hint: guess === undefined ? "--help lists all flags" : `did you mean --${guess}?`,
  };
}
