import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, chmod, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
/** Longest time to fetch packages, with lists of them where need be, and to unpack them, in ms. */
const INSTALL_DEADLINE_MS = 120_000;

/** A program and where it comes from. */
export interface ServerPackage {
  /** Name of the program: `nats-server`. */
  readonly program: string;
  /** Debian's package, and what it needs besides. The first has the program. */
  readonly packages: readonly string[];
  /** Where the program is inside the package: `usr/sbin/nats-server`. */
  readonly path: string;
  /** Folders to look in first. @default the PATH and the folders of Debian's servers */
  readonly searchPath?: readonly string[];
  /** Where packages are unpacked. @default `micro-servers` in the user's cache folder */
  readonly cacheFolder?: string;
}

/** A program is nowhere on this machine and cannot be fetched: the message names it and says how to get it. */
export class MissingServerError extends Error {
  override readonly name = "MissingServerError";
}

/** The file of a server: found on the machine, or unpacked from its package. Rejects with {@link MissingServerError}. */
export async function findServer(server: ServerPackage): Promise<string> {
  const { program, packages, path, searchPath = systemPath(), cacheFolder = defaultCache() } = server;
  for (const folder of searchPath) {
    const file = join(folder, program);
    if (await isExecutable(file)) return file;
  }
  const unpacked = join(cacheFolder, program);
  const file = join(unpacked, path);
  if (await isExecutable(file)) return file;
  try {
    await unpack(packages, unpacked);
  } catch (cause) {
    throw new MissingServerError(
      `${program} is not on the PATH and cannot be fetched: install it (on Debian and Ubuntu: apt-get install ${packages[0]})`,
      { cause },
    );
  }
  if (await isExecutable(file)) return file;
  throw new Error(`the package ${packages[0]} has no ${path}: install ${program} so that it is on the PATH`);
}

/** Several test files may do this at once: each unpacks into a folder of its own, and the first one wins. */
async function unpack(packages: readonly string[], target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  const work = await mkdtemp(`${target}-`);
  try {
    const bounds = { cwd: work, signal: AbortSignal.timeout(INSTALL_DEADLINE_MS) };
    await download(packages, bounds);
    const root = join(work, "root");
    for (const archive of (await readdir(work)).filter((name) => name.endsWith(".deb"))) {
      await run("dpkg-deb", ["-x", archive, root], bounds);
    }
    await chmod(root, 0o755);
    try {
      await rename(root, target);
    } catch (error) {
      // Somebody else was faster.
      if (!isCode(error, "ENOTEMPTY") && !isCode(error, "EEXIST")) throw error;
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Where a command runs, and until when. */
interface Bounds {
  readonly cwd: string;
  readonly signal: AbortSignal;
}

/** Puts the archives of packages into a folder, without root. */
async function download(packages: readonly string[], bounds: Bounds): Promise<void> {
  const apt = (...args: readonly string[]) =>
    run("apt-get", ["-o", "APT::Sandbox::User=", "-o", "Acquire::Retries=0", ...args], bounds);
  try {
    await apt("download", ...packages);
  } catch (withListsOfTheSystem) {
    // Images of containers come without lists of packages, and lists grow old.
    const lists = join(bounds.cwd, "lists");
    await mkdir(lists);
    const own = ["-o", `Dir::State::lists=${lists}`, "-o", `Dir::Cache=${join(bounds.cwd, "cache")}`];
    try {
      await apt(...own, "update");
      await apt(...own, "download", ...packages);
    } catch (withOwnLists) {
      throw new AggregateError(
        [withListsOfTheSystem, withOwnLists],
        `apt-get did not fetch ${packages.join(", ")}, neither with the lists of this system nor with new ones`,
      );
    }
  }
}

function systemPath(): readonly string[] {
  return [...(process.env.PATH ?? "").split(delimiter).filter(Boolean), "/usr/sbin", "/usr/local/sbin"];
}

function defaultCache(): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "micro-servers");
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch (error) {
    if (isCode(error, "ENOENT") || isCode(error, "EACCES") || isCode(error, "ENOTDIR")) return false;
    throw error;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
