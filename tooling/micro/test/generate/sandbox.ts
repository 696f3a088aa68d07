import { execFile } from "node:child_process";
import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Contract } from "@micro/core";
import type { AnyMessageType, ProtoFile } from "@micro/core/message";
import { isMessageType } from "@micro/core/message";
import { temporaryFolder } from "@micro/programs";

const root = join(import.meta.dirname, "../../../..");

/** A folder like a user's, from which `@micro/core` can be imported. */
export interface Sandbox {
  readonly path: string;
  /** Writes files by their path in the folder. */
  write(files: Readonly<Record<string, string>>): Promise<void>;
  /** Loads every generated module below a folder. */
  load(folder: string): Promise<Loaded>;
  /** What TypeScript says of everything in the folder, under the strictest flags; empty when it is content. */
  compile(): Promise<string>;
  remove(): Promise<void>;
}

/** What generated modules export. */
export interface Loaded {
  readonly files: readonly ProtoFile[];
  readonly contracts: readonly Contract[];
  readonly messages: readonly AnyMessageType[];
}

/** Makes an empty sandbox. */
export async function createSandbox(): Promise<Sandbox> {
  const folder = await temporaryFolder();
  const { path } = folder;
  await mkdir(join(path, "node_modules/@micro"), { recursive: true });
  await symlink(join(root, "packages/core"), join(path, "node_modules/@micro/core"), "dir");
  await writeFile(join(path, "package.json"), '{ "type": "module" }\n');
  await writeFile(join(path, "tsconfig.json"), JSON.stringify(tsconfig));
  return {
    path,
    remove: () => folder.remove(),
    async write(files) {
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(path, name)), { recursive: true });
        await writeFile(join(path, name), text);
      }
    },
    load: (folder) => loadModules(join(path, folder)),
    compile: () => run("tsc", ["-p", path]),
  };
}

const tsconfig = {
  extends: join(root, "tooling/tsconfig/base.json"),
  compilerOptions: {
    composite: false,
    declaration: true,
    declarationMap: false,
    sourceMap: false,
    noEmit: true,
    isolatedModules: true,
    typeRoots: [join(root, "node_modules/@types")],
  },
  include: ["**/*.ts"],
};

/** Runs a program of the repository's tools and gives what it printed if it was not content. */
export function run(tool: "tsc" | "biome", args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const options = { cwd: root, timeout: 60_000, maxBuffer: 2 ** 26 };
    execFile(join(root, "node_modules/.bin", tool), args, options, (error, stdout, stderr) =>
      resolve(error === null ? "" : `${stdout}${stderr}` || error.message),
    );
  });
}

/** Loads every TypeScript module below a folder. */
export async function loadModules(folder: string): Promise<Loaded> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".ts")).sort();
  const files: ProtoFile[] = [];
  const contracts: Contract[] = [];
  for (const name of names) {
    const module = (await import(join(folder, name))) as Readonly<Record<string, unknown>>;
    for (const exported of Object.values(module)) {
      if (isFile(exported)) files.push(exported);
      if (isContract(exported)) contracts.push(exported);
    }
  }
  return { files, contracts, messages: files.flatMap(({ messages }) => messages) };
}

function isFile(value: unknown): value is ProtoFile {
  return typeof value === "object" && value !== null && "imports" in value && "messages" in value;
}

function isContract(value: unknown): value is Contract {
  return typeof value === "object" && value !== null && !isMessageType(value) && "methods" in value;
}
