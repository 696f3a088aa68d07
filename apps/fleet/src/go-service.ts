import { execFile } from "node:child_process";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const sourceFolder = join(import.meta.dirname, "../go");
const cacheFolder = join(import.meta.dirname, "../node_modules/.cache/fleet");

/** The oldest Go that go.mod allows. */
const OLDEST_MINOR = 24;
const VERSION_TIMEOUT_MS = 20_000;
/** The first time, Go Micro and all that it needs is fetched and compiled. */
const BUILD_TIMEOUT_MS = 300_000;

/** A Go toolchain, or a sentence for people that says why there is none and how to get one. */
export type Toolchain =
  | { readonly ok: true; readonly version: string }
  | { readonly ok: false; readonly reason: string };

/** Looks for a `go` on the PATH that is new enough. */
export async function findGo(): Promise<Toolchain> {
  const remedy = `Go 1.${OLDEST_MINOR} or newer is needed: install it from https://go.dev/dl or with your package manager, and have 'go' on the PATH.`;
  try {
    const { stdout } = await run("go", ["env", "GOVERSION"], {
      cwd: sourceFolder,
      env: goEnvironment(),
      timeout: VERSION_TIMEOUT_MS,
    });
    const version = stdout.trim();
    const minor = Number(/^go1\.(\d+)/.exec(version)?.[1] ?? 0);
    if (minor >= OLDEST_MINOR) return { ok: true, version };
    return { ok: false, reason: `The Go on the PATH is ${version}. ${remedy}` };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return { ok: false, reason: `There is no Go on the PATH. ${remedy}` };
    }
    return { ok: false, reason: `'go env' failed: ${(error as Error).message.trim()}. ${remedy}` };
  }
}

/** Builds `go/` and gives the path of the program. */
export async function buildGoService(): Promise<string> {
  await mkdir(cacheFolder, { recursive: true });
  const program = join(cacheFolder, "catalog");
  // Built beside its place and moved there: another demo may be running the program meanwhile.
  const fresh = `${program}.${process.pid}-${crypto.randomUUID().slice(0, 8)}`;
  try {
    await run("go", ["build", "-trimpath", "-ldflags=-s -w", "-o", fresh, "."], {
      cwd: sourceFolder,
      env: goEnvironment(),
      timeout: BUILD_TIMEOUT_MS,
    });
    await rename(fresh, program);
  } catch (cause) {
    const { message, stderr = "" } = cause as Error & { stderr?: string };
    throw new Error(`the Go service in ${sourceFolder} cannot be built: ${stderr || message}`, { cause });
  } finally {
    await rm(fresh, { force: true });
  }
  return program;
}

/** The user's own, without what would change the build or fetch another toolchain. */
function goEnvironment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    GOTOOLCHAIN: "local",
    GOFLAGS: "-mod=readonly -buildvcs=false",
    GOWORK: "off",
    CGO_ENABLED: "0",
  };
}
