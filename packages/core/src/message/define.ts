import { MicroError } from "../errors.ts";
import { snakeCase } from "../option.ts";
import type { StandardResult } from "../standard-schema.ts";
import { buildMessage } from "./build.ts";
import {
  type AnyMessageType,
  ENUM,
  type EnumDescriptor,
  type EnumType,
  type Field,
  type FieldOptions,
  type FileOptions,
  isMessageType,
  MESSAGE,
  type MessageDescriptor,
  type MessageInit,
  type MessageType,
  type ProtoFile,
} from "./descriptor.ts";
import { MessageProblem } from "./problem.ts";

/** What a definition may say beside its fields or values. */
export interface TypeOptions {
  readonly description?: string;
  readonly deprecated?: boolean;
}

/** The lists of a file, which its definitions add themselves to while their module is loaded. */
interface OpenFile extends ProtoFile {
  readonly messages: AnyMessageType[];
  readonly enums: EnumType[];
}

/** Begins the description of a `.proto` file; its messages and enums name it. */
export function defineFile(options: FileOptions): ProtoFile {
  const file: OpenFile = {
    name: options.name,
    package: options.package ?? "",
    syntax: options.syntax ?? "proto3",
    imports: options.imports ?? [],
    messages: [],
    enums: [],
  };
  return file;
}

/** The fields of a message by their property in TypeScript. */
export type FieldsOptions = Readonly<Record<string, FieldOptions>>;

/**
 * Describes a message type; `T` is its TypeScript type. `fields` is a function, so that types may refer to each other.
 * A field that cannot be (number out of range or taken, two fields of one name) is a TypeError on first use.
 */
export function defineMessage<T>(
  file: ProtoFile,
  name: string,
  fields: () => FieldsOptions,
  options: TypeOptions = {},
): MessageType<T> {
  const typeName = qualified(file, name);
  const descriptor = new LazyDescriptor(file, { name, typeName, fields, options });
  const type: MessageType<T> = {
    [MESSAGE]: descriptor,
    typeName,
    // The descriptor decides what comes out; T is what the definition says of it.
    create: (init?: MessageInit<T>) => create(type, init) as T,
    "~standard": {
      version: 1,
      vendor: "micro",
      validate: (value) => check(type, value) as StandardResult<T>,
    },
  };
  (file as OpenFile).messages.push(type);
  return type;
}

/** Describes an enum: `const State = defineEnum(file, "State", { UNKNOWN: 0, OPEN: 1 })`. */
export function defineEnum<const Values extends Readonly<Record<string, number>>>(
  file: ProtoFile,
  name: string,
  values: Values,
  options: TypeOptions = {},
): Values & EnumType {
  const entries = Object.entries(values);
  const descriptor: EnumDescriptor = {
    file,
    name,
    typeName: qualified(file, name),
    description: options.description,
    values: entries,
    nameOf: new Map(entries.toReversed().map(([key, number]) => [number, key])),
    numberOf: new Map(entries),
  };
  const type = Object.freeze(Object.defineProperty({ ...values }, ENUM, { value: descriptor })) as Values &
    EnumType;
  (file as OpenFile).enums.push(type);
  return type;
}

function qualified(file: ProtoFile, name: string): string {
  return file.package === "" ? name : `${file.package}.${name}`;
}

function create(type: AnyMessageType, init: unknown): unknown {
  try {
    return buildMessage(type, init ?? {});
  } catch (error) {
    if (!(error instanceof MessageProblem)) throw error;
    throw new MicroError({ code: "BAD_REQUEST", detail: `${type.typeName}: ${error.text}` });
  }
}

function check(type: AnyMessageType, value: unknown): StandardResult<unknown> {
  try {
    return { value: buildMessage(type, value) };
  } catch (error) {
    if (!(error instanceof MessageProblem)) throw error;
    return { issues: [{ message: error.message, path: error.path }] };
  }
}

class LazyDescriptor implements MessageDescriptor {
  readonly file: ProtoFile;
  readonly name: string;
  readonly typeName: string;
  readonly description: string | undefined;
  readonly deprecated: boolean;
  readonly #define: () => FieldsOptions;
  #fields: readonly Field[] | undefined = undefined;
  #byKey: ReadonlyMap<string, Field> | undefined = undefined;
  #byJsonName: ReadonlyMap<string, Field> | undefined = undefined;
  #oneofs: ReadonlyMap<string, readonly Field[]> | undefined = undefined;

