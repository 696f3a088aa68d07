import type { Event } from "js-yaml";
import { KeyOffsets, type Places } from "./places.ts";

/** Places of the keys of a YAML or JSON text, from the parser's own events. */
export function yamlPlaces(text: string, yaml: typeof import("js-yaml")): Places {
  const offsets = new KeyOffsets();
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
          const isQuoted = /["']/.test(text[key.valueStart - 1] ?? "");
          offsets.add(path, isQuoted ? key.valueStart - 1 : key.valueStart);
          walk(path);
        }
        at++;
      } else if (event.type === EVENT_ID.SEQUENCE) {
        for (let index = 0; events[at]?.type !== EVENT_ID.POP; index++) walk([...keys, String(index)]);
        at++;
      }
    };
    at++; // the document
    walk([]);
  } catch {
    // Places only serve error texts: what YAML cannot read of a JSON text is reported without them.
  }
  return offsets.in(text);
}
