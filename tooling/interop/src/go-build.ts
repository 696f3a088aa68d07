import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cleanEnvironment, runCommand } from "@micro/checks/run-command";
import type { Generation } from "./generations.ts";

const goFolder = fileURLToPath(new URL("../go", import.meta.url));
const cacheFolder = fileURLToPath(new URL("../../../node_modules/.cache/interop", import.meta.url));

/** The shared source is written against this module; the other generations' import path is put in its place. */
const WRITTEN_AGAINST = "go-micro.dev/v5";
const BUILD_TIMEOUT_MS = 230_000;

/** A Go toolchain, or why there is none. */
export type Toolchain =
  | { readonly ok: true; readonly version: string }
  | { readonly ok: false; readonly reason: string };

/** Looks for `go` on the PATH. */
export async function findGo(): Promise<Toolchain> {
  try {
    const { status, stdout, stderr } = await runCommand("go", ["version"], {
      cwd: goFolder,
      env: goEnvironment(),
    });
    if (status === 0) return { ok: true, version: stdout.trim() };
    return { ok: false, reason: `'go version' ended with ${status}: ${stderr.trim()}` };
  } catch (error) {
    return { ok: false, reason: `there is no Go toolchain on the PATH (${(error as Error).message})` };
  }
}

/** Where the program of `generation` is, built of the sources as they are; undefined when it is not built yet. */
export async function builtPeer(generation: Generation, toolchain: string): Promise<string | undefined> {
  const { program } = await placeOf(generation, toolchain);
  return (await exists(program)) ? program : undefined;
}

/** A path to the program of `generation`, built when there is none of this content yet. */
export async function buildPeer(generation: Generation, toolchain: string): Promise<string> {
  const { sources, folder, program } = await placeOf(generation, toolchain);
  if (await exists(program)) return program;
  // Built beside its place and moved there: another process may be doing the same.
  const workshop = `${folder}.${process.pid}-${crypto.randomUUID().slice(0, 8)}`;
  await mkdir(workshop, { recursive: true });
  try {
    for (const [name, text] of sources) await writeFile(join(workshop, name), text);
    await build(generation, workshop);
    await mkdir(cacheFolder, { recursive: true });
    await rm(folder, { recursive: true, force: true });
    await rename(workshop, folder).catch(async (error: unknown) => {
      // The other process was first: its program is the same.
      if (!(await exists(program))) throw error;
    });
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
  return program;
}

/** The sources of a generation and the place of their program, which is named after their content. */
async function placeOf(generation: Generation, toolchain: string) {
  const sources = await assemble(generation);
  const hash = createHash("sha256").update(toolchain);
  for (const [name, text] of [...sources].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(`${name}\0${text}\0`);
  const folder = join(cacheFolder, `${generation.id}-${hash.digest("hex").slice(0, 16)}`);
  return { sources, folder, program: join(folder, "peer") };
}

/** The files of the generation's Go module: its own, and the shared ones with its import path. */
async function assemble({ id, importPath }: Generation): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const folder of ["peer", id]) {
    for (const name of await readdir(join(goFolder, folder))) {
      if (!/^go\.(mod|sum)$|\.go$/.test(name)) continue;
      const text = await readFile(join(goFolder, folder, name), "utf8");
      files.set(name, folder === "peer" ? text.replaceAll(`"${WRITTEN_AGAINST}/`, `"${importPath}/`) : text);
    }
  }
  return files;
}

async function build({ id }: Generation, folder: string): Promise<void> {
  // Nice, as other tests may be running meanwhile and mind the time.
  const args = ["-n", "15", "go", "build", "-trimpath", "-ldflags=-s -w", "-o", "peer", "."];
  const { status, stderr } = await runCommand("nice", args, {
    cwd: folder,
    env: goEnvironment(),
    timeoutMs: BUILD_TIMEOUT_MS,
  });
  if (status === 0) return;
  const late = status === "SIGKILL" ? ` (it may take ${BUILD_TIMEOUT_MS / 1000} s)` : "";
  throw new Error(
    `the Go peer of generation ${id} cannot be built: 'go build' ended with ${status}${late}\n${stderr}`,
  );
}

/** The user's own, without what would change the build or look for another toolchain. */
function goEnvironment(): NodeJS.ProcessEnv {
  return {
    ...cleanEnvironment(),
    GOTOOLCHAIN: "local",
    GOFLAGS: "-mod=readonly -buildvcs=false",
    GOWORK: "off",
    CGO_ENABLED: "0",
  };
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