  constructor(
    file: ProtoFile,
    given: {
      readonly name: string;
      readonly typeName: string;
      readonly fields: () => FieldsOptions;
      readonly options: TypeOptions;
    },
  ) {
    this.file = file;
    this.name = given.name;
    this.typeName = given.typeName;
    this.description = given.options.description;
    this.deprecated = given.options.deprecated ?? false;
    this.#define = given.fields;
  }

  get fields(): readonly Field[] {
    if (this.#fields === undefined) {
      const fields = Object.entries(this.#define()).map(([key, options]) => resolve(key, options, this));
      checkDistinct(fields, this);
      this.#fields = fields.sort((a, b) => a.number - b.number);
    }
    return this.#fields;
  }

  get byKey(): ReadonlyMap<string, Field> {
    this.#byKey ??= new Map(this.fields.map((field) => [field.key, field]));
    return this.#byKey;
  }

  get byJsonName(): ReadonlyMap<string, Field> {
    if (this.#byJsonName === undefined) {
      const byJsonName = new Map(this.fields.map((field) => [field.name, field]));
      // A JSON name that is another field's original name means the field that has it in JSON.
      for (const field of this.fields) byJsonName.set(field.jsonName, field);
      this.#byJsonName = byJsonName;
    }
    return this.#byJsonName;
  }

  get oneofs(): ReadonlyMap<string, readonly Field[]> {
    if (this.#oneofs === undefined) {
      const oneofs = new Map<string, Field[]>();
      for (const field of this.fields) {
        if (field.oneof !== undefined) oneofs.set(field.oneof, [...(oneofs.get(field.oneof) ?? []), field]);
      }
      this.#oneofs = oneofs;
    }
    return this.#oneofs;
  }
}

/** Of two fields that are one on the wire or in JSON, one would be lost without a word. */
function checkDistinct(fields: readonly Field[], { typeName, file }: LazyDescriptor): void {
  const marks = [
    ["number", ({ number }: Field) => number],
    ["name", ({ name }: Field) => name],
    ["JSON name", ({ jsonName }: Field) => jsonName],
  ] as const;
  for (const [what, markOf] of marks) {
    // Files of proto2 may have such fields: protoc only warns.
    if (what === "JSON name" && file.syntax === "proto2") continue;
    const owners = new Map<string | number, Field>();
    for (const field of fields) {
      const mark = markOf(field);
      const other = owners.get(mark);
      if (other !== undefined) {
        throw new TypeError(
          `message '${typeName}': fields '${other.key}' and '${field.key}' both have ${what} ${typeof mark === "number" ? mark : `'${mark}'`}`,
        );
      }
      owners.set(mark, field);
    }
  }
}

const MAX_FIELD_NUMBER = 536_870_911;

function resolve(key: string, options: FieldOptions, owner: LazyDescriptor): Field {
  const { number, type, map, oneof, repeated = false, required = false } = options;
  const where = `message '${owner.typeName}': field '${key}'`;
  if (!Number.isInteger(number) || number < 1 || number > MAX_FIELD_NUMBER) {
    throw new TypeError(`${where}: number ${number} must be 1 to ${MAX_FIELD_NUMBER}`);
  }
  if (type === undefined)
    throw new TypeError(`${where} has no type: do two modules import each other at load time?`);
  const proto3 = owner.file.syntax === "proto3";
  const name = options.name ?? snakeCase(key);
  const jsonName = options.jsonName ?? lowerCamelCase(name);
  // Set on an object, they change its prototype instead.
  if ([key, name, jsonName].includes("__proto__"))
    throw new TypeError(`${where}: no name may be '__proto__'`);
  const shape = map !== undefined ? "map" : repeated ? "repeated" : "single";
  const explicit = options.optional === true || oneof !== undefined || isMessageType(type) || !proto3;
  return {
    key,
    name,
    jsonName,
    number,
    type,
    shape,
    mapKey: map,
    packed: shape === "repeated" && (options.packed ?? proto3) && isPackable(type),
    presence: required ? "required" : shape === "single" && explicit ? "explicit" : "implicit",
    oneof,
    int64: options.int64 ?? "bigint",
    default: options.default,
    deprecated: options.deprecated ?? false,
    description: options.description,
  };
}

function isPackable(type: FieldOptions["type"]): boolean {
  return type !== "string" && type !== "bytes" && !isMessageType(type);
}

/** The JSON name of a field, as protoc makes it: underscores go, the letter behind each becomes upper case. */
export function lowerCamelCase(name: string): string {
  return name.replace(/_+(.?)/g, (_match, letter: string) => letter.toUpperCase());
}
