import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StartError } from "../start-error.ts";

/** A folder of its own for the files of one test. */
export interface Folder {
  readonly path: string;
  /** Writes a file and resolves with its path. */
  file(name: string, content: string | Uint8Array): Promise<string>;
  /** The problems a start fails with, one line each, paths relative to the folder; none when it succeeds. */
  problemsOf(starting: Promise<unknown>): Promise<string[]>;
  remove(): Promise<void>;
}

export async function makeFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), "micro-core-"));
  return {
    path,
    async file(name, content) {
      const full = join(path, name);
      await writeFile(full, content);
      return full;
    },
    async problemsOf(starting) {
      try {
        await starting;
        return [];
      } catch (error) {
        const { problems } = error as StartError;
        if (problems === undefined) throw error;
        return problems.map(({ where, message, hint }) =>
          `${where}: ${message}${hint ? ` (${hint})` : ""}`.replaceAll(`${path}/`, ""),
        );
      }
    },
    remove: () => rm(path, { recursive: true }),
  };
}
