import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Code,
  type LocalNode,
  type Logger,
  logFailure,
  MicroError,
  parseAddress,
  reachableAddress,
  type ServiceScope,
} from "@micro/core";
import { Dispatcher } from "./dispatcher.ts";
import { describeEndpoints } from "./endpoints.ts";
import { Registration, type RegistrationTarget } from "./registration.ts";
import { framedEndpoints, Routes } from "./routes.ts";
import type { Server, ServerHealth } from "./server.ts";
import { type EventCodecs, type SubscriptionSource, Subscriptions } from "./subscriptions.ts";

/** The options of the server component, as a plugin is given them. */
export interface ServerConfig {
  readonly address: string;
  readonly advertise: string | undefined;
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly version: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly registerTtl: number;
  readonly registerInterval: number;
  readonly drainDelay: number;
  readonly maxConcurrent: number;
}

/** What listens for a server: the part that differs from wire to wire. */
export interface ServerListener {
  /** `host:port` that was bound, or the name. */
  readonly address: string;
  /** Tells peers to send nothing new; what runs goes on. */
  drain(): void;
  close(options: { readonly graceMs: number }): Promise<void>;
}

/** What a server plugin adds to the common part. */
export interface ServerWire {
  /** Goes into node metadata as `server` and `protocol`: `mucp` (spec 3.1). */
  readonly protocol: string;
  /** What peers must know of the transport before they dial. */
  readonly metadata: Readonly<Record<string, string>>;
  /** What its addresses are; see `Transport` of `@micro/transport`. @default "host:port" */
  readonly addressing?: "host:port" | "name" | undefined;
  /** Goes into node metadata as `transport`, of a wire that uses no transport component: `grpc` (spec 3.1). */
  readonly transport?: string;
  /** Begins to take calls and hands them to the dispatcher. */
  listen(address: string, running: RunningCore): Promise<ServerListener>;
}

/** What a wire hands its calls to. */
export interface RunningCore {
  readonly dispatcher: Dispatcher;
  readonly subscriptions: Subscriptions;
}

/** What {@link createServer} is given. */
export interface ServerCoreOptions {
  readonly scope: ServiceScope;
  readonly config: ServerConfig;
  readonly registry: RegistrationTarget;
  readonly broker: SubscriptionSource | undefined;
  readonly codecs: EventCodecs;
  readonly logger: Logger;
  readonly wire: ServerWire;
}

/** A server over any wire: routing, registration, subscriptions and draining are the same for all of them. */
export function createServer(options: ServerCoreOptions): Server {
  return new CoreServer(options);
}

/** What cannot become better by itself: a registration that fails with it fails the start. */
const PERMANENT: ReadonlySet<Code> = new Set([
  "BAD_REQUEST",
  "UNAUTHORIZED",
  "FORBIDDEN",
  "METHOD_NOT_ALLOWED",
  "CONFLICT",
  "PRECONDITION_FAILED",
  "UNIMPLEMENTED",
]);

class CoreServer implements Server {
  readonly #options: ServerCoreOptions;
  readonly #name: string;
  readonly #version: string;
  readonly nodeId: string;
  #state: "starting" | "listening" | "draining" | "stopped" = "starting";
  #running: RunningCore | undefined;
  #listener: ServerListener | undefined;
  #registration: Registration | undefined;
  #unbind: (() => void) | undefined;
  #leaving: Promise<void> | undefined;

  constructor(options: ServerCoreOptions) {
    this.#options = options;
    const { config, scope } = options;
    this.#name = config.name ?? scope.name;
    this.#version = config.version ?? scope.version;
    this.nodeId = `${this.#name}-${config.id ?? randomUUID()}`;
  }

  get address(): string | undefined {
    return this.#listener?.address;
  }

  get active(): number {
    return this.#running?.dispatcher.active ?? 0;
  }

