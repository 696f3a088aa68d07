import { realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { type ServiceDefinition, StartError } from "@micro/core";
import { optionalText, textOf } from "../arguments.ts";
import { importFile, resolveModule } from "../compose/find-plugin.ts";
import type { CommandArguments, CommandContext } from "../context.ts";
import { EXIT_CODES } from "../exit-codes.ts";
import { Failure, usageError } from "../failure.ts";
import type { ImportExtension } from "../generate/imports.ts";
import { compareFile, writeText } from "../generate/output-file.ts";
import { shown } from "../generate/source-paths.ts";
import { toJson } from "../printable.ts";
import { traceImports } from "./module-trace.ts";
import { findOrigins } from "./origins.ts";
import { declaredPackages, packageFolder } from "./package-of.ts";
import { WIRE_MARK } from "./print-wiring.ts";
import { type GeneratedWiring, type WireSource, wire } from "./wire.ts";

/** `micro wire <composition>`. Ends with 1 if `--check` finds that the file would change. */
export async function runWire({ output, cwd }: CommandContext, args: CommandArguments): Promise<number> {
  const module = textOf(args, "composition");
  const found = resolveModule(module, cwd);
  if (found === undefined) throw usageError(`there is no module '${module}'`, `it is looked for in ${cwd}`);
  const composition = await realpath(found);
  const out = await outFile(optionalText(args, "out"), { composition, cwd });
  const { loaded, trace } = await traceImports(() => importFile(composition, module));
  const { definition, options } = compositionOf(loaded, module);
  const extension = (optionalText(args, "import-extension") ?? ".ts") as ImportExtension;
  const origins = await findOrigins(trace, { composition, out, extension });
  const { text, packages } = generate({ definition, options, origins, composition, out });
  const shownPath = shown(out, cwd);
  const state = await compareFile({ path: out, text }, { shownPath, mark: WIRE_MARK });
  const isCheck = args.check === true;
  if (!isCheck && state !== "same") await writeText({ path: out, text });
  const verdict = isCheck && state !== "same" ? "\nrun micro wire without --check" : "";
  for (const name of undeclared(packages, out))
    output.note(`${name} is not among the dependencies of package.json: npm install ${name}`);
  await output.print(
    output.json
      ? toJson({ service: definition.name, path: out, state })
      : `${state === "same" ? `${shownPath} is up to date` : `${state.padEnd(7)} ${shownPath}`}${verdict}`,
  );
  return isCheck && state !== "same" ? EXIT_CODES.unexpected : EXIT_CODES.ok;
}

/** The file that is written; by default `wire.gen.ts` beside the composition. */
async function outFile(
  named: string | undefined,
  { composition, cwd }: { readonly composition: string; readonly cwd: string },
): Promise<string> {
  if (named === undefined) return join(dirname(composition), "wire.gen.ts");
  if (!named.endsWith(".ts")) throw usageError(`--out must be a .ts file, not '${named}'`);
  const path = resolve(cwd, named);
  // Modules are known by their real paths; the folder may not be there yet.
  const folder = await realpath(dirname(path)).catch(() => dirname(path));
  return join(folder, basename(path));
}

/** What a composition module exports. Throws a usage error when it is none. */
function compositionOf(
  exported: Readonly<Record<string, unknown>>,
  module: string,
): Pick<WireSource, "definition" | "options"> {
  const { definition, options, plugins } = exported;
  const given = isObject(options) ? options : plugins === undefined ? undefined : { plugins };
  if (isObject(definition) && given !== undefined)
    return {
      definition: definition as unknown as ServiceDefinition,
      options: given as WireSource["options"],
    };
  throw usageError(
    `'${module}' exports no composition: ${isObject(definition) ? "'options'" : "'definition'"} is missing`,
    "export { greeter as definition } from './greeter.ts';",
    "export const options = { plugins: [...defaults], … };   what createService takes",
  );
}

/** What would stop a start stops this, in the same words. */
function generate(source: WireSource): GeneratedWiring {
  try {
    return wire(source);
  } catch (error) {
    if (!StartError.is(error)) throw error;
    throw new Failure(error.detail, { exitCode: EXIT_CODES.usage });
  }
}

/** Packages that are there by chance: because another one brought them along. */
function undeclared(packages: readonly string[], out: string): readonly string[] {
  const folder = packageFolder(out);
  if (folder === undefined) return [];
  const declared = declaredPackages(folder);
  return packages.filter((name) => !declared.has(name));
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;
