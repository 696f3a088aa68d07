import { type Int64Form, lowerCamelCase, type ScalarType } from "@micro/core/message";
import { descriptionOf, docLines } from "./comments.ts";
import { type Entry, layOutStatement, object, type Piece, quote } from "./layout.ts";
import { type EnumModel, type FieldModel, isScalar, type MessageModel } from "./model.ts";
import { nameFields } from "./names.ts";
import { WIDTH } from "./width.ts";

/** What the printing of types depends on. */
export interface TypeContext {
  /** The constant of the file. */
  readonly fileName: string;
  readonly syntax: "proto2" | "proto3";
  readonly int64: Int64Form;
  /** The name of a declaration of this file. */
  readonly nameOf: (type: MessageModel | EnumModel) => string;
  /** The name of the type of a field that has no scalar type, and what it is. */
  readonly typeOf: (field: FieldModel) => { readonly name: string; readonly kind: "message" | "enum" };
  /** Asks for an import of `@micro/core/message`. */
  readonly use: (name: string) => string;
}

/** An enum: its constant and its type. */
export function printEnum(type: EnumModel, context: TypeContext): string {
  const name = context.nameOf(type);
  const values = type.values.map((value) => ({
    key: value.name,
    value: String(value.number),
    doc: value,
  }));
  const items = [context.fileName, quote(type.name), object(values, values.length > 4)];
  const call = { kind: "call", name: context.use("defineEnum"), items } as const;
  return [
    ...docLines(type).map((line) => `${line}\n`),
    layOutStatement(`export const ${name}`, call),
    enumType(name, context.use("EnumValue")),
  ].join("");
}

function enumType(name: string, helper: string): string {
  const line = `export type ${name} = ${helper}<typeof ${name}>;\n`;
  return line.length - 1 <= WIDTH ? line : `export type ${name} = ${helper}<\n  typeof ${name}\n>;\n`;
}

/** A message: its type and its constant. */
export function printMessage(type: MessageModel, context: TypeContext): string {
  const name = context.nameOf(type);
  const keys = nameFields(type.fields);
  const fields = type.fields.map((field): Entry => {
    const key = keys.get(field) ?? "";
    // What every object inherits hides the type that the definition expects here.
    return {
      key,
      value: fieldOptions(field, key, context),
      suffix: key in Object.prototype ? " as const" : "",
    };
  });
  const description = descriptionOf(type.comment);
  const options: Entry[] = [
    ...(description === undefined ? [] : [{ key: "description", value: quote(description) }]),
    ...(type.deprecated ? [{ key: "deprecated", value: "true" }] : []),
  ];
  const items: Piece[] = [context.fileName, quote(type.name)];
  items.push({ kind: "arrow", body: object(fields, fields.length > 0) });
  if (options.length > 0) items.push(object(options));
  const call = { kind: "call", name: context.use("defineMessage"), items } as const;
  return [
    ...docLines(type).map((line) => `${line}\n`),
    typeDeclaration(name, type, { context, keys }),
    layOutStatement(`export const ${name}: ${context.use("MessageType")}<${name}>`, call),
  ].join("");
}

function typeDeclaration(
  name: string,
  type: MessageModel,
  { context, keys }: { readonly context: TypeContext; readonly keys: ReadonlyMap<FieldModel, string> },
): string {
  if (type.fields.length === 0) return emptyType(name);
  const print = (fields: readonly FieldModel[], indent: string) =>
    fields.map((field) => property(field, { key: keys.get(field) ?? "", indent, context })).join("");
  const plain = type.fields.filter(({ oneof }) => oneof === undefined);
  const oneofs = [...new Set(type.fields.flatMap(({ oneof }) => (oneof === undefined ? [] : [oneof])))];
  if (oneofs.length === 0) return `export interface ${name} {\n${print(plain, "  ")}}\n`;
  const oneOf = context.use("OneOf");
  const parts = plain.length === 0 ? [] : [`{\n${print(plain, "  ")}}`];
  oneofs.forEach((oneof, index) => {
    const fields = type.fields.filter((field) => field.oneof === oneof);
    // The second one and what follows stand in lines of their own.
    const indent = index === 0 ? "" : "  ";
    parts.push(
      `${index === 0 ? (plain.length === 0 ? "" : " & ") : " &\n  "}${oneOf}<{\n${print(fields, `${indent}  `)}${indent}}>`,
    );
  });
  return `export type ${name} = ${parts.join("")};\n`;
}

