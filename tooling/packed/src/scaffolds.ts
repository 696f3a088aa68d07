import { randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cleanEnvironment, mustRun } from "@micro/checks/run-command";
import type { PackedPackage } from "@micro/checks/tarballs";
import { startProgram } from "@micro/programs";

/** One scaffold to try. */
export interface ScaffoldCase {
  readonly kind: "service" | "plugin" | "component";
  readonly name: string;
}

/** Every template of `npm create micro`. */
export const SCAFFOLDS: readonly ScaffoldCase[] = [
  { kind: "service", name: "greeter" },
  { kind: "component", name: "ledger" },
  ...["broker", "cli", "client", "codec", "logger", "registry", "selector", "server", "transport"].map(
    (component): ScaffoldCase => ({ kind: "plugin", name: `${component}-mine` }),
  ),
];

const NPM = ["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error", "--prefer-offline"];

/**
 * Does what a newcomer does, with the packed packages: `npm create micro …` in an empty folder, install, type check,
 * build, test, and then runs it: a service is started and called, the example of a README is run.
 */
export async function tryScaffold(
  folder: string,
  { kind, name }: ScaffoldCase,
  { packed, registry }: { readonly packed: readonly PackedPackage[]; readonly registry: string },
): Promise<void> {
  const tarball = packed.find(({ pkg }) => pkg.name === "create-micro")?.tarball;
  if (tarball === undefined) throw new Error("create-micro is not among the packed packages");
  const env = { ...cleanEnvironment(), "npm_config_@micro:registry": registry };
  const npm = (cwd: string, ...args: readonly string[]) =>
    mustRun("npm", [...args], { cwd, env, timeoutMs: 240_000 });
  await npm(folder, "exec", "--yes", ...NPM, `--package=${tarball}`, "--", "create-micro", kind, name);
  const cwd = join(folder, name);
  await npm(cwd, "install", ...NPM);
  await npm(cwd, "run", "build");
  await npm(cwd, "test");
  if (kind === "service") await serve(cwd, env);
  else
    await runExample(
      cwd,
      kind === "plugin" ? () => npm(cwd, "install", "--no-save", ...NPM, "@micro/set-defaults") : undefined,
    );
}

/** Starts the built service and calls it with the command it brought along. */
async function serve(cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  // A group of its own: what runs on this machine is neither seen nor disturbed.
  const own = {
    REGISTRY_DOMAIN: `scaffold-${randomUUID()}`,
    REGISTRY_INTERFACES: "127.0.0.1",
  };
  const schema = JSON.parse(await readFile(join(cwd, "micro.schema.json"), "utf8")) as object;
  if (!("properties" in schema)) throw new Error("micro.schema.json has no properties");
  const service = startProgram(join(cwd, "dist/main.js"), {
    cwd,
    env: { ...own, SERVER_ADDRESS: "127.0.0.1:0" },
  });
  try {
    await service.line(/service greeter 0\.1\.0 is running/);
    const line = ["exec", "--", "micro", "call", "greeter", "Greeter.Hello", '{"name":"Ada"}'];
    const reply = await mustRun("npm", line, { cwd, env: { ...env, ...own }, timeoutMs: 30_000 });
    if (!reply.includes("Hello Ada")) throw new Error(`micro call printed ${reply}`);
    const { status } = await service.stop();
    if (status !== 0) throw new Error(`the service ended with ${status} after SIGTERM`);
  } finally {
    await service.stop("SIGKILL");
  }
}

/** Runs the first example of the README, which imports the package by its name. */
async function runExample(cwd: string, prepare: (() => Promise<unknown>) | undefined): Promise<void> {
  await prepare?.();
  const readme = await readFile(join(cwd, "README.md"), "utf8");
  const example = /^```ts\n([\s\S]*?)^```$/m.exec(readme)?.[1];
  if (example === undefined) throw new Error("README.md has no example");
  await writeFile(join(cwd, "example.ts"), example);
  await mustRun(process.execPath, ["example.ts"], { cwd, timeoutMs: 30_000 });
}
