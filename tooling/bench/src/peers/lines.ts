import type { Readable } from "node:stream";

/** Calls back with the complete lines of each chunk. */
export function readLines(readable: Readable, onLines: (lines: readonly string[]) => void): void {
  let rest = "";
  readable.setEncoding("utf8");
  readable.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    if (lines.length > 0) onLines(lines);
  });
}
