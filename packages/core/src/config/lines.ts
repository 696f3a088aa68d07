import type { Event } from "js-yaml";

/** The line (from 1) on which a path of keys stands; undefined when it is not known. */
export type Lines = (keys: readonly string[]) => number | undefined;

/** The line of a path of keys, or of the nearest key above it, in the first of the texts that knows one. */
export function nearestLine<T extends { readonly lines: Lines }>(
  texts: readonly T[],
  keys: readonly string[],
): { readonly text: T; readonly line: number } | undefined {
  for (let length = keys.length; length > 0; length--) {
    for (const text of texts) {
      const line = text.lines(keys.slice(0, length));
      if (line !== undefined) return { text, line };
    }
  }
  return undefined;
}

/** Lines of the keys of a YAML or JSON text, from the parser's own events. */
export function yamlLines(text: string, yaml: typeof import("js-yaml")): Lines {
  const offsets = new Map<string, number>();
  try {
    const { EVENT_ID } = yaml;
    const events = yaml.parseEvents(text, {});
    let at = 0;
    const walk = (keys: readonly string[]): void => {
      const event = events[at++] as Event;
      if (event.type === EVENT_ID.MAPPING) {
        while (events[at]?.type !== EVENT_ID.POP) {
          const key = events[at++] as Event;
          if (key.type !== EVENT_ID.SCALAR) throw new Error("a key that is no text");
          const path = [...keys, text.slice(key.valueStart, key.valueEnd)];
          offsets.set(JSON.stringify(path), key.valueStart);
          walk(path);
        }
        at++;
      } else if (event.type === EVENT_ID.SEQUENCE) {
        while (events[at]?.type !== EVENT_ID.POP) walk(keys);
        at++;
      }
    };
    at++; // the document
    walk([]);
  } catch {
    // Lines only serve error texts: what YAML cannot read of a JSON text is reported without them.
  }
  let breaks: readonly number[] | undefined;
  return (keys) => {
    const offset = offsets.get(JSON.stringify(keys));
    if (offset === undefined) return undefined;
    breaks ??= Array.from(text.matchAll(/\n/g), ({ index }) => index);
    return countBelow(breaks, offset) + 1;
  };
}

/** How many of the rising numbers are below `limit`. */
function countBelow(numbers: readonly number[], limit: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] as number) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Lines of the keys of a TOML text: tables and the keys below them, as they are usually written. */
export function tomlLines(text: string): Lines {
  const lines = new Map<string, number>();
  let table: readonly string[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const header = /^\s*\[+([^\]]+)\]+/.exec(line);
    const key = /^\s*([\w.-]+)\s*=/.exec(line);
    if (header !== null) table = (header[1] as string).split(".").map((part) => part.trim());
    const path =
      header !== null ? table : key === null ? undefined : [...table, ...(key[1] as string).split(".")];
    if (path !== undefined && !lines.has(JSON.stringify(path))) lines.set(JSON.stringify(path), index + 1);
  }
  return (keys) => lines.get(JSON.stringify(keys));
}

const JSON_TOKEN =
  /[ \t\n\r]*(?:("(?:[^"\\]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)|([{}[\],:]))/y;
const hasControl = (text: string): boolean => {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) < 32) return true;
  return false;
};

/** The line on which a text stops being JSON, which the parser does not always tell; undefined when it does not. */
export function jsonErrorLine(text: string): number | undefined {
  const open: string[] = [];
  let wanted: "value" | "key" | ":" | "," = "value";
  let mayClose = false;
  JSON_TOKEN.lastIndex = 0;
  for (;;) {
    const at = JSON_TOKEN.lastIndex;
    const match = JSON_TOKEN.exec(text);
    const done = wanted === "," && open.length === 0;
    if (match === null) {
      const rest = text.slice(at).replace(/^[ \t\n\r]+/, "");
      return done && rest === "" ? undefined : lineAt(text, text.length - rest.length);
    }
    const [, string, scalar, mark] = match;
    const here = JSON_TOKEN.lastIndex - (string ?? scalar ?? mark ?? "").length;
    const inMap = open.at(-1) === "}";
    if (string !== undefined && hasControl(string)) return lineAt(text, here);
    if (mark !== undefined && mark === open.at(-1) && (wanted === "," || mayClose)) {
      open.pop();
      wanted = ",";
      mayClose = false;
    } else if (wanted === "value" && (mark === "{" || mark === "[")) {
      open.push(mark === "{" ? "}" : "]");
      wanted = mark === "{" ? "key" : "value";
      mayClose = true;
    } else if (wanted === "value" && mark === undefined) wanted = ",";
    else if (wanted === "key" && string !== undefined) wanted = ":";
    else if (wanted === ":" && mark === ":") wanted = "value";
    else if (wanted === "," && mark === "," && !done) wanted = inMap ? "key" : "value";
    else return lineAt(text, here);
    if (mark !== "{" && mark !== "[") mayClose = false;
  }
}

const lineAt = (text: string, offset: number): number => text.slice(0, offset).split("\n").length;
