import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

/** Line and column, both from 1, where an error of a parser or of a module says that it is; empty when it does not. */
export function errorPlace(error: unknown, path: string): readonly number[] {
  const { mark, line, column, stack } = error as {
    /** js-yaml; counts from 0. */
    readonly mark?: { readonly line: number; readonly column: number };
    /** smol-toml and our reader of JSON. */
    readonly line?: number;
    readonly column?: number;
    readonly stack?: string;
  };
  if (mark !== undefined) return [mark.line + 1, mark.column + 1];
  if (line !== undefined) return column === undefined ? [line] : [line, column];
  for (const name of [`${pathToFileURL(path).href}:`, `${path}:`]) {
    const [, behind] = (stack ?? "").split(name);
    const [place] = /^\d+(:\d+)?/.exec(behind ?? "") ?? [];
    if (place === undefined) continue;
    if (place.includes(":")) return place.split(":").map(Number);
    // Of a syntax error Node tells the line, and marks the column below the text of it.
    const [, margin] = /\n([ \t]*)\^+\n/.exec(behind ?? "") ?? [];
    return margin === undefined
      ? [Number(place)]
      : [Number(place), columnBehind(margin, path, Number(place))];
  }
  return [];
}

/** The column, from 1, behind a margin that Node's reader of types prints: it writes a tab as four spaces. */
function columnBehind(margin: string, path: string, line: number): number {
  if (margin.includes("\t")) return margin.length + 1;
  const text = readFileSync(path, "utf8").split("\n")[line - 1] ?? "";
  let column = 1;
  for (let width = 0; width < margin.length; column++) width += text[column - 1] === "\t" ? 4 : 1;
  return column;
}
