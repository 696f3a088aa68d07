import type { CallContext, Middleware } from "./call.ts";
import type { AnyComponent, ApiMap } from "./component.ts";
import {
  type Contract,
  endpointName,
  type Method,
  type MethodOptions,
  type Methods,
  unary,
} from "./contract.ts";
import type { StandardSchema } from "./standard-schema.ts";

/** The function that serves a method. */
export type Handler<M extends Method> =
  M extends Method<infer Kind, infer In, infer _Out, infer _InInit, infer OutInit>
    ? {
        unary: (request: In, context: CallContext) => Promise<OutInit> | OutInit;
        serverStream: (request: In, context: CallContext) => AsyncIterable<OutInit>;
        clientStream: (requests: AsyncIterable<In>, context: CallContext) => Promise<OutInit> | OutInit;
        bidiStream: (requests: AsyncIterable<In>, context: CallContext) => AsyncIterable<OutInit>;
      }[Kind]
    : never;

/** One handler per method of a contract. */
export type Implementation<M extends Methods> = { readonly [K in keyof M]: Handler<M[K]> };

/** An endpoint with the function behind it. */
export interface HandlerBinding {
  /** `Greeter.Hello`: the routing key on the wire. */
  readonly endpoint: string;
  readonly method: Method;
  /** The contract it belongs to; undefined for a handler without one. */
  readonly contract?: Contract;
  /** Takes the request (or an AsyncIterable of requests) and the context; gives the reply (or an AsyncIterable). */
  readonly invoke: (message: never, context: CallContext) => unknown;
}

/** Binds an implementation to its contract. Throws a TypeError when a method has no handler. */
export function implement<M extends Methods>(
  contract: Contract<M>,
  handlers: Implementation<M>,
): readonly HandlerBinding[] {
  return Object.entries(contract.methods).map(([key, method]) => {
    const handler: unknown = handlers[key];
    if (typeof handler !== "function") {
      throw new TypeError(`implement '${contract.name}': method '${key}' has no handler`);
    }
    return {
      endpoint: endpointName(contract, key),
      method,
      contract,
      invoke: handler.bind(handlers) as HandlerBinding["invoke"],
    };
  });
}

/** A handler without a contract: any endpoint name, JSON messages as they come. Types from its function, or from schemas. */
export function handle<In = unknown, Out = unknown, OutInit = Out>(
  endpoint: string,
  handler: (request: In, context: CallContext) => Promise<OutInit> | OutInit,
  options: MethodOptions<In, Out, unknown, OutInit> = {},
): readonly HandlerBinding[] {
  // The types ended with the handler's own.
  const method = unary(options) as unknown as Method;
  return [{ endpoint, method, invoke: handler as HandlerBinding["invoke"] }];
}

/** A topic with the function that receives its messages. */
export interface SubscriberBinding {
  readonly topic: string;
  /** Members of one queue share the messages; without one every subscriber gets every message. */
  readonly queue?: string;
  /** Name in the registry (spec 3.1). @default the topic's last part and `Handler` */
  readonly name?: string;
  readonly input?: StandardSchema;
  readonly handler: (message: never, context: CallContext) => Promise<void> | void;
}

/** Options of {@link subscribe}. */
export interface SubscribeOptions<T> {
  readonly queue?: string;
  readonly name?: string;
  /** Checks messages before the handler sees them. */
  readonly input?: StandardSchema<unknown, T>;
}

/** Receives the messages of a topic; delivery is at most once. */
export function subscribe<T = unknown>(
  topic: string,
  handler: (message: T, context: CallContext) => Promise<void> | void,
  options: SubscribeOptions<T> = {},
): SubscriberBinding {
  return { ...options, topic, handler };
}

/** A list, or a function that builds it from the components the definition needs. */
export type Provided<Needs extends readonly AnyComponent[], T> =
  | readonly T[]
  | ((components: ApiMap<Needs>) => readonly T[]);

/** A service without the plugins: a name, a version, handlers and subscribers. */
export interface ServiceDefinition<Needs extends readonly AnyComponent[] = readonly AnyComponent[]> {
  readonly name: string;
  /** @default "latest" */
  readonly version?: string;
  readonly description?: string;
  /** Metadata of every node of this service in the registry. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Components that the handlers and subscribers use; a service without a plugin for one does not compile. */
  readonly needs?: Needs;
  /** Lists may be nested: `[implement(a, …), implement(b, …)]`. */
  readonly handlers?: Provided<Needs, HandlerBinding | readonly HandlerBinding[]>;
  readonly subscribers?: Provided<Needs, SubscriberBinding>;
  /** Around each handler of this service, wherever it runs. */
  readonly middleware?: readonly Middleware<CallContext>[];
}

/** What is wrong with a service name; undefined when nothing is. */
export function serviceNameProblem(name: unknown): string | undefined {
  return typeof name === "string" && /^[A-Za-z0-9][\w.-]*$/.test(name)
    ? undefined
    : `service name '${String(name)}' must be letters, digits, '.', '-' and '_', as in 'shop.orders'`;
}

/**
 * Defines a service that runs alone, beside others in one process, or in a fleet, with plugins chosen elsewhere.
 * Throws a TypeError for a malformed name.
 */
export function defineService<const Needs extends readonly AnyComponent[] = readonly []>(
  definition: ServiceDefinition<Needs>,
): ServiceDefinition<Needs> {
  const problem = serviceNameProblem(definition.name);
  if (problem !== undefined) throw new TypeError(problem);
  return definition;
}
