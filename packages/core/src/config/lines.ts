import type { Event } from "js-yaml";

/** The line (from 1) on which a path of keys stands; undefined when it is not known. */
export type Lines = (keys: readonly string[]) => number | undefined;

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
