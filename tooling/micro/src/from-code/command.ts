import { relative } from "node:path";
import { MicroError } from "@micro/core";
import type { CommandContext } from "../context.ts";
import { type FromCodeResult, generateFromCode } from "./generate-from-code.ts";

/** What `micro generate --from-code` reads from its line. */
export interface FromCodeArguments {
  readonly files?: readonly string[];
  readonly "from-code"?: string;
  readonly out?: string;
  readonly package?: string;
  readonly "go-package"?: string;
  readonly enums?: "string" | "enum";
  readonly check?: boolean;
}

/** The flags, as yargs takes them. */
export const fromCodeFlags = {
  "from-code": {
    type: "string",
    describe: "The other way: a module whose contracts become .proto files and JSON Schemas",
  },
  package: {
    type: "string",
    describe: "With --from-code: package of the .proto files [default: the service]",
  },
  "go-package": { type: "string", describe: "With --from-code: their go_package" },
  enums: {
    type: "string",
    choices: ["string", "enum"],
    describe: "With --from-code: what a text that is one of a few becomes [default: string]",
  },
} as const;

/** `micro generate --from-code <module>`. Gives the exit code: 1 if `--check` finds a file that would change. */
export async function runFromCode(
  args: FromCodeArguments,
  { module, cwd: baseDir, output }: { readonly module: string } & Pick<CommandContext, "cwd" | "output">,
): Promise<number> {
  const { files = [], out = "proto", check = false } = args;
  if (files.length > 0) {
    const detail = `generate: --from-code makes .proto files and reads none: leave out ${files.join(" ")}`;
    throw new MicroError({ code: "BAD_REQUEST", detail });
  }
  const result = await generateFromCode({
    module,
    outDir: out,
    baseDir,
    mode: check ? "check" : "write",
    ...(args.package !== undefined && { package: args.package }),
    ...(args["go-package"] !== undefined && { goPackage: args["go-package"] }),
    ...(args.enums !== undefined && { enums: args.enums }),
  });
  await output.print(output.json ? asJson(result) : report(result, { check, baseDir }));
  return check && result.files.some(({ state }) => state !== "same") ? 1 : 0;
}

function asJson({ files, findings }: FromCodeResult): string {
  return JSON.stringify({ files: files.map(({ path, state }) => ({ path, state })), findings });
}

function report(
  { files, findings }: FromCodeResult,
  { check, baseDir }: { readonly check: boolean; readonly baseDir: string },
): string {
  const changed = files.filter(({ state }) => state !== "same");
  const same = files.length - changed.length;
  return [
    ...findings.map(({ path, text }) => `note    ${path}: ${text}`),
    ...changed.map(({ path, state }) => `${state.padEnd(7)} ${relative(baseDir, path)}`),
    ...(same === 0 ? [] : [`${same} up to date`]),
    ...(check && changed.length > 0 ? ["run micro generate without --check"] : []),
  ].join("\n");
}
