import type { Readable, Writable } from "node:stream";
import { parseArgs } from "node:util";
import { ask } from "./ask.ts";
import { KINDS, type Kind } from "./kinds.ts";
import { nextSteps } from "./next-steps.ts";
import { type ScaffoldOptions, scaffold } from "./scaffold.ts";
import { ScaffoldError } from "./scaffold-error.ts";

/** What {@link main} works with: everything of the process that it touches. */
export interface MainOptions {
  /** Arguments, without node and the script. */
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable;
}

const USAGE = `npm create micro service greeter
npm create micro plugin broker-mqtt
npm create micro component ledger

Makes a package that runs, with tests that pass, and installs nothing. Where it is installed, the same without npm:
create-micro, micro-create, or micro new.

Options (after --, as in: npm create micro service greeter -- --out ./services/greeter):
  --out <folder>   where to write; empty or not there [default: the name]
  --scope <@name>  npm scope of the package
  --help`;

/** Runs one command line. Resolves with the exit code: 0, 1 when it cannot be made, 2 when it was asked wrongly. */
export async function main(options: MainOptions): Promise<number> {
  const { argv, cwd, stdout, stderr } = options;
  try {
    const { values, positionals } = parseLine(argv);
    if (values.help === true) {
      stdout.write(`${USAGE}\n`);
      return 0;
    }
    const [given, name, ...rest] = positionals;
    if (rest.length > 0) throw new UsageError(`'${rest[0]}' is one argument too many`);
    const wish = await complete({ kind: kindOf(given), name }, options);
    const made = await scaffold({ ...wish, cwd, ...optional(values) });
    stdout.write(`${nextSteps(wish.kind, made, cwd)}\n`);
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      stderr.write(`${error.message}\n\n${USAGE}\n`);
      return 2;
    }
    if (!(error instanceof ScaffoldError)) throw error;
    stderr.write(`${error.message}\n`);
    return 1;
  }
}

class UsageError extends Error {}

const OPTIONS = {
  out: { type: "string" },
  scope: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

function parseLine(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function kindOf(given: string | undefined): Kind | undefined {
  const kind = KINDS.find((each) => each === given);
  if (given !== undefined && kind === undefined)
    throw new UsageError(`'${given}' is none of ${KINDS.join(", ")}`);
  return kind;
}

function optional(values: {
  readonly out?: string;
  readonly scope?: string;
}): Pick<ScaffoldOptions, "out" | "scope"> {
  return {
    ...(values.out === undefined ? {} : { out: values.out }),
    ...(values.scope === undefined ? {} : { scope: values.scope }),
  };
}

/** Asks for what was not said, on a terminal. */
async function complete(
  { kind, name }: { readonly kind: Kind | undefined; readonly name: string | undefined },
  { stdin, stdout }: MainOptions,
): Promise<{ readonly kind: Kind; readonly name: string }> {
  if (kind !== undefined && name !== undefined) return { kind, name };
  if (stdin.isTTY !== true || stdout.isTTY !== true) {
    throw new UsageError(kind === undefined ? "say what to make" : `say how the ${kind} is named`);
  }
  const answers = await ask(
    [...(kind === undefined ? [`What shall it be (${KINDS.join(", ")})? [service] `] : []), "Its name? "],
    { stdin, stdout },
  );
  const named = answers.at(-1) ?? "";
  if (named === "") throw new UsageError("it needs a name");
  return { kind: kind ?? kindOf(answers[0] || "service") ?? "service", name: named };
}
