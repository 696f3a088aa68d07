import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun } from "@micro/checks/run-command";
import type { PackedPackage } from "@micro/checks/tarballs";
import { repositoryRoot } from "@micro/checks/workspace";
import type { SupportedNode } from "./nodes.ts";

/** Every specifier under which the packed packages can be imported. */
export function exportedSpecifiers(packed: readonly PackedPackage[]): readonly string[] {
  return packed.flatMap(({ pkg }) =>
    Object.keys(pkg.manifest.publishConfig?.exports ?? {}).map((subpath) => pkg.name + subpath.slice(1)),
  );
}

/** Imports every export of the installed packages on one Node; throws with the first that does not load. */
export async function importEverything(
  folder: string,
  specifiers: readonly string[],
  { executable }: SupportedNode,
): Promise<void> {
  const program = `
    for (const specifier of ${JSON.stringify(specifiers)}) {
      const module = await import(specifier).catch((cause) => {
        throw new Error("cannot import " + specifier, { cause });
      });
      if ("default" in module) throw new Error(specifier + " has a default export");
    }`;
  const file = join(folder, "import-everything.mjs");
  await writeFile(file, program);
  await mustRun(executable, ["--throw-deprecation", file], { cwd: folder, timeoutMs: 60_000 });
}

/** Runs every command that the installed packages bring, for its help; throws with the first that fails. */
export async function runCommands(
  folder: string,
  packed: readonly PackedPackage[],
  { executable }: SupportedNode,
): Promise<void> {
  for (const { pkg } of packed) {
    for (const [command, file] of Object.entries(pkg.manifest.bin ?? {})) {
      const program = join(folder, "node_modules", pkg.name, file);
      const help = await mustRun(executable, [program, "--help"], { cwd: folder, timeoutMs: 60_000 });
      if (!help.includes(command)) throw new Error(`${command} --help does not say its name:\n${help}`);
    }
  }
}

/** Compiles code that uses the installed packages under the strictest flags, their declarations included. */
export async function typeCheck(folder: string, specifiers: readonly string[]): Promise<void> {
  const imports = specifiers.map((specifier, index) => `import * as m${index} from "${specifier}";`);
  const names = specifiers.map((_, index) => `m${index}`).join(", ");
  await writeFile(join(folder, "everything.ts"), `${imports.join("\n")}\nexport const all = [${names}];\n`);
  const sample = await readFile(join(import.meta.dirname, "../fixture/consumer.ts"), "utf8");
  await writeFile(join(folder, "consumer.ts"), sample);
  const compilerOptions = {
    module: "nodenext",
    target: "es2023",
    lib: ["es2024", "esnext.disposable"],
    types: ["node"],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    skipLibCheck: false,
    noEmit: true,
  };
  const config = { compilerOptions, files: ["everything.ts", "consumer.ts"] };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config, undefined, 2));
  const tsc = join(repositoryRoot, "node_modules/.bin/tsc");
  await mustRun(tsc, ["-p", folder], { cwd: folder });
}
