import type { FieldDescription, NamedType, TypeDescription } from "../descriptor/describe-types.ts";
import { MicroError } from "../errors.ts";
import { lowerCamelCase } from "../message/define.ts";
import { type MappedType, type Mapping, mapType } from "./map-type.ts";
import type { ProtoEnum, ProtoField, ProtoMessage } from "./proto-model.ts";

type ObjectType = NamedType & { readonly kind: "object" };

/** Makes the message of an object type. Throws a MicroError `BAD_REQUEST` for fields that cannot be told apart. */
export function mapMessage(
  type: ObjectType,
  {
    name,
    fromCallers,
    required,
  }: {
    readonly name: string;
    /** Callers send it. */
    readonly fromCallers: boolean;
    /** Fields without which its schema refuses a value. */
    readonly required: ReadonlySet<string>;
  },
  mapping: Mapping,
): ProtoMessage {
  const { findings } = mapping;
  if (type.message) throw notMapped(name, "it is a message type already: use its own .proto file");
  if (type.rest !== undefined && type.rest.kind !== "unknown") {
    findings.push({
      path: name,
      text: "properties beside its fields have no place in a message: they are left out",
    });
  }
  const enums: ProtoEnum[] = [];
  const taken = new Set(type.fields.map((field) => fieldName(field.name)));
  const fields = type.fields.map((field) => {
    const path = `${name}.${field.name}`;
    const mapped = mapType(field.type, path, mapping);
    const wanted = mapped.choices;
    const found = wanted === undefined ? undefined : enumOf(field.name, wanted, { taken, mapping });
    if (found !== undefined) enums.push(found);
    const notes =
      wanted === undefined || found !== undefined
        ? mapped.notes
        : [`One of ${wanted.map((value) => JSON.stringify(value)).join(", ")}.`];
    if (fromCallers) warn(field, path, { mapped, mapping });
    const about = { fromCallers, path, required: required.has(field.name) };
    return protoField(field, { ...mapped, type: found?.name ?? mapped.type, notes }, about);
  });
  refuseTwins(name, fields);
  return { name, comment: lines(type.description), deprecated: type.deprecated, fields, enums };
}

/** What clients that follow the `.proto` will stumble over. */
function warn(
  field: FieldDescription,
  path: string,
  { mapped, mapping }: { readonly mapped: MappedType; readonly mapping: Mapping },
): void {
  if (!field.required) return;
  if (mapped.repeated || mapped.type.startsWith("map<")) {
    const text =
      "is required, but proto3 JSON leaves out what is empty: give it a default, or make it optional";
    mapping.findings.push({ path, text });
  } else if (mapped.nullable) {
    const text =
      "must be there as null, but proto3 JSON leaves out what is not set: let it be optional as well";
    mapping.findings.push({ path, text });
  }
}

function protoField(
  field: FieldDescription,
  mapped: MappedType,
  about: { readonly fromCallers: boolean; readonly path: string; readonly required: boolean },
): ProtoField {
  const { fromCallers, path } = about;
  const name = fieldName(field.name);
  if (field.name === "__proto__")
    throw notMapped(path, "this name changes prototypes: call it something else");
  // Go leaves the zero of a field without presence out of JSON, and then what is required would be missing.
  const explicit = mapped.hasZero && (fromCallers || !field.required || mapped.nullable);
  const marked = field.required && fromCallers ? ["Required."] : [];
  return {
    name,
    jsonName: lowerCamelCase(name) === field.name ? undefined : field.name,
    type: mapped.type,
    label: mapped.repeated ? "repeated" : explicit ? "optional" : "",
    required: about.required,
    nullable: mapped.nullable,
    comment: [
      ...lines(field.description),
      ...[...marked, ...mapped.notes].join(" ").split("\n").filter(Boolean),
    ],
    deprecated: field.deprecated,
  };
}

/** The JSON name itself where it can be: then clients find it that use the names of the `.proto`, as Go Micro 22 does. */
function fieldName(jsonName: string): string {
  const name = jsonName.replace(/\W/g, "_");
  return /^[A-Za-z_]/.test(name) ? name : `_${name}`;
}

function refuseTwins(message: string, fields: readonly ProtoField[]): void {
  const seen = new Map<string, ProtoField>();
  for (const field of fields) {
    const key = lowerCamelCase(field.name);
    const twin = seen.get(key);
    if (twin !== undefined) {
      const names = [twin, field].map(({ name, jsonName }) => `'${jsonName ?? name}'`).join(" and ");
      throw notMapped(message, `the fields ${names} have one name in proto3 JSON: rename one of them`);
    }
    seen.set(key, field);
  }
}

/**
 * The enum of a field, inside its message. JSON must have the texts themselves, so they are the names of the values:
 * undefined if they are no names, or taken in the message, which is their scope.
 */
function enumOf(
  field: string,
  values: readonly string[],
  { taken, mapping }: { readonly taken: Set<string>; readonly mapping: Mapping },
): ProtoEnum | undefined {
  const none = `${snakeCase(field).toUpperCase()}_UNSPECIFIED`;
  const all = [none, ...values];
  const usable =
    new Set(all).size === all.length &&
    all.every((value) => /^[A-Za-z_]\w*$/.test(value) && !taken.has(value));
  if (!usable) return undefined;
  const messages = new Set(Object.keys(mapping.types).map(mapping.messageOf));
  let name = pascalCase(field);
  while (taken.has(name) || messages.has(name) || all.includes(name)) name += "Enum";
  for (const one of [name, ...all]) taken.add(one);
  return { name, values: all };
}

function snakeCase(name: string): string {
  return name.replace(/\W+/g, "_").replace(/([a-z0-9])([A-Z])/g, "$1_$2");
}

function pascalCase(name: string): string {
  const words = name.split(/[^A-Za-z0-9]+/);
  const pascal = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
  return /^[A-Za-z]/.test(pascal) ? pascal : `Field${pascal}`;
}

/** The lines of a text as those of a comment. */
export function lines(text: string | undefined): readonly string[] {
  return text === undefined ? [] : text.split(/\r?\n/).map((line) => line.trimEnd());
}

/** The error for what no `.proto` can say. */
export function notMapped(path: string, why: string): MicroError {
  return new MicroError({ code: "BAD_REQUEST", detail: `${path}: ${why}` });
}

/** The types that a description leads to, in the order in which a reader meets them. What is one of several becomes JSON. */
export function reachable(
  roots: readonly TypeDescription[],
  types: Readonly<Record<string, NamedType>>,
): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (type: TypeDescription): void => {
    if (type.kind === "list" || type.kind === "map") visit(type.of);
    else if (type.kind === "union") {
      const [only, ...others] = type.of.filter((one) => !(one.kind === "scalar" && one.scalar === "null"));
      if (only !== undefined && others.length === 0) visit(only);
    } else if (type.kind === "named" && !found.has(type.name)) {
      found.add(type.name);
      const named = types[type.name];
      if (named?.kind === "object") for (const field of named.fields) visit(field.type);
      else if (named?.kind === "alias") visit(named.type);
    }
  };
  roots.forEach(visit);
  return found;
}
