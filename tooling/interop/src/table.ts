import { type Cell, COLUMNS, type ResultLine } from "./matrix.ts";

const WORDS: Readonly<Record<Cell["verdict"], string>> = {
  pass: "ok",
  "go bug": "Go bug",
  "not applicable": "n/a",
  fail: "**FAIL**",
};

/** The matrix as a Markdown table with numbered notes below it. */
export function tableOf(lines: readonly ResultLine[]): string {
  const notes: string[] = [];
  const cellText = (cell: Cell | undefined): string => {
    if (cell === undefined) return "";
    if (cell.note === "") return WORDS[cell.verdict];
    if (!notes.includes(cell.note)) notes.push(cell.note);
    return `${WORDS[cell.verdict]} (${notes.indexOf(cell.note) + 1})`;
  };
  const rows = [
    ["row", "case", ...COLUMNS.values()],
    ...lines.map(({ row, title, cells }) => [
      row,
      title,
      ...Array.from(COLUMNS.keys(), (column) => cellText(cells.get(column))),
    ]),
  ];
  const widths = rows[0]?.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0))) ?? [];
  const text = rows.map((row) => `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`);
  text.splice(1, 0, `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`);
  return [...text, "", ...notes.map((note, at) => `${at + 1}. ${note}`)].join("\n");
}

const BEGIN = "<!-- the matrix: written by `pnpm test:interop --write` -->";
const END = "<!-- end of the matrix -->";

/** `page` with the table between its two markers. Throws when they are not there. */
export function pageWith(page: string, table: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`the page has no '${BEGIN}' and '${END}' to write between`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${table}\n\n${page.slice(end)}`;
}
