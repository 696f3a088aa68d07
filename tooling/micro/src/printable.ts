/** Characters that would move the cursor or change the terminal. Names come from the network: anybody may write them. */
const CONTROL = /[^\P{Cc}\n\t]|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** Text of somebody else, safe on a terminal; newlines stay. */
export function printable(text: string): string {
  return text.replace(CONTROL, escaped);
}

/** The same on one line. */
export function printableLine(text: string): string {
  return printable(text).replace(/[\n\t]/g, escaped);
}

function escaped(character: string): string {
  if (character === "\n") return "\\n";
  if (character === "\t") return "\\t";
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** JSON of any reply: integers beyond 2^53 as they are, bytes as base64. Safe on a terminal. */
export function toJson(value: unknown, { indent = 0 }: { readonly indent?: number } = {}): string {
  const text = JSON.stringify(value ?? null, replaceValue, indent) ?? "null";
  // What JSON leaves as it is: the other direction of writing, and the second range of control characters.
  return text.replace(/[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, escaped);
}

interface RawJson {
  rawJSON(text: string): unknown;
}

function replaceValue(this: unknown, key: string, value: unknown): unknown {
  if (typeof value === "bigint") return (JSON as unknown as RawJson).rawJSON(`${value}`);
  // A Buffer has turned itself into a list already: what it was stands in its holder.
  const original = (this as Readonly<Record<string, unknown>>)[key];
  return original instanceof Uint8Array ? Buffer.from(original).toString("base64") : value;
}
