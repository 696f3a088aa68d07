import type { Problem } from "@micro/core";
import { type Entry, object, type Piece, quote } from "../generate/layout.ts";

/** What {@link literal} works with. */
export interface LiteralOptions {
  /** The name under which generated code imports a value; undefined when no module exports it. `what` names it. */
  readonly imported: (value: object, what: string) => string | undefined;
  /** Takes what cannot be written. */
  readonly problems: Problem[];
}

const MAX_DEPTH = 20;

/** What is known of a value: an option of a plugin, or a map of them. */
export interface ValueSchema {
  readonly secret?: boolean;
  readonly options?: Readonly<Record<string, ValueSchema>> | undefined;
}

/** Where a value stands among the options: `["server", "address"]`. */
interface Place {
  readonly path: readonly string[];
  readonly schema?: ValueSchema | undefined;
}

/** A value as code that gives an equal one: what modules export is imported, everything else is written out. */
export function literal(value: unknown, place: Place, options: LiteralOptions): Piece {
  const { path, schema } = place;
  const where = `options.${path.join(".")}`;
  const refuse = (message: string, hint: string): Piece => {
    options.problems.push({ where, message, hint });
    return "undefined";
  };
  if ((typeof value === "object" && value !== null) || typeof value === "function") {
    const name = options.imported(value, `the value of ${where}`);
    if (name !== undefined) return name;
  }
  if (schema?.secret === true || (typeof value === "string" && /:\/\/[^/@\s]*:[^/@\s]+@/.test(value))) {
    return refuse(
      "this is a secret, and generated code would show it",
      "leave it to a file, a variable or the options of the generated function",
    );
  }
  if (path.length > MAX_DEPTH) return refuse("this goes too deep, or in a circle", "make it simpler");
  // Its values are those of the machine that runs the code, not of the one that writes it.
  if (value === process.env) return "process.env";
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    const below = items.map((item, index) => ({ item, at: { ...place, path: [...path, String(index)] } }));
    return { kind: "list", items: below.map(({ item, at }) => literal(item, at, options)) };
  }
  if (typeof value === "object" && value !== null && isPlain(value))
    return object(entries(value, place, options));
  const text = primitive(value);
  if (text !== undefined) return text;
  return refuse(
    `this is ${kindOf(value)} that no other module exports, and code cannot be written for it`,
    "export it from a module of its own, or leave it to the options of the generated function",
  );
}

/** The properties of an object that have a value. */
export function entries(value: object, { path, schema }: Place, options: LiteralOptions): readonly Entry[] {
  return Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .map(([key, inner]) => {
      const below = schema?.options?.[key];
      return entry(key, literal(inner, { path: [...path, key], schema: below }, options));
    });
}

/** A property; its key in quotes where it needs them. */
export function entry(key: string, value: Piece): Entry {
  if (key === "__proto__") return { key: '["__proto__"]', value };
  const isName = /^[A-Za-z_$][\w$]*$/.test(key) || /^(0|[1-9]\d{0,14})$/.test(key);
  return { key: isName ? key : quote(key), value, shorthand: key === value };
}

/** A value without parts as code; undefined when it is none. */
function primitive(value: unknown): string | undefined {
  if (typeof value === "string") return quote(value);
  if (typeof value === "bigint") return `${value}n`;
  if (value === null || value === undefined || typeof value === "boolean") return String(value);
  if (typeof value !== "number") return undefined;
  if (Number.isNaN(value)) return "Number.NaN";
  if (Number.isFinite(value)) return Object.is(value, -0) ? "-0" : String(value).replace("e+", "e");
  return value > 0 ? "Number.POSITIVE_INFINITY" : "Number.NEGATIVE_INFINITY";
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function kindOf(value: unknown): string {
  if (typeof value === "function") return "a function";
  if (typeof value === "symbol") return "a symbol";
  const { name } = (value as object).constructor;
  return name === "" ? "an object" : `an instance of ${name}`;
}
