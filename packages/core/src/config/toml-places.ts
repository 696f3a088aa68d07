import { KeyOffsets, type Places } from "./places.ts";

/** Places of the keys of a TOML text that the parser has accepted: tables, inline tables, dotted and quoted keys. */
export function tomlPlaces(text: string): Places {
  return new TomlKeys(text).offsets.in(text);
}

const BLANK = /(?:[ \t\r\n]|#[^\n]*)*/y;
const KEY = /[ \t]*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([\w-]+))[ \t]*(\.?)/y;
const TEXT = /"""(?:[^\\]|\\[\s\S])*?"{3,5}|'''[\s\S]*?'{3,5}|"(?:[^"\\]|\\.)*"|'[^']*'/y;
const SCALAR = /[^,\]}\n#]*/y;

class TomlKeys {
  readonly offsets = new KeyOffsets();
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    let table: readonly string[] = [];
    // Whatever is not as expected ends the walk: places only serve error texts.
    for (let last = -1; this.#at > last && this.#skip(BLANK) < text.length; ) {
      last = this.#at;
      if (this.#take("[")) {
        this.#take("[");
        table = this.#key([]);
        this.#take("]");
        this.#take("]");
      } else this.#pair(table);
    }
  }

  #pair(table: readonly string[]): void {
    const path = this.#key(table);
    this.#skip(BLANK);
    if (this.#take("=")) this.#value(path);
  }

  /** Reads `a.b.c`; each part has its own place. */
  #key(table: readonly string[]): readonly string[] {
    let path = table;
    for (let more = true; more; ) {
      KEY.lastIndex = this.#at;
      const match = KEY.exec(this.#text);
      if (match === null) break;
      const [whole, basic, literal, bare, dot] = match;
      path = [...path, basic ?? literal ?? (bare as string)];
      this.offsets.add(path, this.#at + (whole.length - whole.trimStart().length));
      this.#at += whole.length;
      more = dot === ".";
    }
    return path;
  }

  #value(path: readonly string[]): void {
    this.#skip(BLANK);
    const start = this.#at;
    if (this.#skip(TEXT) > start) return;
    if (this.#take("[")) this.#parts("]", () => this.#value(path));
    else if (this.#take("{")) this.#parts("}", () => this.#pair(path));
    else this.#skip(SCALAR);
  }

  #parts(end: string, part: () => void): void {
    for (let last = -1; this.#at > last; ) {
      last = this.#at;
      this.#skip(BLANK);
      if (this.#take(end)) return;
      part();
      this.#skip(BLANK);
      this.#take(",");
    }
  }

  #take(mark: string): boolean {
    if (this.#text[this.#at] !== mark) return false;
    this.#at++;
    return true;
  }

  #skip(pattern: RegExp): number {
    pattern.lastIndex = this.#at;
    this.#at += pattern.exec(this.#text)?.[0].length ?? 0;
    return this.#at;
  }
}
