import {
  type CallContext,
  type Metadata,
  MicroError,
  type Middleware,
  type ServiceDefinition,
} from "@micro/core";
import type { NodeRecord } from "./registration.ts";
import type { Server } from "./server.ts";

/** What a {@link ServerHarness} is asked for. */
export interface ServerWorldOptions {
  readonly definition: ServiceDefinition<readonly []>;
  /** Options of the server component; the harness chooses the address. */
  readonly server?: {
    readonly id?: string;
    readonly maxConcurrent?: number;
    readonly metadata?: Readonly<Record<string, string>>;
    readonly registerTtl?: string;
    readonly registerInterval?: string;
  };
  readonly middleware?: {
    readonly handler?: readonly Middleware<CallContext>[];
    readonly subscriber?: readonly Middleware<CallContext>[];
  };
  /** @default false */
  readonly broker?: boolean;
  /** The registry cannot be asked from the start. @default false */
  readonly registryDown?: boolean;
}

/** One call over the network. */
export interface ServerWorldCall {
  readonly endpoint: string;
  /** The request, or all requests of a client or bidirectional stream. */
  readonly message?: unknown;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly onHeader?: (metadata: Metadata) => void;
  readonly onTrailer?: (metadata: Metadata) => void;
}

/** A started server and somebody who calls it over the network, without retries. */
export interface ServerWorld {
  readonly server: Server;
  readonly call: (call: ServerWorldCall) => Promise<unknown>;
  readonly stream: (
    call: ServerWorldCall & { readonly kind: "serverStream" | "clientStream" | "bidiStream" },
  ) => AsyncIterable<unknown>;
  /** Through the broker of the server. */
  publish(topic: string, message: unknown): Promise<void>;
  /** What the registry knows of the service. */
  registered(): Promise<readonly NodeRecord[]>;
  /** Breaks or mends the server's registry. */
  setRegistryDown(down: boolean): void;
  /** Warnings that the server logged. */
  readonly warnings: readonly string[];
  /** Stops everything that still runs. */
  stop(): Promise<void>;
}

/** How the suite gets servers of one implementation, with a client that speaks its wire. */
export interface ServerHarness {
  /**
   * What a caller of a service, method or endpoint that is not there is told, where the wire has words of its own.
   * @default what Go's rpc server says (spec 1.11)
   */
  readonly unknown?: (endpoint: string) => string;
  /** Rejects with what the start of the service rejected with. */
  start(options: ServerWorldOptions): Promise<ServerWorld>;
}

/** Starts a world, hands it to `body`, and stops it whatever happens. */
export async function withServer(
  harness: ServerHarness,
  options: ServerWorldOptions,
  body: (world: ServerWorld) => Promise<void>,
): Promise<void> {
  const world = await harness.start(options);
  try {
    await body(world);
  } finally {
    await world.stop();
  }
}

/** Resolves when the call is cancelled, with the reason's code. */
export function cancelled(context: CallContext): Promise<string> {
  return new Promise((resolve) => {
    context.cancellation.onAbort((reason) => resolve(MicroError.from(reason).code));
  });
}
