import type { Value } from "@micro/registry";
import { printableLine } from "./printable.ts";

const MAX_LINE = 76;
const INDENT = "  ";

/**
 * A type as the registry describes it (spec 3.1), written like a TypeScript type; the names of leaf types stay those of
 * the service's language. On one line where it fits, else a line per field.
 */
export function showType(value: Value | null, indent = ""): string {
  if (value === null) return "-";
  const { values } = value;
  // Go leaves the type of a map empty.
  if (values === null || values.length === 0) return printableLine(value.type) || "?";
  const line = `{ ${values.map((field) => `${printableLine(field.name)}: ${showType(field)}`).join("; ")} }`;
  const list = /^(\[\])+/.exec(value.type)?.[0] ?? "";
  if (line.length + indent.length <= MAX_LINE && !line.includes("\n")) return `${list}${line}`;
  const fields = values.map(
    (field) => `${indent}${INDENT}${printableLine(field.name)}: ${showType(field, `${indent}${INDENT}`)};`,
  );
  return `${list}{\n${fields.join("\n")}\n${indent}}`;
}
