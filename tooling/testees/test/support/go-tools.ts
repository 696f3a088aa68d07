import { mkdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cleanEnvironment, runCommand } from "@micro/checks/run-command";

const cacheFolder = fileURLToPath(new URL("../../../../node_modules/.cache/go-tools", import.meta.url));

/** The programs of others that the testees meet. `go.sum` needs no place here: `go install` asks the checksum database. */
const TOOLS = {
  "grpc-client": "google.golang.org/grpc/interop/client@v1.84.0",
  "grpc-server": "google.golang.org/grpc/interop/server@v1.84.0",
  connectconformance: "connectrpc.com/conformance/cmd/connectconformance@v1.0.7",
} as const;

/** Fetching and compiling one program from nothing, on two cores that others use too. */
const BUILD_TIMEOUT_MS = 410_000;

/** Paths of the programs that were asked for, or why there are none. */
export type GoTools<Name extends keyof typeof TOOLS> =
  | { readonly ok: true; readonly path: Readonly<Record<Name, string>> }
  | { readonly ok: false; readonly reason: string };

/** Finds the programs, in these versions. Compiling takes minutes of both cores, which other tests would feel: it has a command of its own. */
export async function goTools<Name extends keyof typeof TOOLS>(
  ...names: readonly Name[]
): Promise<GoTools<Name>> {
  const reason = await whyNoGo();
  if (reason !== undefined) return { ok: false, reason };
  const path: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const { program } = placeOf(TOOLS[name]);
    if (!(await exists(program)))
      return { ok: false, reason: `${name} is not built; run pnpm interop:build` };
    path[name] = program;
  }
  return { ok: true, path: path as Record<Name, string> };
}

/** Builds what is not there yet. Rejects when one cannot be built; resolves with the reason where there is no Go. */
export async function buildGoTools(report: (line: string) => void): Promise<string | undefined> {
  const reason = await whyNoGo();
  if (reason !== undefined) return reason;
  for (const module of Object.values(TOOLS)) {
    await install(module);
    report(`built ${module}`);
  }
  return undefined;
}

async function whyNoGo(): Promise<string | undefined> {
  try {
    const { status, stderr } = await runCommand("go", ["version"], {
      cwd: process.cwd(),
      env: goEnvironment(),
    });
    return status === 0 ? undefined : `'go version' ended with ${status}: ${stderr.trim()}`;
  } catch (error) {
    return `there is no Go toolchain on the PATH (${(error as Error).message})`;
  }
}

function placeOf(module: string): { readonly folder: string; readonly program: string } {
  const folder = join(cacheFolder, module.replace(/[/@]/g, "-"));
  return { folder, program: join(folder, /([^/]+)@/.exec(module)?.[1] ?? "") };
}

async function install(module: string): Promise<void> {
  const { folder, program } = placeOf(module);
  if (await exists(program)) return;
  // Built beside its place and moved there: another process may be doing the same.
  const workshop = `${folder}.${process.pid}-${crypto.randomUUID().slice(0, 8)}`;
  await mkdir(workshop, { recursive: true });
  try {
    // Nice, as other tests may be running meanwhile and mind the time.
    const args = ["-n", "15", "go", "install", "-trimpath", "-ldflags=-s -w", module];
    const { status, stderr } = await runCommand("nice", args, {
      cwd: workshop,
      env: { ...goEnvironment(), GOBIN: workshop },
      timeoutMs: BUILD_TIMEOUT_MS,
    });
    if (status !== 0) throw new Error(`'go install ${module}' ended with ${status}\n${stderr}`);
    await rm(folder, { recursive: true, force: true });
    await rename(workshop, folder).catch(async (error: unknown) => {
      // The other process was first: its program is the same.
      if (!(await exists(program))) throw error;
    });
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}

/** The user's own, without what would change the build or look for another toolchain. */
function goEnvironment(): NodeJS.ProcessEnv {
  return {
    ...cleanEnvironment(),
    GOTOOLCHAIN: "local",
    GOFLAGS: "-mod=mod -buildvcs=false",
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
