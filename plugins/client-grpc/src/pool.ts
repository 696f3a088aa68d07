import type { ConnectionOptions } from "node:tls";
import { clientError } from "@micro/client";
import { MicroError } from "@micro/core";
import { Connection, type ConnectionSettings } from "./connection.ts";
import { dialTarget } from "./target.ts";

/** Who waits for a connection: told once, unless it was forgotten. */
export interface Waiter {
  /** When it gives up waiting, in ms since the epoch. */
  readonly connectDeadline: number;
  acquired(connection: Connection): void;
  failed(error: MicroError): void;
}

/** What a {@link ConnectionPool} is made of. */
export interface PoolOptions extends ConnectionSettings {
  readonly tls: ConnectionOptions | undefined;
  /** Idle connections kept per node. */
  readonly poolSize: number;
  /** Longest life of a connection, to the second: after that it takes no more calls. 0 for no limit. */
  readonly poolTtlMs: number;
  readonly maxConnections: number;
  /** Calls that run at once on one connection. */
  readonly maxStreams: number;
  readonly maxWaiting: number;
}

interface Node {
  readonly ready: Connection[];
  dialing: number;
  readonly waiting: Set<Waiter>;
}

/**
 * How long a stop waits for peers that do not hang up, within its grace: less than a connection gives them that is
 * retired while the service goes on, since here somebody waits.
 */
const STOP_HANG_UP_MS = 500;
const LOOK_MS = 1000;
/** Idle connections beyond the pool's size are closed after this time. */
const SURPLUS_MS = 1000;

/** The connections of one client, by the address of the node. */
export class ConnectionPool {
  readonly #options: PoolOptions;
  readonly #nodes = new Map<string, Node>();
  /** All that are not closed, those with calls that outlive them included. */
  readonly #connections = new Set<Connection>();
  readonly #timers = new Map<Waiter, NodeJS.Timeout>();
  #looking: NodeJS.Timeout | undefined = undefined;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** A connection that has room, at once; else undefined, and the waiter is told. */
  acquire(address: string, waiter: Waiter): Connection | undefined {
    const node = this.#nodes.get(address);
    if (node !== undefined) {
      const free = this.#free(node);
      if (free !== undefined) return free;
    }
    this.#wait(address, node ?? this.#newNode(address), waiter);
    return undefined;
  }

  /** The waiter waits no more. */
  forget(address: string, waiter: Waiter): void {
    this.#stopTimer(waiter);
    this.#nodes.get(address)?.waiting.delete(waiter);
  }

  /** A call has ended: somebody may wait for its place. */
  released(connection: Connection): void {
    const node = this.#nodes.get(connection.address);
    if (node !== undefined && node.waiting.size > 0) this.#serve(node);
    if (connection.calls.size === 0 && !this.#isReady(connection)) this.#connections.delete(connection);
  }

  /** Takes no more calls, ends those that wait, and resolves when all connections are closed. */
  async close({ graceMs }: { readonly graceMs: number }): Promise<void> {
    this.#closed = true;
    clearInterval(this.#looking);
    const reason = stopped();
    for (const node of this.#nodes.values()) this.#failAll(node, reason);
    const connections = [...this.#connections];
    for (const connection of connections) connection.retire(reason);
    // Peers hang up at once, or not at all.
    await Promise.all(connections.map((connection) => connection.closed(Math.min(graceMs, STOP_HANG_UP_MS))));
    // Their calls were given up before; whoever runs on all the same is told.
    for (const connection of connections) connection.cut(reason);
    this.#connections.clear();
    this.#nodes.clear();
  }

  #free({ ready }: Node): Connection | undefined {
    let best: Connection | undefined;
    for (const connection of ready) {
      if (best === undefined || connection.calls.size < best.calls.size) best = connection;
    }
    return best === undefined || best.calls.size >= this.#options.maxStreams ? undefined : best;
  }

  #newNode(address: string): Node {
    const node: Node = { ready: [], dialing: 0, waiting: new Set() };
    this.#nodes.set(address, node);
    return node;
  }

  #wait(address: string, node: Node, waiter: Waiter): void {
    const { maxWaiting, maxConnections, maxStreams } = this.#options;
    if (this.#closed) {
      waiter.failed(stopped());
      return;
    }
    if (node.waiting.size >= maxWaiting) {
      waiter.failed(
        clientError(
          "RESOURCE_EXHAUSTED",
          `${address}: ${maxWaiting} calls wait for a connection already (client.max_waiting)`,
          { notSent: true },
        ),
      );
      return;
    }
    node.waiting.add(waiter);
    if (waiter.connectDeadline !== Infinity) {
      const ms = Math.max(1, waiter.connectDeadline - Date.now());
      const late = (): void =>
        this.#fail(
          waiter,
          clientError("TIMEOUT", `${address}: no connection in the time of the attempt`, { notSent: true }),
          node,
        );
      this.#timers.set(waiter, setTimeout(late, Math.min(ms, 2 ** 31 - 1)));
    }
    const needed = node.dialing === 0 || node.waiting.size > node.dialing * maxStreams;
    if (needed && node.ready.length + node.dialing < maxConnections) this.#dial(address, node);
  }