  get health(): ServerHealth {
    if (this.#state !== "listening") return { state: this.#state, problems: [] };
    const problems = [this.#registration?.problem, ...(this.#running?.subscriptions.problems ?? [])].filter(
      (problem) => problem !== undefined,
    );
    return { state: problems.length === 0 ? "serving" : "degraded", problems };
  }

  async start({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    if (this.#state !== "starting" || this.#running !== undefined) return;
    const { scope, config, broker, codecs, logger, wire } = this.#options;
    const routes = new Routes(this.#name, scope.handlers, scope.middleware.handler);
    const dispatcher = new Dispatcher({
      service: this.#name,
      routes,
      maxConcurrent: config.maxConcurrent,
      logger: scope.logger,
    });
    const subscriptions = new Subscriptions({
      service: this.#name,
      bindings: scope.subscribers,
      middleware: scope.middleware.subscriber,
      broker,
      codecs,
      dispatcher,
      logger,
    });
    this.#running = { dispatcher, subscriptions };
    // Names the option, where the wire would not.
    if (wire.addressing !== "name") parseAddress(config.address, "server.address");
    this.#listener = await wire.listen(config.address, this.#running);
    signal.throwIfAborted();
    const metadata = this.#nodeMetadata();
    this.#unbind = scope.exchange.bind(this.#localNode(dispatcher, metadata));
    this.#state = "listening";
    await subscriptions.start();
    signal.throwIfAborted();
    await this.#register(this.#listener.address, metadata);
    logger.info(`listening on ${this.#listener.address}`, { node: this.nodeId });
  }

  async drain({ graceMs }: { readonly graceMs: number }): Promise<void> {
    const until = performance.now() + graceMs;
    const left = () => Math.max(0, until - performance.now());
    if (this.#running === undefined || this.#state === "stopped") return;
    this.#state = "draining";
    await this.#leave(left());
    const { drainDelay } = this.#options.config;
    if (drainDelay > 0) await sleep(Math.min(drainDelay, left()));
    this.#running.dispatcher.drain();
    this.#listener?.drain();
    await this.#running.dispatcher.quiet(QUIET_MS, Math.min(left(), MAX_QUIET_MS));
    await this.#running.dispatcher.idle(left());
  }

  async stop({ graceMs }: { readonly graceMs: number }): Promise<void> {
    if (this.#state === "stopped") return;
    this.#state = "stopped";
    const until = performance.now() + graceMs;
    const left = () => Math.max(0, until - performance.now());
    await this.#leave(left());
    const dispatcher = this.#running?.dispatcher;
    if (dispatcher !== undefined) {
      dispatcher.drain();
      if (!(await dispatcher.idle(left()))) {
        this.#options.logger.warn(`${dispatcher.active} calls did not end in time and are cancelled`);
        dispatcher.cancelAll(
          new MicroError({ id: this.#name, code: "UNAVAILABLE", detail: `${this.nodeId} has stopped` }),
        );
      }
    }
    // All is answered; the last replies may still be on their way out.
    await this.#listener?.close({ graceMs: Math.min(Math.max(left(), LAST_WORDS_MS), 500) });
  }

  /** Nobody finds this node any more, and no message arrives. Done once, however often it is asked for. */
  #leave(timeoutMs: number): Promise<void> {
    this.#leaving ??= (async () => {
      this.#unbind?.();
      const steps = await Promise.allSettled([
        this.#registration?.stop(Math.max(timeoutMs, LAST_WORDS_MS)),
        this.#running?.subscriptions.stop(Math.max(timeoutMs, LAST_WORDS_MS)),
      ]);
      for (const step of steps) {
        // Stopping goes on: the registry forgets the node by its ttl.
        if (step.status === "rejected") {
          logFailure(this.#options.logger, "could not leave cleanly", { error: step.reason as unknown });
        }
      }
    })();
    return this.#leaving;
  }

  async #register(bound: string, metadata: Readonly<Record<string, string>>): Promise<void> {
    const { scope, config, registry, logger, wire } = this.#options;
    const address =
      wire.addressing === "name" ? (config.advertise ?? bound) : nodeAddress(bound, config.advertise);
    this.#registration = new Registration({
      registry,
      ttlMs: config.registerTtl,
      intervalMs: config.registerInterval,
      logger,
      record: {
        name: this.#name,
        version: this.#version,
        metadata: {},
        endpoints: describeEndpoints(scope.handlers, scope.subscribers),
        nodes: [{ id: this.nodeId, address, metadata }],
      },
    });
    try {
      await this.#registration.start();
    } catch (error) {
      if (MicroError.is(error) && PERMANENT.has(error.code)) throw error;
      logFailure(logger, "not registered; trying again", { error });
    }
  }

  #nodeMetadata(): Readonly<Record<string, string>> {
    const { scope, config, wire } = this.#options;
    const { broker, registry } = scope.plugins;
    const transport = wire.transport ?? scope.plugins.transport;
    return {
      ...scope.metadata,
      ...config.metadata,
      ...wire.metadata,
      server: wire.protocol,
      protocol: wire.protocol,
      ...(transport === undefined ? {} : { transport }),
      ...(broker === undefined ? {} : { broker }),
      ...(registry === undefined ? {} : { registry }),
    };
  }

  #localNode(dispatcher: Dispatcher, metadata: Readonly<Record<string, string>>): LocalNode {
    const accepting = () => this.#state === "listening";
    const framed = framedEndpoints(dispatcher.routes);
    return {
      id: this.nodeId,
      service: this.#name,
      version: this.#version,
      metadata,
      get accepting() {
        return accepting();
      },
      hasEndpoint: (endpoint) => dispatcher.hasEndpoint(endpoint) && !framed.has(endpoint),
      dispatch: (call) => dispatcher.local(call),
      entry: (endpoint) => dispatcher.entry(endpoint),
    };
  }
}

/** Silence after which no more calls are expected of peers that were told of the end. */
const QUIET_MS = 50;
/** Callers that ask on all the same, as old ones may, do not hold up the stop for longer. */
const MAX_QUIET_MS = 1000;
/** Time that leaving and the last replies get even when no grace was given. */
const LAST_WORDS_MS = 20;

/** The address that is registered; an `advertise` without a port gets the bound one. */
function nodeAddress(bound: string, advertise: string | undefined): string {
  const listening = parseAddress(bound, "server.address");
  if (advertise === undefined) return reachableAddress(listening);
  return reachableAddress(
    listening,
    parseAddress(/:\d+$/.test(advertise) ? advertise : `${advertise}:0`, "server.advertise"),
  );
}
