import { type Place, type Places, placeAt } from "./places.ts";

/** An object literal of a module, as far as it is written out. */
interface Literal {
  readonly keys: Map<string, Entry>;
  /** Names of variables that are spread into it: a key may stand there. */
  readonly spread: string[];
}

interface Entry {
  readonly offset: number;
  /** What stands behind the key: an object, or the name of a variable that may hold one. */
  value: Literal | string | undefined;
}

/**
 * Places of the keys of what a JavaScript or TypeScript module exports by default, as far as they are written out in
 * object literals: in the export itself, or in variables of the module that it names or spreads. What is computed or
 * imported has no place of its own.
 */
export function modulePlaces(text: string): Places {
  const module = readModule(text);
  return (keys) => {
    // Variables may name and spread each other in circles: each is looked into once for the same keys.
    const seen = new Set<string>();
    const find = (wanted: readonly string[], within: Literal | string | undefined): Place | undefined => {
      const [key, ...rest] = wanted;
      if (key === undefined || within === undefined) return undefined;
      if (typeof within === "string") {
        const visit = `${wanted.length} ${within}`;
        if (seen.has(visit)) return undefined;
        seen.add(visit);
        return find(wanted, module.variables.get(within));
      }
      const entry = within.keys.get(key);
      if (entry !== undefined)
        return rest.length === 0 ? placeAt(text, entry.offset) : find(rest, entry.value);
      for (const name of within.spread.toReversed()) {
        const place = find(wanted, name);
        if (place !== undefined) return place;
      }
      return undefined;
    };
    return find(keys, module.exported);
  };
}

interface Token {
  readonly text: string;
  readonly offset: number;
  readonly kind: "name" | "text" | "mark";
}

const BLANK = /\s+|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/y;
const TOKEN =
  /([\w$]+)|("(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'|`(?:[^`\\]|\\[\s\S])*`)|(\.\.\.|=>|[\s\S])/y;
const REGEXP = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  for (let offset = skipBlank(text, 0); offset < text.length; ) {
    TOKEN.lastIndex = offset;
    const [, name, quoted, mark = ""] = TOKEN.exec(text) ?? [];
    const kind = name !== undefined ? "name" : quoted !== undefined ? "text" : "mark";
    const before = tokens.at(-1);
    // Where a value is expected a slash begins a regular expression, whose brackets are none.
    const isValue = before === undefined || (before.kind === "mark" && !/^[)\]}]$/.test(before.text));
    REGEXP.lastIndex = offset;
    const expression = mark === "/" && isValue ? REGEXP.exec(text)?.[0] : undefined;
    const found = expression ?? name ?? quoted ?? mark;
    tokens.push({ text: found, offset, kind: expression === undefined ? kind : "text" });
    offset = skipBlank(text, offset + found.length);
  }
  return tokens;
}

function skipBlank(text: string, from: number): number {
  BLANK.lastIndex = from;
  let at = from;
  for (let match = BLANK.exec(text); match !== null; match = BLANK.exec(text)) at = BLANK.lastIndex;
  return at;
}

function readModule(text: string): {
  readonly exported: Literal | string | undefined;
  readonly variables: ReadonlyMap<string, Literal>;
} {
  const reader = new LiteralReader(tokensOf(text));
  return { exported: reader.exported, variables: reader.variables };
}

const OPEN: ReadonlySet<string> = new Set(["{", "[", "("]);
const CLOSE: ReadonlySet<string> = new Set(["}", "]", ")"]);

class LiteralReader {
  exported: Literal | string | undefined = undefined;
  readonly variables = new Map<string, Literal>();
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
    for (let depth = 0; this.#at < tokens.length; this.#at++) {
      const text = this.#text();
      if (OPEN.has(text)) depth++;
      // The bracket of `defineConfig(` was read with the statement.
      else if (CLOSE.has(text)) depth = Math.max(0, depth - 1);
      else if (depth === 0) this.#statement(text);
    }
  }

  #text(ahead = 0): string {
    return this.#tokens[this.#at + ahead]?.text ?? "";
  }

  #statement(text: string): void {
    const isExport = text === "export" && this.#text(1) === "default";
    const isCommonJs = text === "module" && this.#text(2) === "exports" && this.#text(3) === "=";
    if (isExport || isCommonJs) {
      this.#at += isExport ? 2 : 4;
      // `defineConfig({ … })`, `Promise.resolve({ … })` and `({ … })` hand on what they are given.
      const begin = this.#at;
      while (/^[\w$.(]+$/.test(this.#text())) this.#at++;
      if (this.#text() === "{") this.exported = this.#literal();
      else this.exported = this.#text(begin - this.#at);
      this.#at--;
    } else if (/^(const|let|var)$/.test(text) && this.#tokens[this.#at + 1]?.kind === "name") {
      const name = this.#text(1);
      this.#at += 2;
      if (this.#text() === ":") this.#skipUntil((mark) => mark === "=" || mark === ";");
      if (this.#text() === "=" && this.#text(1) === "{") {
        this.#at++;
        this.variables.set(name, this.#literal());
      }
      this.#at--;
    }
  }

  /** Reads from `{` to behind its `}`. */
  #literal(): Literal {
    const literal: Literal = { keys: new Map(), spread: [] };
    this.#at++;
    while (this.#at < this.#tokens.length && this.#text() !== "}") {
      this.#entry(literal);
      this.#skipUntil((mark) => mark === ",");
      // A bracket of another kind is a mistake of the text, which the language itself reports.
      if (this.#text() !== "}") this.#at++;
    }
    this.#at++;
    return literal;
  }

  #entry(literal: Literal): void {
    const key = this.#tokens[this.#at] as Token;
    if (key.text === "...") {
      literal.spread.push(this.#text(1));
      return;
    }
    if (key.kind === "mark") return;
    const next = this.#text(1);
    const name = key.kind === "text" ? key.text.slice(1, -1) : key.text;
    const entry: Entry = { offset: key.offset, value: undefined };
    if (next === ":") {
      this.#at += 2;
      const value = this.#tokens[this.#at];
      if (value?.text === "{") entry.value = this.#literal();
      else if (value?.kind === "name") entry.value = value.text;
    } else if (next === "," || next === "}") entry.value = name;
    literal.keys.set(name, entry);
  }

  /** Goes to a mark of this depth, or to the bracket that closes it. */
  #skipUntil(isEnd: (mark: string) => boolean): void {
    for (let depth = 0; this.#at < this.#tokens.length; this.#at++) {
      const text = this.#text();
      if (depth === 0 && (isEnd(text) || CLOSE.has(text))) return;
      if (OPEN.has(text)) depth++;
      else if (CLOSE.has(text)) depth--;
    }
  }
}
