import type { Node, ServiceRecord } from "./model.ts";
import { copyNode, copyRecord, joinHeads, sameData } from "./records.ts";

/** What a record says of the service and not of a node. */
type Head = Omit<ServiceRecord, "nodes">;

interface Entry {
  readonly head: Head;
  readonly node: Node;
  expiresAt: number;
}

interface Group {
  readonly nodes: Map<string, Entry>;
  /** Distinct heads; nodes that say the same share one. */
  heads: Head[];
  /** Made on demand, dropped by a change: its identity tells whether anything changed. */
  records: readonly ServiceRecord[] | undefined;
}

const NONE: readonly ServiceRecord[] = Object.freeze([]);

/**
 * The nodes a registry knows, by service and node id. Everything that goes in is copied and frozen. A node that is
 * put with another version moves to it. Times are those of `performance.now()`.
 */
export class NodeTable {
  readonly #groups = new Map<string, Group>();

  /** Names of services that have nodes, sorted. */
  services(): readonly string[] {
    return [...this.#groups.keys()].sort();
  }

  /** One record per version; the same array until something changes. Without `service` those of all services. */
  records(service?: string): readonly ServiceRecord[] {
    if (service === undefined) return [...this.#groups.values()].flatMap(build);
    const group = this.#groups.get(service);
    return group === undefined ? NONE : build(group);
  }

  /** Whether this node is there. */
  has(service: string, nodeId: string): boolean {
    return this.#groups.get(service)?.nodes.has(nodeId) ?? false;
  }

  /** Adds or refreshes the nodes of `record` until `expiresAt` (@default forever). True when that changed what is known. */
  put(record: ServiceRecord, expiresAt = Infinity): boolean {
    if (record.nodes.length === 0) return false;
    let group = this.#groups.get(record.name);
    if (group === undefined) {
      group = { nodes: new Map(), heads: [], records: undefined };
      this.#groups.set(record.name, group);
    }
    const head = share(group, record);
    let changed = false;
    for (const node of record.nodes) {
      const known = group.nodes.get(node.id);
      if (known !== undefined && known.head === head && sameData(known.node, node)) {
        known.expiresAt = expiresAt;
        continue;
      }
      group.nodes.set(node.id, { head, node: copyNode(node), expiresAt });
      changed = true;
    }
    if (changed) group.records = undefined;
    return changed;
  }

  /**
   * Takes the nodes of `record` away; a record without nodes means all of its version, or of the service when the
   * version is empty too (spec 3.3). True when something was there.
   */
  delete(record: ServiceRecord): boolean {
    const group = this.#groups.get(record.name);
    if (group === undefined) return false;
    let changed = false;
    if (record.nodes.length > 0) {
      for (const { id } of record.nodes) changed = group.nodes.delete(id) || changed;
    } else {
      for (const [id, { head }] of group.nodes) {
        if (record.version === "" || head.version === record.version) {
          changed = group.nodes.delete(id) || changed;
        }
      }
    }
    if (changed) group.records = undefined;
    if (group.nodes.size === 0) this.#groups.delete(record.name);
    return changed;
  }

  /** Makes `records` all that is known, of `service` alone where it is given. True when that changed anything. */
  replace(records: Iterable<ServiceRecord>, service?: string): boolean {
    const kept = new Map<string, Set<string>>();
    let changed = false;
    for (const record of records) {
      if (service !== undefined && record.name !== service) continue;
      let ids = kept.get(record.name);
      if (ids === undefined) {
        ids = new Set();
        kept.set(record.name, ids);
      }
      for (const { id } of record.nodes) ids.add(id);
      changed = this.put(record) || changed;
    }
    for (const name of service === undefined ? [...this.#groups.keys()] : [service]) {
      const group = this.#groups.get(name);
      if (group === undefined) continue;
      for (const id of group.nodes.keys()) {
        if (kept.get(name)?.has(id) === true) continue;
        group.nodes.delete(id);
        group.records = undefined;
        changed = true;
      }
      if (group.nodes.size === 0) this.#groups.delete(name);
    }
    return changed;
  }

  /** Records of the nodes whose time is over at `now`; they stay until they are deleted. */
  expired(now: number): readonly ServiceRecord[] {
    const gone: ServiceRecord[] = [];
    for (const group of this.#groups.values()) {
      for (const { head, node, expiresAt } of group.nodes.values()) {
        if (expiresAt <= now) gone.push(Object.freeze({ ...head, nodes: Object.freeze([node]) }));
      }
    }
    return gone;
  }

  /** When the first node expires; Infinity when none does. */
  nextExpiry(): number {
    let next = Infinity;
    for (const group of this.#groups.values()) {
      for (const { expiresAt } of group.nodes.values()) next = Math.min(next, expiresAt);
    }
    return next;
  }

  /** Forgets everything. */
  clear(): void {
    this.#groups.clear();
  }
}

/** Thousands of nodes of one build say the same of their service: kept once, and compared by identity later. */
function share(group: Group, record: ServiceRecord): Head {
  for (const head of group.heads) {
    if (
      head.version === record.version &&
      sameData(head.metadata, record.metadata) &&
      sameData(head.endpoints, record.endpoints)
    ) {
      return head;
    }
  }
  if (group.heads.length > group.nodes.size) prune(group);
  const { nodes: _, ...head } = copyRecord({ ...record, nodes: [] });
  group.heads.push(Object.freeze(head));
  return head;
}

function prune(group: Group): void {
  const used = new Set<Head>();
  for (const { head } of group.nodes.values()) used.add(head);
  group.heads = group.heads.filter((head) => used.has(head));
}

function build(group: Group): readonly ServiceRecord[] {
  if (group.records !== undefined) return group.records;
  prune(group);
  const versions = new Map<string, { heads: Set<Head>; nodes: Node[] }>();
  for (const { head, node } of group.nodes.values()) {
    let version = versions.get(head.version);
    if (version === undefined) {
      version = { heads: new Set(), nodes: [] };
      versions.set(head.version, version);
    }
    version.heads.add(head);
    version.nodes.push(node);
  }
  group.records = Object.freeze(
    [...versions.values()].map(({ heads, nodes }) => joinHeads([...heads], nodes)),
  );
  return group.records;
}
