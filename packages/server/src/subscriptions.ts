import {
  type CallContext,
  DesiredState,
  type Logger,
  logFailure,
  type Metadata,
  MicroError,
  type Middleware,
  type SubscriberBinding,
} from "@micro/core";
import type { Dispatcher } from "./dispatcher.ts";
import { decodeRequest, type RequestCodec } from "./messages.ts";
import { bindTarget, checkedByDispatcher, type Route } from "./routes.ts";
import type { CallOrigin } from "./server-call.ts";

/** The part of a broker that a server needs. */
export interface SubscriptionSource {
  subscribe(
    topic: string,
    handler: (event: { readonly message: EventMessage }) => Promise<void>,
    options: { readonly queue?: string; readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<{ unsubscribe(options: { readonly timeoutMs: number }): Promise<void> }>;
}

/** A message of a topic, still in bytes. */
export interface EventMessage {
  readonly header: Metadata;
  readonly body: Uint8Array;
}

/** The part of the codecs that a server needs. */
export interface EventCodecs {
  /** Throws a MicroError for a content type that it does not know. */
  get(contentType: string): RequestCodec;
}

/** What {@link Subscriptions} are made of. */
export interface SubscriptionsOptions {
  readonly service: string;
  readonly bindings: readonly SubscriberBinding[];
  readonly middleware: readonly Middleware<CallContext>[];
  readonly broker: SubscriptionSource | undefined;
  readonly codecs: EventCodecs;
  readonly dispatcher: Dispatcher;
  readonly logger: Logger;
}

interface Subscriber {
  readonly binding: SubscriberBinding;
  readonly route: Route;
}

interface Live {
  readonly desired: DesiredState;
  handle: { unsubscribe(options: { readonly timeoutMs: number }): Promise<void> } | undefined;
}

const TIMEOUT_MS = 5000;
/** Content type of a message that names none (spec 5.2). */
const DEFAULT_CONTENT_TYPE = "application/protobuf";

/** The subscribers of a service: what they should receive is desired state, and each runs like a handler. */
export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #subscribers: readonly Subscriber[];
  readonly #live: Live[] = [];

  /** Throws a MicroError `PRECONDITION_FAILED` when there are subscribers but no broker. */
  constructor(options: SubscriptionsOptions) {
    this.#options = options;
    const { service, bindings, broker, middleware } = options;
    if (bindings.length > 0 && broker === undefined) {
      throw new MicroError({
        id: service,
        code: "PRECONDITION_FAILED",
        detail: `service '${service}' subscribes to ${bindings.map(({ topic }) => `'${topic}'`).join(", ")} but has no broker: list a broker plugin such as memoryBroker or httpBroker, or switch it on (broker.enabled)`,
      });
    }
    this.#subscribers = bindings.map((binding) => ({
      binding,
      route: {
        endpoint: binding.topic,
        kind: "event",
        service,
        idempotent: false,
        requestSchema: binding.input,
        replySchema: undefined,
        input: checkedByDispatcher(binding.input),
        output: undefined,
        contract: undefined,
        run: bindTarget(binding.handler, middleware),
      },
    }));
  }

  /** Subscribes to everything; what fails at first is tried again in the background. */
  async start(): Promise<void> {
    const { broker } = this.#options;
    if (broker === undefined) return;
    await Promise.all(this.#subscribers.map((subscriber) => this.#startOne(subscriber, broker)));
  }

  /** What is not as desired, in words. */
  get problems(): readonly string[] {
    return this.#live.flatMap(({ desired: { problem } }) => (problem === undefined ? [] : [problem]));
  }

  /** Unsubscribes from everything and waits for handlers that run. Rejects with what failed. */
  async stop(timeoutMs: number): Promise<void> {
    const results = await Promise.allSettled(
      this.#live.splice(0).map(async ({ desired, ...rest }) => {
        await desired.stop();
        await rest.handle?.unsubscribe({ timeoutMs: Math.min(timeoutMs, TIMEOUT_MS) });
      }),
    );
    const errors = results.flatMap((result) =>
      result.status === "rejected" ? [result.reason as unknown] : [],
    );
    if (errors.length > 0) throw new AggregateError(errors, "not all subscriptions could be taken away");
  }

  /** A message that came without the broker: an event over the RPC transport (spec 1.10). False when nobody subscribes. */
  async deliver(topic: string, message: EventMessage, origin: CallOrigin): Promise<boolean> {
    const takers = this.#subscribers.filter(({ binding }) => binding.topic === topic);
    const results = await Promise.allSettled(takers.map(({ route }) => this.#run(route, message, origin)));
    const errors = results.flatMap((result) =>
      result.status === "rejected" ? [result.reason as unknown] : [],
    );
    if (errors.length === 0) return takers.length > 0;
    if (errors.length === 1) throw MicroError.from(errors[0], { id: this.#options.service });
    // Go joins them the same way (spec 5.2).
    const detail = errors.map((error) => MicroError.from(error).detail).join("\n");
    throw new MicroError({ id: this.#options.service, code: "INTERNAL", detail, cause: errors });
  }

  async #startOne({ binding, route }: Subscriber, broker: SubscriptionSource): Promise<void> {
    const { topic, queue } = binding;
    const live: Live = {
      handle: undefined,
      desired: new DesiredState({
        what: `subscribed to '${topic}'`,
        logger: this.#options.logger,
        apply: async ({ signal }) => {
          live.handle = await broker.subscribe(
            topic,
            async ({ message }) => this.#run(route, message, new EventOrigin(message.header)),
            { ...(queue === undefined ? {} : { queue }), signal, timeoutMs: TIMEOUT_MS },
          );
        },
      }),
    };
    this.#live.push(live);
    try {
      await live.desired.start();
    } catch (error) {
      logFailure(this.#options.logger, `not subscribed to '${topic}'; trying again`, { error });
    }
  }

  /** Each subscriber decodes for itself, so that none sees what another did to the message. */
  async #run(route: Route, message: EventMessage, origin: CallOrigin): Promise<void> {
    const contentType = message.header.get("content-type") ?? DEFAULT_CONTENT_TYPE;
    const payload = decodeRequest(this.#options.codecs.get(contentType), message.body, route);
    await this.#options.dispatcher.event(route, origin, payload);
  }
}

class EventOrigin implements CallOrigin {
  readonly metadata: Metadata;
  readonly deadline = Infinity;
  readonly remote = "broker";

  constructor(header: Metadata) {
    this.metadata = header.clone();
  }
}
