import { MicroError } from "@micro/core";
import { serviceNameProblem } from "@micro/core/internal";
import type { Int64Form } from "@micro/core/message";
import type { CommandContext } from "../context.ts";
import { type FromCodeArguments, fromCodeFlags, runFromCode } from "../from-code/index.ts";
import type { Yargs, YargsOption } from "../yargs.ts";
import { type GeneratedFile, generateFromProto } from "./generate.ts";
import type { ImportExtension } from "./imports.ts";
import { shown } from "./source-paths.ts";

/** What the command reads from its line. */
export interface GenerateArguments extends FromCodeArguments {
  readonly include?: readonly string[];
  readonly int64?: Int64Form;
  readonly service?: string;
  readonly "import-extension"?: ImportExtension;
}

/** A command as yargs takes it, `command(module)`, but for the second argument of its handler. */
export interface GenerateCommand {
  readonly command: string;
  readonly describe: string;
  readonly builder: (yargs: Yargs) => Yargs;
  /** Resolves with the exit code. */
  readonly handler: (
    args: GenerateArguments,
    context: Pick<CommandContext, "cwd" | "output">,
  ) => Promise<number>;
}

const FLAGS: Readonly<Record<string, YargsOption>> = {
  out: {
    type: "string",
    describe: "Folder for the generated files [default: src/gen, with --from-code: proto]",
  },
  include: {
    type: "string",
    alias: "I",
    array: true,
    nargs: 1,
    describe: "Folder in which imports are looked for; may be repeated",
  },
  int64: {
    type: "string",
    choices: ["bigint", "string", "number"],
    default: "bigint",
    describe: "What 64-bit integers are in TypeScript",
  },
  service: {
    type: "string",
    describe: "Service that clients of the contracts look for [default: the package]",
  },
  "import-extension": {
    type: "string",
    choices: [".ts", ".js", "none"],
    default: ".ts",
    describe: "How generated files import each other",
  },
  check: {
    type: "boolean",
    describe: "Writes nothing; exit code 1 if a file would change",
  },
  ...fromCodeFlags,
};

/** `micro generate <files..>`. Ends with 1 if `--check` finds a file that would change. */
export const generateCommand: GenerateCommand = {
  command: "generate [files..]",
  describe: "Generates contracts and messages in TypeScript from .proto files",
  builder: (yargs) => {
    for (const [name, flag] of Object.entries(FLAGS)) yargs.option(name, flag);
    return yargs
      .positional("files", { type: "string", describe: ".proto files, or folders of them" })
      .example("micro generate proto --out src/gen", "every .proto file in a folder")
      .example("micro generate proto --out src/gen --check", "in CI");
  },
  handler: generate,
};

async function generate(
  args: GenerateArguments,
  context: Pick<CommandContext, "cwd" | "output">,
): Promise<number> {
  const module = args["from-code"];
  if (module !== undefined) return runFromCode(args, { module, ...context });
  const { files = [], out = "src/gen", check = false } = args;
  if (files.length === 0) {
    const detail = "generate: name .proto files, or a folder of them: micro generate proto --out src/gen";
    throw new MicroError({ code: "BAD_REQUEST", detail });
  }
  const wrong = args.service === undefined ? undefined : serviceNameProblem(args.service);
  if (wrong !== undefined)
    throw new MicroError({ code: "BAD_REQUEST", detail: `generate: --service: ${wrong}` });
  const { cwd: baseDir, output } = context;
  const result = await generateFromProto({
    files,
    outDir: out,
    baseDir,
    include: args.include ?? [],
    int64: args.int64 ?? "bigint",
    importExtension: args["import-extension"] ?? ".ts",
    mode: check ? "check" : "write",
    ...(args.service !== undefined && { service: args.service }),
  });
  const changed = result.files.filter(({ state }) => state !== "same");
  await output.print(
    output.json
      ? JSON.stringify(result.files.map(({ proto, path, state }) => ({ proto, path, state })))
      : report(result.files, { check, baseDir }),
  );
  return check && changed.length > 0 ? 1 : 0;
}

function report(
  files: readonly GeneratedFile[],
  { check, baseDir }: { readonly check: boolean; readonly baseDir: string },
): string {
  const changed = files.filter(({ state }) => state !== "same");
  const lines = changed.map(({ path, state }) => `${state.padEnd(7)} ${shown(path, baseDir)}`);
  const same = files.length - changed.length;
  const rest = same === 0 ? [] : [`${same} up to date`];
  const verdict = check && changed.length > 0 ? ["run micro generate without --check"] : [];
  return [...lines, ...rest, ...verdict].join("\n");
}
