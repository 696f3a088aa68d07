import {
  type CallContext,
  type CallKind,
  type Contract,
  compose,
  currentCall,
  type HandlerBinding,
  type Invoke,
  type Method,
  MicroError,
  type Middleware,
  runInCall,
  type StandardSchema,
} from "@micro/core";
import { isMessageType } from "@micro/core/message";

/** One endpoint, ready to be called. */
export interface Route {
  /** `Greeter.Hello`; for an event the topic. */
  readonly endpoint: string;
  readonly kind: CallKind;
  readonly service: string;
  readonly idempotent: boolean;
  /** What the contract says of requests and replies; codecs are given it. */
  readonly requestSchema: StandardSchema | undefined;
  readonly replySchema: StandardSchema | undefined;
  /** What the dispatcher checks; a message type is not among it, because whoever makes the message checks it. */
  readonly input: StandardSchema | undefined;
  readonly output: StandardSchema | undefined;
  /** Full name of the contract and the rest of what it says; undefined for a handler without one. */
  readonly contract: Contract | undefined;
  /** The handler inside its middleware. Must be called inside the call (`runInCall`). */
  readonly run: (call: CallContext) => unknown;
}

/** The function behind a route, as a definition binds it. */
type Target = (message: never, context: CallContext) => unknown;

/** Binds `target` and its middleware; without middleware there is no promise on the way. */
export function bindTarget(
  target: Target,
  middleware: readonly Middleware<CallContext>[],
): (call: CallContext) => unknown {
  // The binding's types ended in the definition; what comes in is checked by the schemas.
  const invoke = target as (message: unknown, context: CallContext) => unknown;
  if (middleware.length === 0) return (call) => invoke(call.message, call);
  const innermost: Invoke<CallContext> = async (call) => {
    // Middleware may hand on a context of its own: the calls made inside then belong to that one.
    if (currentCall() === call) return invoke(call.message, call);
    return runInCall(call, () => invoke(call.message, call));
  };
  return compose(middleware, innermost);
}

/** A schema that nothing else on the way looks at. */
export function checkedByDispatcher(schema: StandardSchema | undefined): StandardSchema | undefined {
  return isMessageType(schema) ? undefined : schema;
}

/** The endpoints of one service. */
export class Routes {
  readonly #service: string;
  readonly #byEndpoint = new Map<string, Route>();
  readonly #types = new Set<string>();

  /** Throws a MicroError `CONFLICT` when an endpoint has two handlers. */
  constructor(
    service: string,
    handlers: readonly HandlerBinding[],
    middleware: readonly Middleware<CallContext>[],
  ) {
    this.#service = service;
    for (const binding of handlers) {
      const { endpoint } = binding;
      const method: Method = binding.method;
      if (this.#byEndpoint.has(endpoint)) {
        throw new MicroError({
          id: service,
          code: "CONFLICT",
          detail: `service '${service}': endpoint '${endpoint}' has two handlers: list one of them`,
        });
      }
      this.#types.add(endpoint.slice(0, endpoint.indexOf(".")));
      this.#byEndpoint.set(endpoint, {
        endpoint,
        kind: method.kind,
        service,
        idempotent: method.idempotent,
        requestSchema: method.input,
        replySchema: method.output,
        input: checkedByDispatcher(method.input),
        output: checkedByDispatcher(method.output),
        contract: binding.contract,
        run: bindTarget(binding.invoke, middleware),
      });
    }
  }

  /** All of them, in the order of the definition. */
  get all(): Iterable<Route> {
    return this.#byEndpoint.values();
  }

  find(endpoint: string): Route | undefined {
    return this.#byEndpoint.get(endpoint);
  }

  /** The error for an endpoint that `find` does not know, with the texts that Go callers know (spec 1.11). */
  unknown(endpoint: string): MicroError {
    const parts = endpoint.split(".");
    const [type = "", method = ""] = parts;
    const error = (code: "NOT_FOUND" | "BAD_REQUEST", detail: string) =>
      new MicroError({ id: this.#service, code, detail });
    if (parts.length !== 2)
      return error("BAD_REQUEST", `rpc: service/endpoint request ill-formed: ${endpoint}`);
    if (!this.#types.has(type)) return error("NOT_FOUND", `rpc: can't find service ${type}`);
    return error("NOT_FOUND", `rpc: can't find method ${method}`);
  }
}

/** The brand of `frameSchema` of `@micro/codec`, which a server does not need otherwise. */
const FRAME = Symbol.for("micro.frame");

/** Endpoints whose messages stay bytes: callers of this process use the network too, inside there are no bytes. */
export function framedEndpoints(routes: Iterable<Route>): ReadonlySet<string> {
  const framed = new Set<string>();
  for (const { endpoint, requestSchema = {}, replySchema = {} } of routes) {
    if (FRAME in requestSchema || FRAME in replySchema) framed.add(endpoint);
  }
  return framed;
}
