import type { MessageInit, MessageType, ProtoFile } from "./message/descriptor.ts";
import type { StandardSchema } from "./standard-schema.ts";

/** The four shapes of a method. */
export type MethodKind = "unary" | "clientStream" | "serverStream" | "bidiStream";

/** A way to reach a method over HTTP: one `google.api.http` rule, kept for gateways. */
export interface HttpRule {
  /** `GET`. */
  readonly method: string;
  /** `/v1/{name=shelves/*}`. */
  readonly path: string;
  /** The request field that is the body, `*` for all of it. */
  readonly body?: string;
  readonly responseBody?: string;
}

/** What a method says of itself beside its types. */
export interface MethodDetails {
  /** Name on the wire. @default the key with its first letter in upper case */
  readonly name?: string;
  readonly description?: string;
  readonly deprecated?: boolean;
  readonly http?: readonly HttpRule[];
}

/**
 * One method of a contract. `In` and `Out` are what a reader gets, the handler and the caller; `InInit` and `OutInit`
 * are what a writer gives: they differ where a schema has defaults or transforms.
 */
export interface Method<
  Kind extends MethodKind = MethodKind,
  In = unknown,
  Out = unknown,
  InInit = In,
  OutInit = Out,
> extends MethodDetails {
  readonly kind: Kind;
  /** True when running it twice does no harm; only then are attempts repeated that may have reached a handler. */
  readonly idempotent: boolean;
  /**
   * Checks requests at the edge of the server. Any Standard Schema: valibot, zod, arktype …, or a message type, which
   * codecs write and read as protobuf and as proto3 JSON.
   */
  readonly input?: StandardSchema<InInit, In> | undefined;
  /** Checks replies before they leave the server. */
  readonly output?: StandardSchema<OutInit, Out> | undefined;
  readonly "~in"?: In;
  readonly "~out"?: Out;
  readonly "~inInit"?: InInit;
  readonly "~outInit"?: OutInit;
}

/** Options of a method. */
export interface MethodOptions<In, Out, InInit = In, OutInit = Out> extends MethodDetails {
  /** @default false */
  readonly idempotent?: boolean;
  readonly input?: StandardSchema<InInit, In> | undefined;
  readonly output?: StandardSchema<OutInit, Out> | undefined;
}

/**
 * The place of a schema for messages that have a type and need no check: `unary({ input: Order, output: unchecked<Id>() })`.
 * With type arguments at the method there is nothing to infer, so one side could not have a schema without the other.
 */
export function unchecked<T>(): StandardSchema<T> | undefined {
  return undefined;
}

/** Options of a method whose requests and replies are message types. */
export interface MessageMethodOptions<In, Out>
  extends MethodOptions<In, Out, MessageInit<In>, MessageInit<Out>> {
  readonly input: MessageType<In>;
  readonly output: MessageType<Out>;
}

/**
 * A method whose requests and replies are message types. What a compiler infers it writes out in declaration files, and
 * what writers give for a message that holds itself has no end there: so it has a name.
 */
export interface MessageMethod<Kind extends MethodKind, In, Out>
  extends Method<Kind, In, Out, MessageInit<In>, MessageInit<Out>> {}

/**
 * Describes a method of one kind; types from `input` and `output` schemas, or from the type arguments. Both together
 * must agree; for a schema whose two sides differ (defaults, transforms) leave the type arguments out.
 */
export interface DefineMethod<Kind extends MethodKind> {
  <In, Out>(options: MessageMethodOptions<In, Out>): MessageMethod<Kind, In, Out>;
  <In = unknown, Out = unknown, InInit = In, OutInit = Out>(
    options?: MethodOptions<In, Out, InInit, OutInit>,
  ): Method<Kind, In, Out, InInit, OutInit>;
}

const method =
  <Kind extends MethodKind>(kind: Kind): DefineMethod<Kind> =>
  <In, Out, InInit, OutInit>(options?: MethodOptions<In, Out, InInit, OutInit>) => ({
    ...options,
    kind,
    idempotent: options?.idempotent ?? false,
  });

/** One request, one reply. Types from the type arguments, or from `input` and `output` schemas. */
export const unary: DefineMethod<"unary"> = method("unary");

/** One request, many replies. */
export const serverStream: DefineMethod<"serverStream"> = method("serverStream");

/** Many requests, one reply. */
export const clientStream: DefineMethod<"clientStream"> = method("clientStream");

/** Many requests and many replies, independent of each other. */
export const bidiStream: DefineMethod<"bidiStream"> = method("bidiStream");

/** The methods of a contract by their TypeScript name. */
// biome-ignore lint/suspicious/noExplicitAny: message types are invariant between handler and client; any accepts all.
export type Methods = Readonly<Record<string, Method<MethodKind, any, any, any, any>>>;

/** What a service offers under one handler type: the common ground of typed clients and typed handlers. */
export interface Contract<M extends Methods = Methods> {
  /** Handler type, the first half of an endpoint: `Greeter` of `Greeter.Hello`. */
  readonly name: string;
  /** Service that clients look for unless they say another. */
  readonly service: string;
  readonly description?: string;
  readonly deprecated?: boolean;
  /** The `.proto` file it was generated from: with its package it makes the full name that gRPC uses. */
  readonly file?: ProtoFile;
  readonly methods: M;
}

/**
 * Describes a contract. Throws a TypeError for a name that is no single identifier (it would not route, spec 1.9), and
 * for two methods of one name on the wire.
 */
export function defineContract<const M extends Methods>(contract: Contract<M>): Contract<M> {
  for (const part of [contract.name, ...Object.entries(contract.methods).map(([key, m]) => m.name ?? key)]) {
    if (!/^[A-Za-z_]\w*$/.test(part)) {
      throw new TypeError(
        `contract '${contract.name}': '${part}' must be an identifier, because endpoints are 'Type.Method'`,
      );
    }
  }
  const keys = new Map<string, string>();
  for (const key of Object.keys(contract.methods)) {
    const endpoint = endpointName(contract, key);
    const other = keys.get(endpoint);
    if (other !== undefined) {
      throw new TypeError(
        `contract '${contract.name}': methods '${other}' and '${key}' are both '${endpoint}' on the wire: give one of them another name`,
      );
    }
    keys.set(endpoint, key);
  }
  return contract;
}

/** The endpoint of a method: `Greeter.Hello` (spec 1.9). */
export function endpointName(contract: Contract, key: string): string {
  const name = contract.methods[key]?.name ?? key.charAt(0).toUpperCase() + key.slice(1);
  return `${contract.name}.${name}`;
}

/** The full name of a contract, as gRPC and reflection use it: `shop.v1.Orders`; the plain name without a package. */
export function contractTypeName({ name, file }: Contract): string {
  return file === undefined || file.package === "" ? name : `${file.package}.${name}`;
}