function emptyType(name: string): string {
  const line = `export type ${name} = Record<string, never>;\n`;
  return line.length - 1 <= WIDTH ? line : `export type ${name} = Record<\n  string,\n  never\n>;\n`;
}

function property(
  field: FieldModel,
  { key, indent, context }: { readonly key: string; readonly indent: string; readonly context: TypeContext },
): string {
  const doc = docLines(field, indent).map((line) => `${line}\n`);
  const value = valueType(field, context);
  const isMap = field.label === "map";
  const type = field.label === "repeated" ? `${value}[]` : isMap ? `{ [key: string]: ${value} }` : value;
  const mayBeAbsent = field.oneof === undefined && hasPresence(field, context);
  const line = `${indent}${key}${mayBeAbsent ? "?" : ""}: ${type}${mayBeAbsent ? " | undefined" : ""};\n`;
  if (line.length - 1 <= WIDTH) return `${doc.join("")}${line}`;
  const long = mayBeAbsent
    ? `${indent}${key}?:\n${indent}  | ${type}\n${indent}  | undefined;\n`
    : isMap
      ? `${indent}${key}: {\n${indent}  [key: string]: ${value};\n${indent}};\n`
      : line;
  return `${doc.join("")}${long}`;
}

/** Absent and default are different things, and the property may be missing. */
function hasPresence(field: FieldModel, context: TypeContext): boolean {
  if (field.label === "optional") return true;
  return field.label === "implicit" && !isScalar(field.typeName) && context.typeOf(field).kind === "message";
}

function valueType(field: FieldModel, context: TypeContext): string {
  const { typeName } = field;
  if (!isScalar(typeName)) return context.typeOf(field).name;
  if (typeName === "string") return "string";
  if (typeName === "bool") return "boolean";
  if (typeName === "bytes") return "Uint8Array";
  return is64Bit(typeName) ? int64Of(field, context) : "number";
}

function is64Bit(type: ScalarType): boolean {
  return type.endsWith("64");
}

/** `[jstype = …]` says it for one field. */
function int64Of({ jstype }: FieldModel, { int64 }: TypeContext): Int64Form {
  return jstype === "JS_STRING" ? "string" : jstype === "JS_NUMBER" ? "number" : int64;
}

function fieldOptions(field: FieldModel, key: string, context: TypeContext): Piece {
  const { name, typeName, label, oneof, jsonName, packed, mapKey } = field;
  const scalar = isScalar(typeName) ? typeName : undefined;
  const kind = scalar === undefined ? context.typeOf(field).kind : "scalar";
  const int64 = scalar !== undefined && is64Bit(scalar) ? int64Of(field, context) : "bigint";
  const isPackable = label === "repeated" && kind !== "message" && scalar !== "string" && scalar !== "bytes";
  const isOptional = label === "optional" && context.syntax === "proto3" && kind !== "message";
  const entries: [string, string | undefined | false][] = [
    ["number", String(field.number)],
    ["type", scalar === undefined ? context.typeOf(field).name : quote(scalar)],
    ["name", name !== snakeCase(key) && quote(name)],
    ["jsonName", jsonName !== undefined && jsonName !== lowerCamelCase(name) && quote(jsonName)],
    ["repeated", label === "repeated" && "true"],
    [
      "packed",
      isPackable && packed !== undefined && packed !== (context.syntax === "proto3") && String(packed),
    ],
    ["map", mapKey !== undefined && quote(mapKey)],
    ["oneof", oneof !== undefined && quote(oneof)],
    ["optional", isOptional && "true"],
    ["required", label === "required" && "true"],
    ["int64", int64 !== "bigint" && quote(int64)],
    ["default", field.default !== undefined && defaultLiteral(field.default, int64)],
    ["deprecated", field.deprecated && "true"],
  ];
  return object(
    entries.flatMap(([option, value]) => (typeof value === "string" ? [{ key: option, value }] : [])),
  );
}

function defaultLiteral(value: NonNullable<FieldModel["default"]>, int64: Int64Form): string {
  if (typeof value === "string") return quote(value);
  if (typeof value !== "bigint") return Object.is(value, -0) ? "-0" : String(value);
  return int64 === "bigint" ? `${value}n` : int64 === "string" ? `"${value}"` : String(value);
}

/** The name that a definition takes for a property when it does not say another. */
function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
