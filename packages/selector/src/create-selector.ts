import { MicroError } from "@micro/core";
import type { Registry, Snapshot, SnapshotOptions } from "@micro/registry";
import { hasFitting } from "./fitting.ts";
import type { EjectionRules, NodeState } from "./node-state.ts";
import type { Pool } from "./pool.ts";
import type { Outcome, Selection, Selector, SelectRequest } from "./selector.ts";
import { type Group, ServiceState } from "./service-state.ts";
import type { Strategy } from "./strategy.ts";

/** What {@link createSelector} takes. */
export interface SelectorOptions {
  readonly registry: Pick<Registry, "name" | "peek" | "snapshot" | "evict">;
  /** The options of the component. */
  readonly config: EjectionRules & {
    /** Share of nodes left below which ejection is ignored, 0 to 1. */
    readonly panicThreshold: number;
    /** @default true */
    readonly preferLocal?: boolean;
  };
  readonly strategy: Strategy;
  /** From 0 up to, but not including, 1. @default Math.random */
  readonly random?: () => number;
  /** Milliseconds of a clock that never goes back. @default performance.now */
  readonly now?: () => number;
}

/** Services whose nodes are kept at hand; the one known for longest goes first. */
const MAX_SERVICES = 1024;
/** Choices of the strategy that may meet a node that does not fit, before all nodes are looked at. */
const TRIES = 4;
/** Turns begin anywhere below this, so that many clients do not all begin with the same node. */
const MAX_FIRST_TURN = 65_536;
/** Turns begin again at 0 after this, and stay small integers. */
const MAX_TURN = 0x3fffffff;
const ID = "go.micro.client";

/**
 * A selector that lets `strategy` choose among the nodes that fit, and does the rest: filters, keys, and leaving out
 * nodes that fail or drain. Nodes are sorted when the registry's snapshot or a node's state changes; a choice itself
 * costs the same among ten nodes and ten thousand.
 */
export function createSelector(options: SelectorOptions): Selector {
  return new StrategySelector(options);
}

class StrategySelector implements Selector {
  readonly preferLocal: boolean;
  readonly #options: SelectorOptions;
  readonly #now: () => number;
  readonly #services = new Map<string, ServiceState>();
  readonly #context: { request: SelectRequest; turn: number; readonly random: () => number };

  constructor(options: SelectorOptions) {
    this.#options = options;
    this.preferLocal = options.config.preferLocal ?? true;
    this.#now = options.now ?? (() => performance.now());
    this.#context = { request: { service: "" }, turn: 0, random: options.random ?? Math.random };
  }

  select(request: SelectRequest): Selection | Promise<Selection> {
    if (request.signal?.aborted) {
      throw new MicroError({
        code: "CANCELLED",
        id: ID,
        detail: `choosing a node of '${request.service}' was cancelled`,
        cause: request.signal.reason,
        notSent: true,
      });
    }
    const snapshot = this.#options.registry.peek(request.service);
    // "Nobody there" is the registry's to say: it knows whether asking again makes sense.
    return snapshot === undefined || snapshot.records.length === 0
      ? this.#ask(request)
      : this.#choose(snapshot, request);
  }

  async #ask(request: SelectRequest): Promise<Selection> {
    const options: SnapshotOptions = {
      timeoutMs: request.timeoutMs ?? 5000,
      ...(request.signal === undefined ? {} : { signal: request.signal }),
      // Whose node a key is, all of them decide.
      ...(request.key === undefined ? { enough: (snapshot) => this.#mayChoose(snapshot, request) } : {}),
    };
    let snapshot: Snapshot;
    try {
      snapshot = await this.#options.registry.snapshot(request.service, options);
    } catch (error) {
      throw MicroError.from(error, { id: ID, code: "UNAVAILABLE" });
    }
    return this.#choose(snapshot, request);
  }

  /** Whether the nodes that have answered the registry's question so far will do: one that is left out waits for the others. */
  #mayChoose(snapshot: Snapshot, request: SelectRequest): boolean {
    const service = this.#services.get(request.service);
    try {
      return hasFitting(snapshot, request, (node, version) => service?.leavesOut(node, version) !== true);
    } catch {
      // The request's filter: choosing meets it again, and says so.
      return true;
    }
  }

  #choose(snapshot: Snapshot, request: SelectRequest): Selection {
    const service = this.#service(snapshot, request);
    const group = service.group(request);
    const { pool } = group;
    pool.refresh(service.epoch, this.#options.config.panicThreshold);
    const accepts = acceptor(request);
    if (request.key !== undefined) return this.#stick(service, pool, request, accepts);
    if (pool.hasOut) {
      const now = this.#now();
      const due = pool.hasDue(now) ? pool.takeDue(now, accepts ?? always) : undefined;
      if (due !== undefined) return this.#selection(service, due, request, true);
    }
    return this.#selection(service, this.#pick(service, group, request, accepts), request, false);
  }

