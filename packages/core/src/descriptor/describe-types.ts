import type { JsonSchema } from "../config/json-schema.ts";
import type { HttpRule, MethodKind } from "../contract.ts";
import type { MapKeyType, ScalarType } from "../message/descriptor.ts";

/**
 * Scalars: those of Protocol Buffers for message types, and those of JSON for other schemas. `string` belongs to both.
 */
export type DescribedScalar = ScalarType | "number" | "integer" | "boolean" | "null";

/** What every description of a type may say beside its shape. */
interface TypeDetails {
  readonly description?: string;
  /** Further keywords of JSON Schema: limits, patterns, defaults. */
  readonly constraints?: JsonSchema;
}

/** What a value is; plain data. */
export type TypeDescription = TypeDetails &
  (
    | { readonly kind: "scalar"; readonly scalar: DescribedScalar }
    | { readonly kind: "list"; readonly of: TypeDescription }
    | { readonly kind: "map"; readonly key: MapKeyType; readonly of: TypeDescription }
    /** One of these values. */
    | { readonly kind: "choice"; readonly values: readonly unknown[] }
    | { readonly kind: "union"; readonly of: readonly TypeDescription[] }
    /** A type of `ServiceDescriptor.types`. */
    | { readonly kind: "named"; readonly name: string }
    /** Anything, or what only its `constraints` say. */
    | { readonly kind: "unknown" }
  );

/** One field of a message or an object. */
export interface FieldDescription {
  /** Its name in JSON. */
  readonly name: string;
  readonly type: TypeDescription;
  /** A value without it is refused. */
  readonly required: boolean;
  readonly deprecated: boolean;
  readonly description?: string;
  /** Of a message type: what its definition says. */
  readonly proto?: {
    /** The name in the `.proto` file. */
    readonly name: string;
    readonly number: number;
    /** The property in TypeScript. */
    readonly property: string;
    readonly presence: "implicit" | "explicit" | "required";
    readonly oneof?: string;
  };
}

/** A type that others refer to by its name; plain data. */
export type NamedType = {
  /** Unique in its descriptor: a message's full name, `shop.v1.Order`; for other schemas what they call themselves. */
  readonly name: string;
  /** The name without its package, as Go writes it: `Order_Item`. */
  readonly shortName: string;
  readonly description?: string;
  readonly deprecated: boolean;
} & (
  | {
      readonly kind: "object";
      readonly fields: readonly FieldDescription[];
      /** False when other properties are dropped or kept, true when a value that has some is refused. */
      readonly closed: boolean;
      /** What other properties must be, where the schema says so. */
      readonly rest?: TypeDescription;
      /** True for a message type: its JSON is proto3 JSON. */
      readonly message: boolean;
      readonly constraints?: JsonSchema;
    }
  | { readonly kind: "enum"; readonly values: readonly { readonly name: string; readonly number: number }[] }
  /** Another name of a type. */
  | { readonly kind: "alias"; readonly type: TypeDescription }
);

/** One method, as plain data. */
export interface MethodDescription {
  /** The key in the contract; the endpoint's second half for a handler without one. */
  readonly key: string;
  /** Name on the wire: `Hello`. */
  readonly name: string;
  /** `Greeter.Hello`. */
  readonly endpoint: string;
  readonly kind: MethodKind;
  readonly idempotent: boolean;
  readonly description?: string;
  readonly deprecated: boolean;
  readonly http: readonly HttpRule[];
  /** What callers send: the input side of the request's schema. */
  readonly request: TypeDescription;
  /** What callers get: the output side of the reply's schema. */
  readonly reply: TypeDescription;
}

/** A contract as plain data: the one description that the registry, JSON Schema and generators are made from. */
export interface ServiceDescriptor {
  /** Handler type: `Greeter`. */
  readonly name: string;
  /** Service that clients look for; empty when handlers without a contract are described. */
  readonly service: string;
  /** Full name as gRPC uses it: `greeter.v1.Greeter`. */
  readonly typeName: string;
  readonly description?: string;
  readonly deprecated: boolean;
  readonly methods: readonly MethodDescription[];
  /** The named types that the methods use, by their name. */
  readonly types: Readonly<Record<string, NamedType>>;
}
