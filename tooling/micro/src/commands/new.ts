import { type Kind, nextSteps, ScaffoldError, scaffold } from "@micro/create";
import { optionalText, textOf } from "../arguments.ts";
import type { CommandArguments, CommandContext } from "../context.ts";
import { EXIT_CODES } from "../exit-codes.ts";
import { usageError } from "../failure.ts";
import { toJson } from "../printable.ts";

/** `micro new service|plugin|component <name>`: what `npm create micro` does. */
export async function create({ output, cwd }: CommandContext, args: CommandArguments): Promise<number> {
  // The parser has let nothing else through.
  const kind = textOf(args, "kind") as Kind;
  const out = optionalText(args, "out");
  const scope = optionalText(args, "scope");
  try {
    const made = await scaffold({
      kind,
      name: textOf(args, "name"),
      cwd,
      ...(out === undefined ? {} : { out }),
      ...(scope === undefined ? {} : { scope }),
    });
    await output.print(output.json ? toJson(made) : nextSteps(kind, made, cwd));
    return EXIT_CODES.ok;
  } catch (error) {
    if (error instanceof ScaffoldError) throw usageError(error.message);
    throw error;
  }
}
