import { nearestFlag } from "@micro/cli";
import { COMMANDS, COMMON_OPTIONS, type Command } from "./command-table.ts";
import type { CommandArguments, CommandContext } from "./context.ts";
import { EXIT_CODE_LINES, EXIT_CODES } from "./exit-codes.ts";
import { usageError } from "./failure.ts";
import { type CommandModule, loadYargs, type Yargs } from "./yargs.ts";

/** What a command line asks for: a command that is ready to run, or text to print. */
export type Asked =
  | { readonly kind: "run"; readonly run: (context: CommandContext) => Promise<number> }
  | { readonly kind: "text"; readonly text: string; readonly exitCode: number };

const MAX_WIDTH = 110;
const COMPONENT_FLAGS =
  "Registry, transport, client and broker are chosen as in services: --registry mdns, --registry_address …, by " +
  "variable (REGISTRY) or in micro.yaml. 'micro flags' lists all of them.";

/** Reads what {@link splitLine} left of a command line. Throws a usage error. */
export async function readCommandLine(own: readonly string[], columns: number | undefined): Promise<Asked> {
  const name = own.find((argument) => !argument.startsWith("-") && isCommand(argument));
  let run: ((context: CommandContext) => Promise<number>) | undefined;
  const yargs = await prepare(name, columns, (chosen) => {
    run = chosen;
  });
  if (own.length === 0) return { kind: "text", text: await yargs.getHelp(), exitCode: EXIT_CODES.usage };
  let problem: string | undefined;
  let failed: Error | undefined;
  let text = "";
  const wrong = new Error("the command line is wrong");
  yargs.fail((message, error) => {
    // What is thrown here comes back as the next failure.
    if (error === undefined || error.name === "YError") problem ??= message ?? error?.message ?? "";
    else if (error !== wrong) failed ??= error;
    throw wrong;
  });
  try {
    await yargs.parseAsync(own, {}, (_error, _args, output) => {
      text = output;
    });
  } catch (error) {
    if (error !== wrong) throw error;
  }
  if (failed !== undefined) throw failed;
  if (problem !== undefined) throw wrongLine(own, problem.replace(/\s*\n\s*/g, " "), name);
  if (text !== "") return { kind: "text", text, exitCode: EXIT_CODES.ok };
  if (run === undefined) throw wrongLine(own, "no command", name);
  return { kind: "run", run };
}

const isCommand = (name: string): boolean => Object.hasOwn(COMMANDS, name) || name === "generate";

async function prepare(
  name: string | undefined,
  columns: number | undefined,
  choose: (run: (context: CommandContext) => Promise<number>) => void,
): Promise<Yargs> {
  const yargs = (await loadYargs())
    .scriptName("micro")
    .usage("$0 <command>\n\nLooks at services, calls them, publishes and subscribes, generates code.")
    .wrap(Math.min(columns ?? MAX_WIDTH, MAX_WIDTH))
    .help("help", "Shows this help")
    .alias("h", "help")
    .option("version", { type: "boolean", alias: "v", describe: "Shows the version" })
    .strict();
  for (const [flag, option] of Object.entries(COMMON_OPTIONS)) yargs.option(flag, option);
  for (const [command, definition] of Object.entries(COMMANDS))
    yargs.command(moduleOf(definition, name === command, choose));
  yargs.command(await generateModule(name === "generate", choose));
  return yargs.epilogue(`${COMPONENT_FLAGS}\n\nExit codes: ${EXIT_CODE_LINES.join("\n")}`);
}

function moduleOf(
  command: Command,
  isAsked: boolean,
  choose: (run: (context: CommandContext) => Promise<number>) => void,
): CommandModule {
  return {
    command: command.usage,
    describe: command.describe,
    builder: (yargs: Yargs) => {
      if (!isAsked) return yargs;
      for (const [flag, option] of Object.entries(command.positionals)) yargs.positional(flag, option);
      for (const [flag, option] of Object.entries(command.options)) yargs.option(flag, option);
      for (const [line, text] of command.examples) yargs.example(line, text);
      return yargs;
    },
    handler: (args: CommandArguments) => choose((context) => command.run(context, args)),
  };
}

/** The code generator is a command of its own: it is loaded when it is asked for. */
async function generateModule(
  isAsked: boolean,
  choose: (run: (context: CommandContext) => Promise<number>) => void,
): Promise<CommandModule> {
  const describe = "Generates contracts and messages in TypeScript from .proto files";
  if (!isAsked) return { command: "generate", describe, handler: () => undefined };
  const { generateCommand } = await import("./generate/index.ts");
  return {
    ...generateCommand,
    handler: (args: CommandArguments) => choose((context) => generateCommand.handler(args, context)),
  };
}

function wrongLine(own: readonly string[], problem: string, name: string | undefined): Error {
  if (name !== undefined) return usageError(`${name}: ${problem}`, `micro ${name} --help`);
  const typed = problem.startsWith("Unknown") ? own.find((argument) => !argument.startsWith("-")) : undefined;
  if (typed === undefined) return usageError(problem, "micro --help lists the commands");
  const guess = nearestFlag(typed, [...Object.keys(COMMANDS), "generate"]);
  return usageError(
    `unknown command '${typed}'`,
    guess === undefined ? "micro --help lists the commands" : `did you mean 'micro ${guess}'?`,
  );
}
