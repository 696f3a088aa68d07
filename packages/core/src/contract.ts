import type { StandardSchema } from "./standard-schema.ts";

/** The four shapes of a method. */
export type MethodKind = "unary" | "clientStream" | "serverStream" | "bidiStream";

/** One method of a contract. `In` and `Out` are the message types. */
export interface Method<Kind extends MethodKind = MethodKind, In = unknown, Out = unknown> {
  readonly kind: Kind;
  /** True when running it twice does no harm; only then are attempts repeated that may have reached a handler. */
  readonly idempotent: boolean;
  /** Name on the wire. @default the key with its first letter in upper case */
  readonly name?: string;
  readonly description?: string;
  /** Checks requests at the edge of the server. Any Standard Schema: valibot, zod, arktype … */
  readonly input?: StandardSchema<unknown, In>;
  /** Checks replies before they leave the server. */
  readonly output?: StandardSchema<unknown, Out>;
  readonly "~in"?: In;
  readonly "~out"?: Out;
}

/** Options of a method. */
export interface MethodOptions<In, Out> {
  /** @default false */
  readonly idempotent?: boolean;
  readonly name?: string;
  readonly description?: string;
  readonly input?: StandardSchema<unknown, In>;
  readonly output?: StandardSchema<unknown, Out>;
}

const method =
  <Kind extends MethodKind>(kind: Kind) =>
  <In = unknown, Out = unknown>(options: MethodOptions<In, Out> = {}): Method<Kind, In, Out> => ({
    ...options,
    kind,
    idempotent: options.idempotent ?? false,
  });

/** One request, one reply. Types from the type arguments, or from `input` and `output` schemas. */
export const unary: <In = unknown, Out = unknown>(
  options?: MethodOptions<In, Out>,
) => Method<"unary", In, Out> = method("unary");

/** One request, many replies. */
export const serverStream: <In = unknown, Out = unknown>(
  options?: MethodOptions<In, Out>,
) => Method<"serverStream", In, Out> = method("serverStream");

/** Many requests, one reply. */
export const clientStream: <In = unknown, Out = unknown>(
  options?: MethodOptions<In, Out>,
) => Method<"clientStream", In, Out> = method("clientStream");

/** Many requests and many replies, independent of each other. */
export const bidiStream: <In = unknown, Out = unknown>(
  options?: MethodOptions<In, Out>,
) => Method<"bidiStream", In, Out> = method("bidiStream");

/** The methods of a contract by their TypeScript name. */
// biome-ignore lint/suspicious/noExplicitAny: message types are invariant between handler and client; any accepts all.
export type Methods = Readonly<Record<string, Method<MethodKind, any, any>>>;

/** What a service offers under one handler type: the common ground of typed clients and typed handlers. */
export interface Contract<M extends Methods = Methods> {
  /** Handler type, the first half of an endpoint: `Greeter` of `Greeter.Hello`. */
  readonly name: string;
  /** Service that clients look for unless they say another. */
  readonly service: string;
  readonly description?: string;
  readonly methods: M;
}

/** Describes a contract. Throws a TypeError for a name that is no single identifier (it would not route, spec 1.9). */
export function defineContract<const M extends Methods>(contract: Contract<M>): Contract<M> {
  for (const part of [contract.name, ...Object.entries(contract.methods).map(([key, m]) => m.name ?? key)]) {
    if (!/^[A-Za-z_]\w*$/.test(part)) {
      throw new TypeError(
        `contract '${contract.name}': '${part}' must be an identifier, because endpoints are 'Type.Method'`,
      );
    }
  }
  return contract;
}

/** The endpoint of a method: `Greeter.Hello` (spec 1.9). */
export function endpointName(contract: Contract, key: string): string {
  const name = contract.methods[key]?.name ?? key.charAt(0).toUpperCase() + key.slice(1);
  return `${contract.name}.${name}`;
}
