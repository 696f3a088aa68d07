import { raise, refused } from "./refused.ts";

/** What follows the first byte of a value. */
interface Shape {
  /** Bytes of the count behind the first byte; 0 when the first byte holds the count. */
  readonly countBytes: 0 | 1 | 2 | 4;
  readonly count: number;
  /** What is counted: bytes of the value itself, or values inside it. */
  readonly of: "bytes" | "binary" | "extension" | "values" | "pairs";
}

const SHAPES: readonly (Shape | undefined)[] = Array.from({ length: 256 }, (_, head) => shapeOf(head));

/** Where the contents of binaries begin: a bit for each byte of the body. A Set has room for 2^24 at most. */
export class Binaries {
  readonly #bodyLength: number;
  #marks: Uint8Array | undefined = undefined;

  constructor(bodyLength: number) {
    this.#bodyLength = bodyLength;
  }

  add(at: number): void {
    // An empty binary may begin where the body ends.
    this.#marks ??= new Uint8Array((this.#bodyLength >>> 3) + 1);
    this.#marks[at >>> 3] = (this.#marks[at >>> 3] ?? 0) | (1 << (at & 7));
  }

  has(at: number): boolean {
    return ((this.#marks?.[at >>> 3] ?? 0) & (1 << (at & 7))) !== 0;
  }
}

/**
 * Walks over the values of a body without reading them, before the library reads it: the library makes room for every
 * list as long as it is announced, and nests without a bound. Throws a MicroError `BAD_REQUEST` for more than
 * `maxDepth` levels, for more than the body can hold and for what follows the value.
 *
 * @returns where the contents of each binary begin.
 */
export function binariesIn(body: Buffer, maxDepth: number): Pick<Binaries, "has"> {
  const binaries = new Binaries(body.length);
  const outer: number[] = [];
  // Values that the innermost level lacks, and all levels together.
  let missing = 1;
  let due = 1;
  let at = 0;
  const take = (count: number) => {
    const start = at;
    const left = body.length - at;
    if (count > left) throw refused(`${count} bytes are announced at byte ${at}, and ${left} are left`);
    at += count;
    return start;
  };
  while (due > 0) {
    while (missing === 0) missing = outer.pop() ?? 0;
    missing--;
    due--;
    const head = body[take(1)] as number;
    const shape = SHAPES[head];
    if (shape === undefined) throw refused(`0x${head.toString(16)} at byte ${at - 1} is no type`);
    const { countBytes } = shape;
    const count = countBytes === 0 ? shape.count : body.readUIntBE(take(countBytes), countBytes);
    if (shape.of === "values" || shape.of === "pairs") {
      if (outer.length === maxDepth) {
        throw refused(`lists and maps are nested deeper than ${maxDepth} at byte ${at}${raise("max_depth")}`);
      }
      outer.push(missing);
      missing = shape.of === "pairs" ? count * 2 : count;
      due += missing;
      // Each value takes a byte at least.
      const left = body.length - at;
      if (due > left) throw refused(`${due} values are announced at byte ${at}, and ${left} bytes left`);
    } else {
      if (shape.of === "binary") binaries.add(at);
      // Its type is one more byte.
      take(shape.of === "extension" ? count + 1 : count);
    }
  }
  if (at < body.length) throw refused(`${body.length - at} bytes follow the value at byte ${at}`);
  return binaries;
}

function shapeOf(head: number): Shape | undefined {
  const held = (count: number, of: Shape["of"] = "bytes"): Shape => ({ countBytes: 0, count, of });
  const behind = (power: number, of: Shape["of"]): Shape => ({
    countBytes: (2 ** power) as 1 | 2 | 4,
    count: 0,
    of,
  });
  if (head < 0x80 || head >= 0xe0) return held(0);
  if (head < 0x90) return held(head & 0x0f, "pairs");
  if (head < 0xa0) return held(head & 0x0f, "values");
  if (head < 0xc0) return held(head & 0x1f);
  if (head === 0xc1) return undefined;
  if (head <= 0xc3) return held(0);
  if (head <= 0xc6) return behind(head - 0xc4, "binary");
  if (head <= 0xc9) return behind(head - 0xc7, "extension");
  if (head <= 0xcb) return held(head === 0xca ? 4 : 8);
  if (head <= 0xcf) return held(2 ** (head - 0xcc));
  if (head <= 0xd3) return held(2 ** (head - 0xd0));
  if (head <= 0xd8) return held(2 ** (head - 0xd4), "extension");
  if (head <= 0xdb) return behind(head - 0xd9, "bytes");
  if (head <= 0xdd) return behind(head - 0xdb, "values");
  return behind(head - 0xdd, "pairs");
}
