import type { Writable } from "node:stream";
import { printable, printableLine } from "./printable.ts";

/** How a command talks to whoever started it. */
export interface Output {
  /** True for `--output json`: one document, or one per line where there are many. */
  readonly json: boolean;
  /** True when standard output is a terminal that shows colours. */
  readonly color: boolean;
  /** Results, to standard output, newline added. Resolves when there is room for more; never rejects. */
  print(text: string): Promise<void>;
  /** Notes for people, to standard error, newline added. */
  note(text: string): void;
}

/** What {@link createOutput} takes. */
export interface OutputOptions {
  readonly json: boolean;
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Output to the streams of a process. Whoever made them handles their errors. */
export function createOutput({ json, stdout, stderr, env }: OutputOptions): Output {
  const color = stdout.isTTY === true && !env.NO_COLOR && env.TERM !== "dumb" && !json;
  return {
    json,
    color,
    print: (text) =>
      new Promise((resolve) => {
        if (stdout.destroyed || !stdout.writable) resolve();
        // Told of failures too: a reader that left is noticed by the stream's own error event.
        else stdout.write(`${text}\n`, () => resolve());
      }),
    note: (text) => void stderr.write(`${printable(text)}\n`),
  };
}

const CODES = { bold: "1", dim: "2", red: "31", green: "32", yellow: "33", cyan: "36" } as const;

/** Text in a colour, where the output shows colours. */
export function paint({ color }: Pick<Output, "color">, style: keyof typeof CODES, text: string): string {
  return color ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text;
}

/** Rows under a header, columns aligned. Cells are made safe for terminals. */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  output: Pick<Output, "color">,
): string {
  const all = [header, ...rows].map((row) => row.map(printableLine));
  const widths = header.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return lines.map((line, index) => (index === 0 ? paint(output, "bold", line) : line)).join("\n");
}

/** `a=1 b=2`, sorted by name. */
export function pairs(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join(" ");
}
