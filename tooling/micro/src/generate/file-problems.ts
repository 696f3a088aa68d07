import type { FieldModel, Problem, TypeModel } from "./model.ts";
import { isOptionsTarget, type SourceIndex } from "./source-index.ts";

/** What is looked at. */
interface FileFacts {
  readonly shownPath: string;
  readonly index: SourceIndex;
  readonly syntax: "proto2" | "proto3";
  readonly types: readonly TypeModel[];
  /** What `reserved` says, by the full name of the message. */
  readonly reserved: ReadonlyMap<string, readonly (string | readonly number[])[]>;
}

const MAX_FIELD_NUMBER = 536_870_911;

/** What keeps a file that parses from being generated: all of it, not the first only. */
export function fileProblems({ shownPath, index, syntax, types, reserved }: FileFacts): readonly Problem[] {
  const problems: Problem[] = [];
  const add = (line: number | undefined, text: string) => problems.push({ file: shownPath, line, text });

  if (index.edition !== undefined) {
    const { value, line } = index.edition;
    add(line, `edition "${value}" is not supported: write syntax = "proto3" (or "proto2")`);
  }
  if (index.syntax !== undefined && !/^proto[23]$/.test(index.syntax.value)) {
    add(index.syntax.line, `syntax "${index.syntax.value}" is not known: write "proto3" (or "proto2")`);
  }
  for (const { name, line } of index.groups) {
    add(line, `group '${name}' is not supported: make it a message and a field of its type`);
  }
  for (const line of index.extensionRanges) {
    add(line, "extensions are not supported: use fields of the message, or google.protobuf.Any");
  }
  for (const { target, line } of index.extends) {
    if (!isOptionsTarget(target)) {
      add(line, `extend ${target}: extensions are not supported; only those of options are ignored`);
    }
  }
  const known = new Set<string>();
  for (const type of types) {
    if (type.kind === "message") {
      for (const field of type.fields) {
        known.add(`${type.name}.${field.name}`);
        for (const text of fieldProblems(field, reserved.get(type.fullName) ?? [], syntax))
          add(field.line, text);
      }
    } else if (type.values.length === 0) add(type.line, `enum '${type.name}' has no values`);
    else if (syntax === "proto3" && type.values[0]?.number !== 0) {
      add(type.line, `enum '${type.name}': the first value must be 0 in proto3`);
    }
  }
  for (const { path, line, isField } of index.declarations) {
    // The parser leaves this name out without a word.
    if (isField && path.endsWith(".__proto__") && !known.has(path))
      add(line, "a field cannot be named '__proto__'");
  }
  return problems;
}

function fieldProblems(
  { name, number, default: value }: FieldModel,
  reserved: readonly (string | readonly number[])[],
  syntax: "proto2" | "proto3",
): string[] {
  const problems: string[] = [];
  if (number < 1 || number > MAX_FIELD_NUMBER) {
    problems.push(`field '${name}': number ${number} must be 1 to ${MAX_FIELD_NUMBER}`);
  } else if (number >= 19_000 && number <= 19_999) {
    problems.push(`field '${name}': the numbers 19000 to 19999 belong to Protocol Buffers, not ${number}`);
  }
  for (const entry of reserved) {
    const taken = typeof entry === "string" ? entry === name : isBetween(number, entry);
    if (taken)
      problems.push(`field '${name}': ${typeof entry === "string" ? "the name" : number} is reserved`);
  }
  if (syntax === "proto3" && value !== undefined) {
    problems.push(`field '${name}': proto3 has no defaults of one's own`);
  }
  return problems;
}

function isBetween(number: number, [from = 0, to = 0]: readonly number[]): boolean {
  return number >= from && number <= to;
}
