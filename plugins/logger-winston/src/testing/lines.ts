import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** JSON lines, read. */
export function parsed(output: string): Record<string, unknown>[] {
  return output
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The lines of a file of JSON lines. */
export async function linesOf(path: string): Promise<Record<string, unknown>[]> {
  return parsed(await readFile(path, "utf8"));
}

/** The lines of a log and of what was moved away from it, oldest first. A process that ended may have left its lock behind. */
export async function allLines(folder: string, name: string): Promise<Record<string, unknown>[]> {
  const number = (file: string) => Number(file.slice(name.length + 1)) || 0;
  const files = (await readdir(folder))
    .filter((file) => file.startsWith(name) && !file.endsWith(".lock"))
    .sort((a, b) => number(b) - number(a));
  const lines = await Promise.all(files.map((file) => linesOf(join(folder, file))));
  return lines.flat();
}
