const fancy = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
const paint = (code: string) => (text: string) => (fancy ? `\u001b[${code}m${text}\u001b[0m` : text);

/** Colours on a terminal, plain text when piped. */
export const bold = paint("1");
export const dim = paint("2");
export const green = paint("32");
export const red = paint("31");

/** A numbered headline. */
export function headline(number: number, title: string): void {
  console.log(`\n${bold(`${number}. ${title}`)}`);
}

/** One line of a step: what, result, and how long it took where that is known. */
export function line(what: string, result: string, ms?: number): void {
  console.log(`   ${what.padEnd(34)} ${result}${ms === undefined ? "" : dim(`  ${formatMs(ms)}`)}`);
}

/** Rows under column names, aligned. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = columns.map((column, index) =>
    Math.max(column.length, ...rows.map((row) => (row[index] ?? "").length)),
  );
  const format = (row: readonly string[]): string =>
    `   ${row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join("  ")}`.trimEnd();
  console.log(dim(format(columns)));
  for (const row of rows) console.log(format(row));
}

/** A bar of up to forty characters for `share` of the whole. */
export const bar = (share: number): string => (fancy ? "█" : "#").repeat(Math.round(share * 40));

/** Milliseconds for people. */
export function formatMs(ms: number): string {
  if (ms < 0.1) return `${(ms * 1000).toFixed(1)} µs`;
  return ms < 10 ? `${ms.toFixed(2)} ms` : `${Math.round(ms)} ms`;
}