  #dial(address: string, node: Node): void {
    let connection: Connection;
    let dialing = true;
    const dialed = (): void => {
      if (dialing) node.dialing--;
      dialing = false;
    };
    node.dialing++;
    try {
      const target = dialTarget(address, this.#options.tls);
      connection = new Connection(address, target, {
        settings: this.#options,
        events: {
          ready: (it) => {
            dialed();
            node.ready.push(it);
            this.#serve(node);
          },
          gone: (it, error) => {
            dialed();
            this.#gone(it, node, error);
          },
        },
      });
    } catch (cause) {
      dialed();
      // It is the node's address that is wrong, not the call.
      const { detail } = MicroError.from(cause);
      this.#failAll(node, clientError("UNAVAILABLE", detail, { notSent: true, cause }));
      this.#forgetUnused(address, node);
      return;
    }
    this.#connections.add(connection);
    this.#looking ??= setInterval(() => this.#look(), LOOK_MS).unref();
  }

  #gone(connection: Connection, node: Node, error: MicroError): void {
    const at = node.ready.indexOf(connection);
    if (at >= 0) node.ready.splice(at, 1);
    if (connection.calls.size === 0) this.#connections.delete(connection);
    // Whoever waits for a place on a connection that was there gets a new one.
    if (node.ready.length > 0 || node.dialing > 0 || this.#closed) return;
    if (at < 0) this.#failAll(node, error);
    else if (node.waiting.size > 0) this.#dial(connection.address, node);
    this.#forgetUnused(connection.address, node);
  }

  /** Addresses come and go: one that nothing is known of any more is not kept. */
  #forgetUnused(address: string, node: Node): void {
    const used = node.ready.length > 0 || node.dialing > 0 || node.waiting.size > 0;
    if (!used && this.#nodes.get(address) === node) this.#nodes.delete(address);
  }

  #failAll(node: Node, error: MicroError): void {
    // Whoever comes while these are told waits for another dial.
    const told = [...node.waiting];
    for (const waiter of told) this.#fail(waiter, error, node);
  }

  #fail(waiter: Waiter, error: MicroError, node?: Node): void {
    this.#stopTimer(waiter);
    node?.waiting.delete(waiter);
    waiter.failed(error);
  }

  #serve(node: Node): void {
    for (const waiter of node.waiting) {
      const connection = this.#free(node);
      if (connection === undefined) return;
      this.#stopTimer(waiter);
      node.waiting.delete(waiter);
      waiter.acquired(connection);
    }
  }

  #stopTimer(waiter: Waiter): void {
    const timer = this.#timers.get(waiter);
    if (timer === undefined) return;
    clearTimeout(timer);
    this.#timers.delete(waiter);
  }

  #isReady(connection: Connection): boolean {
    return this.#nodes.get(connection.address)?.ready.includes(connection) ?? false;
  }

  /** Looks after the peers of running calls, and closes what is too old, or idle and too much. */
  #look(): void {
    const now = performance.now();
    for (const connection of this.#connections) connection.look(now);
    for (const [address, node] of this.#nodes) this.#renew(address, node, now);
    if (this.#connections.size > 0) return;
    clearInterval(this.#looking);
    this.#looking = undefined;
  }

  /** Closes idle connections that are too old or too many; busy ones that are too old get a successor first. */
  #renew(address: string, node: Node, now: number): void {
    const { poolSize, poolTtlMs, maxConnections } = this.#options;
    const isOld = (connection: Connection): boolean => poolTtlMs > 0 && now - connection.bornMs >= poolTtlMs;
    for (const connection of node.ready.toReversed()) {
      const isIdle = connection.calls.size === 0;
      const isSurplus = node.ready.length > poolSize && connection.idleMs(now) >= SURPLUS_MS;
      if (isOld(connection)) {
        if (isIdle || !node.ready.every(isOld)) connection.retire(stopped());
        // One more than the limit for as long as the change takes: nobody has to wait for it.
        else if (node.dialing === 0 && node.ready.length <= maxConnections) this.#dial(address, node);
      } else if (isIdle && isSurplus) connection.retire(stopped());
    }
  }
}

function stopped(): MicroError {
  return clientError("UNAVAILABLE", "the client closed the connection", { notSent: true });
}
