import type { OptionKind } from "../option.ts";

/** What a text became, or what it should have been. */
export type Converted = { readonly value: unknown } | { readonly expected: string };

const WORDS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["1", true],
  ["yes", true],
  ["on", true],
  ["false", false],
  ["0", false],
  ["no", false],
  ["off", false],
]);

/**
 * The value that texts of the command line or the environment mean for an option of this kind. Of several texts
 * the last counts, but lists and maps take all of them, each also separated by commas. Durations and sizes stay
 * text: core reads them as it reads those of a file.
 */
export function convert(kind: OptionKind, texts: readonly string[]): Converted {
  const last = texts.at(-1) ?? "";
  switch (kind) {
    case "boolean": {
      const value = WORDS.get(last.trim().toLowerCase());
      return value === undefined ? { expected: "true or false" } : { value };
    }
    case "integer": {
      const value = Number(last);
      const fits = /^\s*[+-]?\d+\s*$/.test(last) && Number.isSafeInteger(value);
      return fits ? { value } : { expected: "a whole number" };
    }
    case "number": {
      const value = Number(last);
      return last.trim() !== "" && Number.isFinite(value) ? { value } : { expected: "a number" };
    }
    case "list":
      return { value: texts.flatMap((text) => parts(text, /,/)) };
    case "map":
      return readMap(texts);
    case "string":
    case "duration":
    case "size":
      return { value: last };
    case "object":
    case "value":
      return { expected: "set in code or in a file" };
  }
}

const parts = (text: string, separator: RegExp): string[] =>
  text
    .split(separator)
    .map((part) => part.trim())
    .filter((part) => part !== "");

function readMap(texts: readonly string[]): Converted {
  const entries: [string, string][] = [];
  // A comma belongs to the value unless the next key follows it.
  for (const part of texts.flatMap((text) => parts(text, /,(?=[^,=]+=)/))) {
    const at = part.indexOf("=");
    if (at < 1) return { expected: "key=value, separated by commas" };
    entries.push([part.slice(0, at).trim(), part.slice(at + 1).trim()]);
  }
  return { value: Object.fromEntries(entries) };
}
