import { quote } from "./layout.ts";
import { WIDTH } from "./width.ts";

/**
 * Import statements in the order that Biome sorts them. `modules` has the names in the importing file by exported name,
 * by module; `types` are the exported names that are types.
 */
export function printImports(
  modules: ReadonlyMap<string, ReadonlyMap<string, string>>,
  types: ReadonlySet<string>,
): string {
  return [...modules]
    .sort(([a], [b]) => compareModules(a, b))
    .map(([module, specifiers]) => printImport(module, specifiers, types))
    .join("");
}

/** Packages first, then files, the farthest first. */
function compareModules(a: string, b: string): number {
  const rank = (module: string) =>
    module.startsWith(".") ? 1000 - module.split("/").filter((part) => part === "..").length : 0;
  return rank(a) - rank(b) || compareNames(a, b);
}

function printImport(
  module: string,
  specifiers: ReadonlyMap<string, string>,
  types: ReadonlySet<string>,
): string {
  const sorted = [...specifiers].sort(([, a], [, b]) => compareNames(a, b));
  const onlyTypes = sorted.every(([exported]) => types.has(exported));
  const keyword = onlyTypes ? "import type" : "import";
  const words = sorted.map(([exported, name]) => {
    const type = types.has(exported) && !onlyTypes ? "type " : "";
    // An export may have any text for a name.
    const word = /^[A-Za-z_$][\w$]*$/.test(exported) ? exported : quote(exported);
    return `${type}${word}${exported === name ? "" : ` as ${name}`}`;
  });
  const from = quote(module);
  const line = `${keyword} { ${words.join(", ")} } from ${from};\n`;
  if (line.length - 1 <= WIDTH) return line;
  return `${keyword} {\n${words.map((word) => `  ${word},\n`).join("")}} from ${from};\n`;
}

/** As Biome sorts: letter by letter, a capital before the same small letter, numbers by their value. */
function compareNames(a: string, b: string): number {
  const left = partsOf(a);
  const right = partsOf(b);
  for (const [index, part] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    const order = comparePart(part, other);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/** Single letters, and numbers as a whole. */
function partsOf(name: string): readonly string[] {
  return name.match(/\d+|\D/g) ?? [];
}

function comparePart(a: string, b: string): number {
  if (/\d/.test(a) && /\d/.test(b)) return Number(a) - Number(b);
  const [small, other] = [a.toLowerCase(), b.toLowerCase()];
  if (small !== other) return small < other ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
