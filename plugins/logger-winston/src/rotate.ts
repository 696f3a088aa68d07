import { mkdir, rename, rm, rmdir, stat } from "node:fs/promises";

/** A lock that is older was left behind by a process that died. */
const STALE_LOCK_MS = 10_000;

/** What {@link rotate} takes. */
export interface RotateOptions {
  /** Files kept, the one written to among them; at least 1. */
  readonly maxFiles: number;
  /** Inode of the full file: when the path names another one by now, somebody else was faster. */
  readonly inode: number;
}

/**
 * Moves `app.log` to `app.log.1`, that to `app.log.2` and so on; the oldest goes. Several loggers and processes may
 * write to one file: a folder beside it is their lock. Resolves to false when another one holds it: write on.
 */
export async function rotate(path: string, options: RotateOptions): Promise<boolean> {
  const lock = `${path}.lock`;
  if (!(await take(lock))) return false;
  try {
    const { ino } = await stat(path);
    if (ino !== options.inode) return true;
    if (options.maxFiles === 1) await rm(path);
    for (let number = options.maxFiles - 1; number >= 1; number--) {
      await moveIfPresent(number === 1 ? path : `${path}.${number - 1}`, `${path}.${number}`);
    }
    return true;
  } finally {
    await rmdir(lock);
  }
}

async function take(lock: string): Promise<boolean> {
  try {
    await mkdir(lock);
    return true;
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
  }
  const left = await stat(lock).catch(orUndefined);
  if (left !== undefined && Date.now() - left.mtimeMs > STALE_LOCK_MS) await rmdir(lock).catch(orUndefined);
  return false;
}

async function moveIfPresent(from: string, to: string): Promise<void> {
  await rename(from, to).catch(orUndefined);
}

/** For `catch`: nothing there is an answer, everything else is a failure. */
export function orUndefined(error: unknown): undefined {
  if (hasCode(error, "ENOENT")) return undefined;
  throw error;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
