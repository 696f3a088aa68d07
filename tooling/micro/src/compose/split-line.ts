import { convert, type DeclaredFlag, nearestFlag } from "@micro/cli";
import { usageError } from "../failure.ts";

/** A command line, taken apart. */
export interface SplitLine {
  /** Commands, their arguments and their own flags: what the command parser gets. */
  readonly own: readonly string[];
  /** Texts of component flags by name, in the order they were typed. */
  readonly given: ReadonlyMap<string, readonly string[]>;
  /** The component flags as they were typed. */
  readonly typed: readonly string[];
}

/** What {@link splitLine} knows. */
export interface SplitOptions {
  /** Flags of the commands by name: whether a value follows. */
  readonly ownFlags: ReadonlyMap<string, "switch" | "value">;
  /** Flags of the components. */
  readonly componentFlags: ReadonlyMap<string, DeclaredFlag>;
  /** Names of the components, each of which is a flag. */
  readonly components: readonly string[];
}

/** Written for `-`, which the command parser would take for a switch. */
export const STANDARD_INPUT = "@-";

/**
 * Tells the flags of commands from those of components, as each is read by somebody else. Throws a usage error for a
 * flag that neither knows, with the nearest one.
 */
export function splitLine(
  argv: readonly string[],
  { ownFlags, componentFlags, components }: SplitOptions,
): SplitLine {
  const own: string[] = [];
  const typed: string[] = [];
  const given = new Map<string, string[]>();
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] as string;
    if (argument === "--") {
      own.push(...argv.slice(index));
      break;
    }
    const match = /^--?([A-Za-z][^=]*)(?:=([\s\S]*))?$/.exec(argument);
    if (match === null) {
      own.push(argument === "-" ? STANDARD_INPUT : argument);
      continue;
    }
    const [, name = "", text] = match;
    const takes = ownFlags.get(name) ?? (ownFlags.has(name.replace(/^no-/, "")) ? "switch" : undefined);
    if (takes !== undefined) {
      own.push(argument);
      if (takes === "value" && text === undefined) {
        index++;
        const value = argv[index];
        if (value === undefined) throw usageError(`--${name} needs a value`);
        own.push(value === "-" ? STANDARD_INPUT : value);
      }
      continue;
    }
    const positive = name.replace(/^no-/, "");
    const flag = componentFlags.get(name) ?? componentFlags.get(positive);
    const negated = flag !== undefined && flag.name !== name;
    if (flag === undefined || (negated && (flag.kind !== "boolean" || text !== undefined))) {
      throw unknownFlag(name, [...ownFlags.keys(), ...componentFlags.keys(), ...components]);
    }
    typed.push(argument);
    const texts = given.get(flag.name) ?? [];
    given.set(flag.name, texts);
    if (flag.kind === "boolean") texts.push(negated ? "false" : checkedBoolean(flag, text ?? "true"));
    else if (text !== undefined) texts.push(text);
    else {
      index++;
      const value = argv[index];
      if (value === undefined) throw usageError(`--${name} needs a value: ${flag.description}`);
      texts.push(value);
      typed.push(value);
    }
  }
  return { own, given, typed };
}

function checkedBoolean(flag: DeclaredFlag, text: string): string {
  const converted = convert("boolean", [text]);
  if ("value" in converted) return text;
  throw usageError(`--${flag.name} must be ${converted.expected}, not '${text}'`);
}

function unknownFlag(name: string, known: readonly string[]): Error {
  const guess = nearestFlag(
    name,
    known.filter((flag) => flag.length > 1),
  );
  return usageError(
    `unknown flag --${name}`,
    guess === undefined
      ? "micro <command> --help and micro flags list what there is"
      : `did you mean --${guess}?`,
  );
}