  /** Lets the strategy choose. */
  #pick(
    service: ServiceState,
    group: Group,
    request: SelectRequest,
    accepts: Accepts | undefined,
  ): NodeState {
    const { usable } = group.pool;
    if (usable.length > 0) {
      // Most nodes fit: asking again is cheaper than looking at all of them.
      for (let tries = accepts === undefined ? 1 : TRIES; tries > 0; tries--) {
        const state = this.#consult(usable, group, request);
        if (accepts === undefined || accepts(state)) return state;
      }
    }
    for (const nodes of fallbacks(group.pool, request, accepts ?? always)) {
      if (nodes.length > 0) return this.#consult(nodes, group, request);
    }
    throw noneAvailable(service, request);
  }

  #consult(nodes: readonly NodeState[], group: Group, request: SelectRequest): NodeState {
    const context = this.#context;
    context.request = request;
    context.turn = group.turn;
    group.turn = (group.turn + 1) & MAX_TURN;
    const index = this.#options.strategy(nodes, context);
    const state = nodes[index];
    if (state !== undefined) return state;
    throw new MicroError({
      code: "INTERNAL",
      id: ID,
      detail: `the selector's strategy chose ${index}: it must return an index from 0 to ${nodes.length - 1}`,
    });
  }

  /** The node of the request's key, or the next one in the key's order while that one is left out. */
  #stick(service: ServiceState, pool: Pool, request: SelectRequest, accepts: Accepts | undefined): Selection {
    const now = pool.hasOut ? this.#now() : 0;
    const inUse = (state: NodeState): boolean =>
      state.out === undefined || (state.out === "ejected" && pool.panic) || state.until <= now;
    const key = request.key as string;
    const state = pool.table.find(key, (node) => inUse(node) && (accepts === undefined || accepts(node)));
    if (state !== undefined) {
      const trial = state.out !== undefined && state.until <= now;
      if (trial) state.tryAgain(now);
      return this.#selection(service, state, request, trial);
    }
    for (const nodes of fallbacks(pool, request, accepts ?? always)) {
      const among = new Set(nodes);
      const next = pool.table.find(key, (node) => among.has(node));
      if (next !== undefined) return this.#selection(service, next, request, false);
    }
    throw noneAvailable(service, request);
  }

  #selection(service: ServiceState, state: NodeState, request: SelectRequest, trial: boolean): Selection {
    state.pending++;
    return new Chosen(this, service, state, request.service, trial);
  }

  /** A call has ended. */
  settle(service: ServiceState, state: NodeState, outcome: Outcome, trial: boolean, name: string): void {
    state.pending--;
    if (outcome === "ok" && state.clean && state.out === undefined) return;
    if (state.settle(outcome, trial, this.#now(), this.#options.config)) service.epoch++;
    if (outcome === "unreachable") this.#options.registry.evict(name, state.node.id);
  }

  #service(snapshot: Snapshot, request: SelectRequest): ServiceState {
    const known = this.#services.get(request.service);
    const service =
      known ??
      new ServiceState(this.#options.config, () => Math.floor(this.#context.random() * MAX_FIRST_TURN));
    service.update(snapshot, this.#now);
    // Names that nobody serves must not push out others.
    if (service.size === 0) throw notFound(snapshot, this.#options.registry.name);
    if (known === undefined) {
      if (this.#services.size >= MAX_SERVICES) {
        this.#services.delete(this.#services.keys().next().value as string);
      }
      this.#services.set(request.service, service);
    }
    return service;
  }
}

/** One call's node. */
class Chosen implements Selection {
  readonly #selector: StrategySelector;
  readonly #service: ServiceState;
  readonly #state: NodeState;
  readonly #name: string;
  readonly #trial: boolean;
  readonly node: Selection["node"];
  #open = true;

  constructor(
    selector: StrategySelector,
    service: ServiceState,
    state: NodeState,
    name: string,
    trial: boolean,
  ) {
    this.#selector = selector;
    this.#service = service;
    this.#state = state;
    this.#name = name;
    this.#trial = trial;
    this.node = state.node;
  }

  get version(): string {
    return this.#state.version;
  }

  done(outcome: Outcome): void {
    if (!this.#open) return;
    this.#open = false;
    this.#selector.settle(this.#service, this.#state, outcome, this.#trial, this.#name);
  }
}

type Accepts = (state: NodeState) => boolean;

const always: Accepts = () => true;

/** The conditions that are not part of the group; undefined when there are none. */
function acceptor({ filter, exclude }: SelectRequest): Accepts | undefined {
  const tried = exclude !== undefined && exclude.size > 0 ? exclude : undefined;
  if (tried === undefined && filter === undefined) return undefined;
  return (state) => !tried?.has(state.node.id) && (filter === undefined || filter(state.node, state.version));
}

/** Whom to take when the usual ones do not fit: better one that failed, than one that has just been tried, than none. */
function* fallbacks(pool: Pool, request: SelectRequest, accepts: Accepts): Iterable<readonly NodeState[]> {
  yield pool.usable.filter(accepts);
  yield pool.nodes.filter((state) => state.out !== "draining" && accepts(state));
  const { filter } = request;
  const fits: Accepts = filter === undefined ? always : (state) => filter(state.node, state.version);
  yield pool.usable.filter(fits);
  yield pool.nodes.filter(fits);
}

function notFound(snapshot: Snapshot, registry: string): MicroError {
  const hint = snapshot.stale
    ? `registry '${registry}' cannot be asked now, and knew no node of it before`
    : `registry '${registry}' knows no node of it; is it running, with the same registry and domain?`;
  return new MicroError({
    code: "NOT_FOUND",
    id: ID,
    detail: `service ${snapshot.service}: not found: ${hint}`,
    notSent: true,
  });
}

function noneAvailable(service: ServiceState, request: SelectRequest): MicroError {
  const { endpoint, version, metadata, filter } = request;
  const filters = [
    ...(version === undefined ? [] : [`version '${version}'`]),
    ...(endpoint === undefined ? [] : [`endpoint '${endpoint}'`]),
    ...Object.entries(metadata ?? {}).map(([key, value]) => `metadata '${key}=${value}'`),
    ...(filter === undefined ? [] : ["the request's filter function"]),
  ];
  return new MicroError({
    code: "NOT_FOUND",
    id: ID,
    detail: `service ${request.service}: none available for ${filters.join(", ")} (of ${service.size} known nodes)`,
    notSent: true,
  });
}
