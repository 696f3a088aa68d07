const fancy = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
const paint = (code: string) => (text: string) => (fancy ? `\u001b[${code}m${text}\u001b[0m` : text);

/** Colours on a terminal, plain text when piped. */
export const bold = paint("1");
export const dim = paint("2");
export const green = paint("32");
export const red = paint("31");
export const yellow = paint("33");

/** The headline of a step. */
export function headline(title: string): void {
  console.log(`\n${bold(title)}`);
}

/** One line of a step: what, and what came of it. */
export function line(what: string, result: string): void {
  console.log(`   ${what.padEnd(36)} ${result}`);
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

/** `4.05` for 405. */
export const money = (cents: number): string => (cents / 100).toFixed(2);
