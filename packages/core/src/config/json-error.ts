import { type Place, placeAt } from "./places.ts";

const JSON_TOKEN =
  /[ \t\n\r]*(?:("(?:[^"\\]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)|([{}[\],:]))/y;
const hasControl = (text: string): boolean => {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) < 32) return true;
  return false;
};

/** Where a text stops being JSON, which the parser does not always tell; undefined when it does not. */
export function jsonErrorPlace(text: string): Place | undefined {
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
      return done && rest === "" ? undefined : placeAt(text, text.length - rest.length);
    }
    const [, string, scalar, mark] = match;
    const here = JSON_TOKEN.lastIndex - (string ?? scalar ?? mark ?? "").length;
    const inMap = open.at(-1) === "}";
    if (string !== undefined && hasControl(string)) return placeAt(text, here);
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
    else return placeAt(text, here);
    if (mark !== "{" && mark !== "[") mayClose = false;
  }
}
