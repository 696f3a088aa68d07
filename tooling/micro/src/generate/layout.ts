import { type DocComment, docLines } from "./comments.ts";
import { WIDTH } from "./width.ts";

/** A piece of code: a text that is not broken, or something that may take several lines. */
export type Piece = string | ObjectPiece | ListPiece | CallPiece | ArrowPiece;

/** `{ a: 1, b: 2 }`. */
export interface ObjectPiece {
  readonly kind: "object";
  readonly entries: readonly Entry[];
  /** In lines of its own even if it would fit in one. */
  readonly open?: boolean;
}

/** One property of an object. */
export interface Entry {
  readonly key: string;
  readonly value: Piece;
  /** Stands before it. */
  readonly doc?: DocComment;
  /** Behind the value: ` as const`. */
  readonly suffix?: string;
  /** Written as `{ a }`, its value being a variable of that name. @default false */
  readonly shorthand?: boolean;
}

/** `[a, b]`. */
export interface ListPiece {
  readonly kind: "list";
  readonly items: readonly Piece[];
}

/** `name(a, b)`; a single argument that is an object shares its lines with the call. */
export interface CallPiece {
  readonly kind: "call";
  readonly name: string;
  readonly items: readonly Piece[];
}

/** `() => ({ a: 1 })`. */
export interface ArrowPiece {
  readonly kind: "arrow";
  readonly body: ObjectPiece;
}

/** An object piece. */
export function object(entries: readonly Entry[], open = false): ObjectPiece {
  return { kind: "object", entries, open };
}

/** The place of a piece. */
export interface Place {
  /** Of the line in which it begins. */
  readonly indent: string;
  /** Characters before it in its first line. */
  readonly before: number;
  /** Characters behind it in its last line. */
  readonly after: number;
}

/** The piece as lines, the first without indent: as Biome and Prettier lay it out at a width of 110. */
export function layOut(piece: Piece, place: Place): string {
  const flat = inOneLine(piece);
  if (typeof piece === "string") return piece;
  const { indent, before, after } = place;
  if (flat !== undefined && before + flat.length + after <= WIDTH) return flat;
  if (piece.kind === "arrow") {
    return `() => (${layOut(piece.body, { indent, before: before + 7, after: after + 1 })})`;
  }
  if (piece.kind === "object") {
    return `{\n${piece.entries.map((entry) => layOutEntry(entry, `${indent}  `)).join("")}${indent}}`;
  }
  return (piece.kind === "call" && layOutLast(piece, place)) || layOutItems(piece, indent);
}

/** `export const a = call(…);`, the call in a line of its own where its name does not fit behind the rest. */
export function layOutStatement(head: string, call: CallPiece): string {
  const fits = head.length + call.name.length + 4 <= WIDTH;
  if (fits) return `${head} = ${layOut(call, { indent: "", before: head.length + 3, after: 1 })};\n`;
  return `${head} =\n  ${layOut(call, { indent: "  ", before: 2, after: 1 })};\n`;
}

/** The last argument alone takes several lines, if that is enough. */
function layOutLast({ name, items }: CallPiece, { indent, before, after }: Place): string | undefined {
  const last = items.at(-1);
  if (last === undefined || typeof last === "string" || !canOpen(last)) return undefined;
  const lead = items.slice(0, -1).map(inOneLine);
  if (lead.includes(undefined)) return undefined;
  const head = `${name}(${lead.map((item) => `${item}, `).join("")}`;
  const text = layOut(last, { indent, before: before + head.length, after: after + 1 });
  return before + head.length + text.indexOf("\n") <= WIDTH ? `${head}${text})` : undefined;
}

/** An empty object or list has no place for a line break. */
function canOpen(piece: Piece): boolean {
  if (typeof piece === "string") return false;
  if (piece.kind === "list") return piece.items.length > 0;
  if (piece.kind === "arrow") return canOpen(piece.body);
  return piece.kind === "object" && piece.entries.length > 0;
}

function layOutItems(piece: ListPiece | CallPiece, indent: string): string {
  const inner = `${indent}  `;
  const lines = piece.items.map(
    (item) => `${inner}${layOut(item, { indent: inner, before: inner.length, after: 1 })},\n`,
  );
  const [opening, closing] = piece.kind === "call" ? [`${piece.name}(`, ")"] : ["[", "]"];
  return `${opening}\n${lines.join("")}${indent}${closing}`;
}

function layOutEntry(
  { key, value, doc = {}, suffix = "", shorthand = false }: Entry,
  indent: string,
): string {
  if (shorthand) return `${indent}${key},\n`;
  const head = `${indent}${key}: `;
  const docs = docLines(doc, indent)
    .map((line) => `${line}\n`)
    .join("");
  const text = layOut(value, { indent, before: head.length, after: suffix.length + 1 });
  // Behind a short key a line break gains nothing.
  const isTooLong =
    key.length > 4 &&
    typeof value === "string" &&
    /^["']/.test(value) &&
    head.length + text.length + 1 > WIDTH;
  return `${docs}${isTooLong ? `${indent}${key}:\n${indent}  ` : head}${text}${suffix},\n`;
}

function inOneLine(piece: Piece): string | undefined {
  if (typeof piece === "string") return piece;
  if (piece.kind === "object") {
    if (piece.open === true || piece.entries.some(({ doc = {} }) => docLines(doc).length > 0))
      return undefined;
    const entries = piece.entries.map(({ key, value, suffix = "", shorthand = false }) => {
      const text = inOneLine(value);
      return text === undefined ? undefined : shorthand ? key : `${key}: ${text}${suffix}`;
    });
    if (entries.includes(undefined)) return undefined;
    return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
  }
  if (piece.kind === "arrow") {
    const body = inOneLine(piece.body);
    return body === undefined ? undefined : `() => (${body})`;
  }
  // Several objects in a list stand below each other.
  const isTable =
    piece.kind === "list" &&
    piece.items.length > 1 &&
    piece.items.every(
      (item) => typeof item !== "string" && item.kind === "object" && item.entries.length > 1,
    );
  const items = piece.items.map(inOneLine);
  if (isTable || items.includes(undefined)) return undefined;
  return piece.kind === "list" ? `[${items.join(", ")}]` : `${piece.name}(${items.join(", ")})`;
}

/** A text as a literal, in the quotes that need fewer escapes. */
export function quote(text: string): string {
  const double = JSON.stringify(text).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
  const doubles = text.split('"').length;
  if (doubles <= text.split("'").length) return double;
  return `'${double.slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}
