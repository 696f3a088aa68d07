import { MicroError } from "@micro/core";
import type { Session } from "@micro/transport";
import type { PipeLimits } from "./memory-pipe.ts";

/** Bounds of one transport, as configured. */
export interface MemoryLimits extends PipeLimits {
  /** Exchanges that may run at once on one session. */
  readonly maxExchanges: number;
  /** Sessions that one listener takes. */
  readonly maxSessions: number;
}

/** What the dialling side brings. */
export interface Visitor {
  readonly limits: MemoryLimits;
  /** Called once, when the session is of no more use. */
  readonly onGone: () => void;
}

/** A listener as the network knows it. */
export interface Door {
  /** A new session. Throws `RESOURCE_EXHAUSTED` when there are too many. */
  admit(visitor: Visitor): Session;
}

const BRAND = Symbol.for("micro.memory-network");

/**
 * Where the memory transports of one process meet. Services reach each other when they are given the same network;
 * one that is given none has a network of its own, which nobody else can see.
 */
export class MemoryNetwork {
  readonly [BRAND] = true;
  readonly #listening = new Map<string, Door>();
  #queue: (() => void)[] = [];
  #scheduled = false;
  #port = 0;
  #peer = 0;

  /** Brand check that works across two copies of this package. */
  static is(value: unknown): value is MemoryNetwork {
    return typeof value === "object" && value !== null && BRAND in value;
  }

  /** Takes `address` (port 0 for any) for `listener`; returns what was taken. Throws `CONFLICT` when it is taken. */
  bind(address: string, listener: Door): string {
    const { host, port } = split(address);
    let bound = address;
    if (port === "0") {
      do bound = `${host}:${++this.#port}`;
      while (this.#find(bound) !== undefined);
    } else if (this.#listening.has(address)) {
      throw new MicroError({
        code: "CONFLICT",
        detail: `the memory transport cannot listen on '${address}': the address is taken; use port 0 for a free one`,
      });
    }
    this.#listening.set(bound, listener);
    return bound;
  }

  /** Gives an address back, if it is still `listener`'s. */
  release(address: string, listener: Door): void {
    if (this.#listening.get(address) === listener) this.#listening.delete(address);
  }

  /** Who listens on `address`; undefined when nobody does. */
  find(address: string): Door | undefined {
    return this.#find(address);
  }

  /** A name for the dialling end of a connection, unique in this network. */
  nextPeer(): string {
    return `memory:${++this.#peer}`;
  }

  /**
   * Runs `delivery` after all that were asked for before it, never inside the caller's stack. A turn of the event
   * loop lies between, so that a chatty pair of services cannot starve timers and sockets.
   */
  later(delivery: () => void): void {
    this.#queue.push(delivery);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    const batch = this.#queue;
    this.#queue = [];
    this.#scheduled = false;
    let next = 0;
    try {
      while (next < batch.length) (batch[next++] as () => void)();
    } finally {
      // What throws here is an application's callback: it surfaces as an uncaught exception, and the rest still goes.
      if (next < batch.length) {
        this.#queue = [...batch.slice(next), ...this.#queue];
        this.#schedule();
      }
    }
  }

  #find(address: string): Door | undefined {
    const exact = this.#listening.get(address);
    if (exact !== undefined) return exact;
    // A server on all interfaces registers one of the host's addresses, and is found by its port.
    const { port } = split(address);
    if (port === "") return undefined;
    for (const host of ["", "0.0.0.0", "[::]"]) {
      const found = this.#listening.get(`${host}:${port}`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** Host and port of `host:port`; the port is empty where there is none. */
function split(address: string): { host: string; port: string } {
  const colon = address.lastIndexOf(":");
  return colon < 0
    ? { host: address, port: "" }
    : { host: address.slice(0, colon), port: address.slice(colon + 1) };
}
