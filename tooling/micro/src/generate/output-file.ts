import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { MicroError } from "@micro/core";

/** How a generated file compares with what was there before. */
export type FileState = "new" | "changed" | "same";

/** A file to be. */
export interface OutputFile {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
}

/** How {@link compareFile} speaks of a file. */
export interface CompareOptions {
  /** What the error calls it. */
  readonly shownPath: string;
  /** How the first line of a generated file ends. */
  readonly mark: string;
}

/**
 * Compares a generated text with what is there. Throws a MicroError `PRECONDITION_FAILED` for a file that somebody
 * wrote by hand.
 */
export async function compareFile(
  { path, text }: OutputFile,
  { shownPath, mark }: CompareOptions,
): Promise<FileState> {
  const before = await readIfPresent(path);
  if (before === undefined) return "new";
  if (before === text) return "same";
  if (!isMarked(before, mark)) throw notOurs(shownPath);
  return "changed";
}

/** Whether the first line of a file says that it was generated. */
export function isMarked(text: string, mark: string): boolean {
  return text.split("\n", 1)[0]?.trimEnd().endsWith(mark) ?? false;
}

/** The MicroError `PRECONDITION_FAILED` for a file that somebody wrote by hand. */
export function notOurs(shownPath: string): MicroError {
  const detail = `${shownPath}: this file is not generated and would be overwritten: move it, or name another --out`;
  return new MicroError({ code: "PRECONDITION_FAILED", detail });
}

/**
 * Writes a generated file. Whoever reads it meanwhile sees the old one or the new one, never half of it. Rejects with a
 * MicroError `PRECONDITION_FAILED` where it cannot be written.
 */
export async function writeText({ path, text }: OutputFile): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, text);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {
      // What keeps it from being removed kept it from being written, and that is told.
    });
    throw unusable(path, "written", error);
  }
}

/** A file's text; undefined where there is none. Rejects with a MicroError `PRECONDITION_FAILED` where it cannot be read. */
export async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw unusable(path, "read", error);
  }
}

/** A folder where a file should be, a file where a folder should be, no permission: the user's to see to. */
function unusable(path: string, what: "read" | "written", cause: unknown): MicroError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const detail = `${path}: this file cannot be ${what}: ${why}`;
  return new MicroError({ code: "PRECONDITION_FAILED", detail, cause });
}
