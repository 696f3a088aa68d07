import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { temporaryFolder } from "@micro/programs";
import { type Ran, runMicro } from "../run-micro.ts";

/** A project of its own in which `micro wire` runs. */
export interface WireSandbox {
  readonly path: string;
  /** Writes files by their path in the folder. */
  write(files: Readonly<Record<string, string>>): Promise<void>;
  read(name: string): Promise<string>;
  /** `micro wire src/composition.ts`, with more arguments. */
  wire(...args: readonly string[]): Promise<Ran>;
  remove(): Promise<void>;
}

const ROOT = join(import.meta.dirname, "../../../..");

/** Makes a project with some of our packages installed, each from its folder in the repository. */
export async function createWireSandbox(installed: Readonly<Record<string, string>>): Promise<WireSandbox> {
  const folder = await temporaryFolder();
  const { path } = folder;
  const sandbox: WireSandbox = {
    path,
    async write(files) {
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(path, name)), { recursive: true });
        await writeFile(join(path, name), text);
      }
    },
    read: (name) => readFile(join(path, name), "utf8"),
    wire: (...args) => runMicro(["wire", "src/composition.ts", ...args], { cwd: path }),
    remove: () => folder.remove(),
  };
  const dependencies = Object.fromEntries(Object.keys(installed).map((name) => [name, "*"]));
  await sandbox.write({
    "package.json": JSON.stringify({ name: "project", type: "module", dependencies }),
    "src/parts.ts": PARTS,
  });
  await mkdir(join(path, "node_modules/@micro"), { recursive: true });
  for (const [name, at] of Object.entries(installed))
    await symlink(join(ROOT, at), join(path, "node_modules", name), "dir");
  return sandbox;
}

/** Components and plugins of the project: `first`, `second` needs it, and what is wrong with others. */
const PARTS = `
import { defineComponent, definePlugin, defineService, option } from "@micro/core";
const component = (name, config = {}) => defineComponent()({ name, description: name, config });
export const first = component("first", { key: option.string({ description: "Key", secret: true }) });
export const second = component("second");
export const firstPlugin = definePlugin(first, { name: "plain", create: () => ({}) });
export const otherFirst = definePlugin(first, { name: "other", aliases: ["plain"], create: () => ({}) });
export const thirdFirst = definePlugin(first, { name: "third", create: () => ({}) });
export const circular = definePlugin(first, { name: "circular", needs: [second], create: () => ({}) });
export const secondPlugin = definePlugin(second, { name: "plain", needs: [first], create: () => ({}) });
export const sample = defineService({ name: "sample" });
export const needy = defineService({ name: "sample", needs: [second] });
`;
