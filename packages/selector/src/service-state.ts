import type { Node, ServiceRecord, Snapshot } from "@micro/registry";
import { anyNode, conditionOn, endpointsOf } from "./fitting.ts";
import { type EjectionRules, NodeState } from "./node-state.ts";
import { Pool } from "./pool.ts";
import type { SelectRequest } from "./selector.ts";

/** Kinds of request (endpoint, version, metadata) whose nodes are kept at hand, per service. */
const MAX_GROUPS = 256;
/** Nodes with failures that the registry names no more and that are remembered, per service. */
const MAX_GONE = 1000;
/** How long they are remembered, in ms. */
const REMEMBER_GONE_MS = 60_000;

/** The requests of one kind, and the nodes that fit them. */
export interface Group {
  pool: Pool;
  /** Choices made so far. */
  turn: number;
}

interface RecordState {
  readonly record: ServiceRecord;
  readonly nodes: readonly NodeState[];
  /** Undefined where the registry does not know them. */
  readonly endpoints: ReadonlySet<string> | undefined;
}

/** What the selector knows of one service. */
export class ServiceState {
  /** Rises whenever a node is left out or taken back. */
  epoch = 0;
  readonly #rules: EjectionRules;
  readonly #firstTurn: () => number;
  readonly #nodes = new Map<string, NodeState>();
  readonly #byEndpoint = new Map<string, Group>();
  readonly #byFilter = new Map<string, Group>();
  /** Turns of groups go on when their nodes change. */
  readonly #turns = new Map<string, number>();
  #records: readonly RecordState[] = [];
  #all = new Pool([]);
  #version: number | undefined;

  constructor(rules: EjectionRules, firstTurn: () => number) {
    this.#rules = rules;
    this.#firstTurn = firstTurn;
  }

  /** Nodes of the last snapshot. */
  get size(): number {
    return this.#all.nodes.length;
  }

  /** Whether this node is ejected. A draining one that is named anew has come back. */
  leavesOut({ id, address }: Node, version: string): boolean {
    const state = this.#nodes.get(keyOf(id, version));
    return state?.out === "ejected" && state.node.address === address;
  }

  /** Takes over a snapshot, unless it is the one that is known. */
  update(snapshot: Snapshot, now: () => number): void {
    if (snapshot.version === this.#version) return;
    this.#version = snapshot.version;
    const named = new Set<NodeState>();
    this.#records = snapshot.records.map((record) => ({
      record,
      nodes: this.#nodesOf(record, named),
      endpoints: endpointsOf(record),
    }));
    this.#forget(named, now());
    this.#all = new Pool(this.#records.flatMap(({ nodes }) => nodes));
    for (const groups of [this.#byEndpoint, this.#byFilter]) {
      for (const [key, group] of groups) this.#turns.set(key, group.turn);
      groups.clear();
    }
    while (this.#turns.size > MAX_GROUPS) this.#turns.delete(firstKey(this.#turns));
  }

  /** The nodes that fit, looked up by the request's filters. */
  group(request: SelectRequest): Group {
    const { endpoint = "", version, metadata } = request;
    if (version === undefined && metadata === undefined) {
      return this.#byEndpoint.get(endpoint) ?? this.#makeGroup(this.#byEndpoint, endpoint, request);
    }
    const pairs = Object.entries(metadata ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    const key = JSON.stringify([endpoint, version ?? null, pairs]);
    return this.#byFilter.get(key) ?? this.#makeGroup(this.#byFilter, key, request);
  }

  #makeGroup(groups: Map<string, Group>, key: string, request: SelectRequest): Group {
    const nodes = this.#records.flatMap((state) => matching(state, request));
    const group = {
      // Most requests fit all nodes: then the lists are there once.
      pool: nodes.length === this.size ? this.#all : new Pool(nodes),
      turn: this.#turns.get(key) ?? this.#firstTurn(),
    };
    if (groups.size >= MAX_GROUPS) groups.delete(firstKey(groups));
    groups.set(key, group);
    return group;
  }

  #nodesOf(record: ServiceRecord, named: Set<NodeState>): readonly NodeState[] {
    return record.nodes.map((node) => {
      const key = keyOf(node.id, record.version);
      let state = this.#nodes.get(key);
      if (state === undefined) {
        state = new NodeState(node, record.version);
        this.#nodes.set(key, state);
      } else if (state.named(node)) this.epoch++;
      named.add(state);
      return state;
    });
  }

  /** Lets go of nodes that are named no more; failing ones are remembered for a while, as they often come back. */
  #forget(named: ReadonlySet<NodeState>, now: number): void {
    let gone = 0;
    const keepMs = Math.max(REMEMBER_GONE_MS, 10 * this.#rules.ejectTime);
    for (const [key, state] of this.#nodes) {
      if (named.has(state)) continue;
      state.goneSince ??= now;
      if (state.clean || now - state.goneSince > keepMs || ++gone > MAX_GONE) this.#nodes.delete(key);
    }
  }
}

function matching({ record, nodes, endpoints }: RecordState, request: SelectRequest): readonly NodeState[] {
  const fits = conditionOn(record, endpoints, request);
  if (fits === undefined) return [];
  return fits === anyNode ? nodes : nodes.filter(({ node }) => fits(node));
}

const keyOf = (id: string, version: string): string => `${id}\n${version}`;

const firstKey = (map: ReadonlyMap<string, unknown>): string => map.keys().next().value as string;
