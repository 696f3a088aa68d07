import { lowerCamelCase } from "@micro/core/message";
import type { EnumModel, FieldModel, Problem, TypeModel } from "./model.ts";
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
      if (syntax === "proto3") {
        for (const [field, other] of jsonTwins(type.fields)) {
          add(
            field.line,
            `fields '${other.name}' and '${field.name}' have one name in JSON: rename one of them`,
          );
        }
      }
    } else {
      for (const { line, text } of enumProblems(type, syntax)) add(line ?? type.line, text);
    }
  }
  for (const { path, line, isField } of index.declarations) {
    // The parser leaves this name out without a word.
    if (path.split(".").at(-1) === "__proto__" && !known.has(path)) {
      add(line, isField ? "a field cannot be named '__proto__'" : "nothing can be named '__proto__'");
    }
  }
  return problems;
}

/** Fields that JSON cannot tell apart, each with the one before it. */
function* jsonTwins(fields: readonly FieldModel[]): Generator<readonly [FieldModel, FieldModel]> {
  const owners = new Map<string, FieldModel>();
  for (const field of fields) {
    const name = field.jsonName ?? lowerCamelCase(field.name);
    const other = owners.get(name);
    if (other === undefined) owners.set(name, field);
    else yield [field, other];
  }
}

function* enumProblems(
  { name, values }: EnumModel,
  syntax: "proto2" | "proto3",
): Generator<{ readonly line: number | undefined; readonly text: string }> {
  if (values.length === 0) yield { line: undefined, text: `enum '${name}' has no values` };
  else if (syntax === "proto3" && values[0]?.number !== 0) {
    yield { line: undefined, text: `enum '${name}': the first value must be 0 in proto3` };
  }
  for (const value of values) {
    if ((value.number | 0) === value.number) continue;
    const text = `value '${value.name}' of enum '${name}': ${value.number} must be a number of 32 bits`;
    yield { line: value.line, text };
  }
}

function fieldProblems(
  { name, number, jsonName, default: value }: FieldModel,
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
  if (jsonName === "__proto__") problems.push(`field '${name}': json_name cannot be '__proto__'`);
  if (syntax === "proto3" && value !== undefined) {
    problems.push(`field '${name}': proto3 has no defaults of one's own`);
  }
  return problems;
}

function isBetween(number: number, [from = 0, to = 0]: readonly number[]): boolean {
  return number >= from && number <= to;
}
