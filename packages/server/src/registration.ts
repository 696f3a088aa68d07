import { DesiredState, formatDuration, type Logger } from "@micro/core";
import type { EndpointDescription } from "./endpoints.ts";

/** One version of a service with one node, as registries take it (spec 3.1). */
export interface NodeRecord {
  readonly name: string;
  readonly version: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly endpoints: readonly EndpointDescription[];
  readonly nodes: readonly [
    {
      readonly id: string;
      readonly address: string;
      readonly metadata: Readonly<Record<string, string>>;
    },
  ];
}

/** The part of a registry that a server needs. */
export interface RegistrationTarget {
  register(
    record: NodeRecord,
    options: { readonly ttlMs: number; readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<void>;
  deregister(record: NodeRecord, options: { readonly timeoutMs: number }): Promise<void>;
}

/** What {@link Registration} is made of. */
export interface RegistrationOptions {
  readonly registry: RegistrationTarget;
  readonly record: NodeRecord;
  readonly ttlMs: number;
  readonly intervalMs: number;
  readonly logger: Logger;
}

const TIMEOUT_MS = 5000;

/** The pause between registrations: what was asked for, or a third of the ttl when the node would be forgotten. */
export function effectiveInterval(ttlMs: number, intervalMs: number): number {
  return intervalMs >= ttlMs ? ttlMs / 3 : intervalMs;
}

/** Keeps one node in the registry as long as its server wants it there. */
export class Registration {
  readonly #options: RegistrationOptions;
  readonly #desired: DesiredState;
  #known = false;

  constructor(options: RegistrationOptions) {
    this.#options = options;
    const { registry, record, ttlMs, intervalMs, logger } = options;
    const refreshMs = effectiveInterval(ttlMs, intervalMs);
    if (refreshMs !== intervalMs) {
      logger.warn(
        `register_interval ${formatDuration(intervalMs)} is not below register_ttl ${formatDuration(ttlMs)}: registering every ${formatDuration(refreshMs)}, or the node would be forgotten in between`,
      );
    }
    this.#desired = new DesiredState({
      what: "registered",
      logger,
      refreshMs,
      longestPauseMs: Math.min(15_000, refreshMs),
      apply: async ({ signal }) => {
        // What a registration that failed half-way left behind must be taken away as well.
        this.#known = true;
        await registry.register(record, { ttlMs, signal, timeoutMs: TIMEOUT_MS });
      },
    });
  }

  get problem(): string | undefined {
    return this.#desired.problem;
  }

  /** Registers; rejects when the first try fails, and keeps on trying. */
  async start(): Promise<void> {
    await this.#desired.start();
  }

  /** Leaves the registry. Rejects when the registry could not be told; the node is then forgotten by its ttl. */
  async stop(timeoutMs: number): Promise<void> {
    await this.#desired.stop();
    if (!this.#known) return;
    this.#known = false;
    const { registry, record } = this.#options;
    await registry.deregister(record, { timeoutMs: Math.min(timeoutMs, TIMEOUT_MS) });
  }
}
