import type { StandardSchema } from "../standard-schema.ts";

/** The scalar types of Protocol Buffers. */
export type ScalarType =
  | "double"
  | "float"
  | "int32"
  | "int64"
  | "uint32"
  | "uint64"
  | "sint32"
  | "sint64"
  | "fixed32"
  | "fixed64"
  | "sfixed32"
  | "sfixed64"
  | "bool"
  | "string"
  | "bytes";

/** What keys of a map may be. */
export type MapKeyType = Exclude<ScalarType, "double" | "float" | "bytes">;

/** What a 64-bit integer is in TypeScript. */
export type Int64Form = "bigint" | "string" | "number";

/** A field as a definition states it; only what differs from the defaults. */
export interface FieldOptions {
  /** 1 to 2^29 - 1. */
  readonly number: number;
  readonly type: ScalarType | EnumType | AnyMessageType;
  /** Name in the `.proto` file. @default the property in snake_case */
  readonly name?: string;
  /** Name in JSON. @default lowerCamelCase of the name */
  readonly jsonName?: string;
  readonly repeated?: boolean;
  /** Of a repeated number: one block instead of one entry each. @default true in proto3, false in proto2 */
  readonly packed?: boolean;
  /** The field is a map with keys of this type. */
  readonly map?: MapKeyType;
  /** At most one field of the group has a value. */
  readonly oneof?: string;
  /** Absent and default are different things: the property is missing when the field is not there. */
  readonly optional?: boolean;
  /** A message without it is refused (proto2). */
  readonly required?: boolean;
  /** What 64-bit integers are. @default "bigint" */
  readonly int64?: Int64Form;
  /** What an absent proto2 field means to readers; it is documentation, the property stays missing. */
  readonly default?: string | number | bigint | boolean;
  readonly deprecated?: boolean;
  readonly description?: string;
}

/** A field of a message. */
export interface Field {
  /** The property in TypeScript. */
  readonly key: string;
  /** The name in the `.proto` file. */
  readonly name: string;
  readonly jsonName: string;
  readonly number: number;
  readonly type: ScalarType | EnumType | AnyMessageType;
  readonly shape: "single" | "repeated" | "map";
  /** Of a map. */
  readonly mapKey: MapKeyType | undefined;
  readonly packed: boolean;
  /** `implicit`: the default value and absence are the same; `explicit`: absence is undefined; `required`: never absent. */
  readonly presence: "implicit" | "explicit" | "required";
  readonly oneof: string | undefined;
  readonly int64: Int64Form;
  readonly default: string | number | bigint | boolean | undefined;
  readonly deprecated: boolean;
  readonly description: string | undefined;
}

/** What {@link defineFile} takes. */
export interface FileOptions {
  /** Path as other files import it: `greeter/greeter.proto`. */
  readonly name: string;
  /** `shop.orders.v1`. @default "" */
  readonly package?: string;
  /** @default "proto3" */
  readonly syntax?: "proto2" | "proto3";
  /** Files whose types this one uses. */
  readonly imports?: readonly ProtoFile[];
}

/** A `.proto` file: what its messages, enums and services have in common. */
export interface ProtoFile {
  readonly name: string;
  readonly package: string;
  readonly syntax: "proto2" | "proto3";
  readonly imports: readonly ProtoFile[];
  /** In the order of their definition, nested ones after their parent. */
  readonly messages: readonly AnyMessageType[];
  readonly enums: readonly EnumType[];
}

/** The brand of message types; two copies of this package know each other's. */
export const MESSAGE: unique symbol = Symbol.for("micro.message") as never;
/** The brand of enums. */
export const ENUM: unique symbol = Symbol.for("micro.enum") as never;

/** What is known of a message type. */
export interface MessageDescriptor {
  readonly file: ProtoFile;
  /** Inside its file: `Outer.Inner`. */
  readonly name: string;
  /** `shop.orders.v1.Outer.Inner`. */
  readonly typeName: string;
  readonly description: string | undefined;
  readonly deprecated: boolean;
  /** In the order of their numbers. Resolved on first use, because types may refer to each other. */
  readonly fields: readonly Field[];
  /** By property. */
  readonly byKey: ReadonlyMap<string, Field>;
  /** By the name in JSON and by the name in the `.proto` file: readers of JSON take both. */
  readonly byJsonName: ReadonlyMap<string, Field>;
  readonly oneofs: ReadonlyMap<string, readonly Field[]>;
}

/**
 * A message type. As a Standard Schema it checks plain objects; codecs write and read messages by its descriptor.
 * `T` is what a reader gets; writers may leave fields out (`MessageInit<T>`).
 */
export interface MessageType<T> extends StandardSchema<MessageInit<T>, T> {
  readonly [MESSAGE]: MessageDescriptor;
  readonly typeName: string;
  /**
   * A complete message of its own: a deep copy of `init` with defaults for what is missing. Throws a MicroError
   * `BAD_REQUEST` that names the path of what does not fit.
   */
  create(init?: MessageInit<T>): T;
}

/** Any message type: what codecs and descriptors work with. */
export interface AnyMessageType extends StandardSchema {
  readonly [MESSAGE]: MessageDescriptor;
  readonly typeName: string;
  create(init?: never): unknown;
}

/** What is known of an enum. */
export interface EnumDescriptor {
  readonly file: ProtoFile;
  readonly name: string;
  readonly typeName: string;
  readonly description: string | undefined;
  /** In the order of the definition; two names may stand for one number. */
  readonly values: readonly (readonly [name: string, number: number])[];
  /** The first name of each number. */
  readonly nameOf: ReadonlyMap<number, string>;
  readonly numberOf: ReadonlyMap<string, number>;
}

/** An enum: its names with their numbers, and hidden beside them its descriptor. Enums of proto3 are open: any int32 may come. */
export interface EnumType {
  readonly [ENUM]: EnumDescriptor;
}

/** What a writer gives for a `T`: fields may be missing, lists and maps may be read-only, 64-bit integers may be numbers. */
export type MessageInit<T> = T extends bigint
  ? bigint | number
  : T extends string | number | boolean | Uint8Array | undefined | null
    ? T
    : T extends readonly (infer Entry)[]
      ? readonly MessageInit<Entry>[]
      : { readonly [Key in keyof T]?: MessageInit<T[Key]> | undefined };

/** At most one of the properties. */
export type OneOf<T> =
  | { [Key in keyof T]: { [Own in Key]: T[Own] } & { [Other in Exclude<keyof T, Key>]?: undefined } }[keyof T]
  | { [Key in keyof T]?: undefined };

/** The values of an enum: `type State = EnumValue<typeof State>`. */
export type EnumValue<E extends EnumType> = E[Exclude<keyof E, typeof ENUM>];

/** True for a message type of any copy of this package. */
export function isMessageType(value: unknown): value is AnyMessageType {
  return typeof value === "object" && value !== null && MESSAGE in value;
}

/** True for an enum of any copy of this package. */
export function isEnumType(value: unknown): value is EnumType {
  return typeof value === "object" && value !== null && ENUM in value;
}

/** The descriptor of a message type. */
export function descriptorOf(type: AnyMessageType): MessageDescriptor {
  return type[MESSAGE];
}

/** The descriptor of an enum. */
export function enumDescriptorOf(type: EnumType): EnumDescriptor {
  return type[ENUM];
}
