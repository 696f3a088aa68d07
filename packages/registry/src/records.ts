import { MicroError } from "@micro/core";
import type { Endpoint, Node, ServiceRecord, Value } from "./model.ts";

/** Types deeper than this are cut off: Go writes three levels (spec 3.1), and input must not exhaust the stack. */
const MAX_VALUE_DEPTH = 16;

/** A deep and frozen copy, so that neither side of a registry can change what the other holds. */
export function copyRecord(record: ServiceRecord): ServiceRecord {
  return Object.freeze({
    name: record.name,
    version: record.version,
    metadata: Object.freeze({ ...record.metadata }),
    endpoints: Object.freeze(record.endpoints.map(copyEndpoint)),
    nodes: Object.freeze(record.nodes.map(copyNode)),
  });
}

/** A deep and frozen copy of a node. */
export function copyNode(node: Node): Node {
  return Object.freeze({
    id: node.id,
    address: node.address,
    metadata: Object.freeze({ ...node.metadata }),
  });
}

function copyEndpoint(endpoint: Endpoint): Endpoint {
  return Object.freeze({
    name: endpoint.name,
    request: copyValue(endpoint.request),
    response: copyValue(endpoint.response),
    metadata: Object.freeze({ ...endpoint.metadata }),
  });
}

function copyValue(value: Value | null): Value | null {
  if (value === null) return null;
  const values = value.values === null ? null : Object.freeze(value.values.map((v) => copyValue(v) as Value));
  return Object.freeze({ name: value.name, type: value.type, values });
}

/** The same record with this node alone. */
export function withNode(record: ServiceRecord, node: Node): ServiceRecord {
  return { ...record, nodes: [node] };
}

/**
 * One record per name and version: nodes of one id are one node (the last wins), endpoints are joined by name.
 * The order is that of first appearance.
 */
export function mergeRecords(records: Iterable<ServiceRecord>): readonly ServiceRecord[] {
  const groups = new Map<string, { heads: Set<ServiceRecord>; nodes: Map<string, Node> }>();
  for (const record of records) {
    const key = JSON.stringify([record.name, record.version]);
    let group = groups.get(key);
    if (group === undefined) {
      group = { heads: new Set(), nodes: new Map() };
      groups.set(key, group);
    }
    group.heads.add(record);
    for (const node of record.nodes) group.nodes.set(node.id, node);
  }
  return [...groups.values()].map(({ heads, nodes }) => joinHeads([...heads], [...nodes.values()]));
}

/** One record of several that share name and version, with these nodes; `heads` must not be empty. */
export function joinHeads(
  heads: readonly Omit<ServiceRecord, "nodes">[],
  nodes: readonly Node[],
): ServiceRecord {
  const first = heads[0] as Omit<ServiceRecord, "nodes">;
  const { name, version } = first;
  let { metadata, endpoints } = first;
  if (heads.length > 1) {
    metadata = Object.freeze(Object.assign({}, ...heads.map((head) => head.metadata).reverse()));
    const byName = new Map<string, Endpoint>();
    for (const head of heads) {
      for (const endpoint of head.endpoints) {
        if (!byName.has(endpoint.name)) byName.set(endpoint.name, endpoint);
      }
    }
    endpoints = Object.freeze([...byName.values()]);
  }
  return Object.freeze({ name, version, metadata, endpoints, nodes: Object.freeze(nodes) });
}

/** Whether two values of the registry model (or any JSON) say the same, in any order of keys. */
export function sameData(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, at) => sameData(item, b[at]));
  }
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && sameData(left[key], right[key]));
}

/**
 * A record out of parsed JSON (spec 3.1): null and missing lists and maps become empty, other keys are dropped.
 * Throws `BAD_REQUEST` that names the first wrong field.
 */
export function parseRecord(value: unknown): ServiceRecord {
  const record = object(value, "service");
  const nodes = list(record.nodes, "service.nodes").map((item, at) => {
    const node = object(item, `service.nodes[${at}]`);
    return {
      id: text(node.id, `service.nodes[${at}].id`),
      address: text(node.address, `service.nodes[${at}].address`),
      metadata: parseMetadata(node.metadata),
    };
  });
  const name = text(record.name, "service.name");
  if (name === "") throw wrong("service.name", "a name");
  return copyRecord({
    name,
    version: typeof record.version === "string" ? record.version : "",
    metadata: parseMetadata(record.metadata),
    endpoints: parseEndpoints(record.endpoints),
    nodes,
  });
}

/** Endpoints out of parsed JSON (spec 3.1); null is none. Throws `BAD_REQUEST` that names the first wrong field. */
export function parseEndpoints(value: unknown): readonly Endpoint[] {
  return list(value, "endpoints").map((item, at) => {
    const endpoint = object(item, `endpoints[${at}]`);
    return copyEndpoint({
      name: text(endpoint.name, `endpoints[${at}].name`),
      request: parseValue(endpoint.request, 0),
      response: parseValue(endpoint.response, 0),
      metadata: parseMetadata(endpoint.metadata),
    });
  });
}

/** Metadata out of parsed JSON; null is empty, and entries that are no texts are dropped. */
export function parseMetadata(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== "object" || value === null) return Object.freeze({});
  // Entries are defined, not assigned: a key `__proto__` must stay a key.
  return Object.freeze(
    Object.fromEntries(
      Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
    ),
  );
}

/** Type descriptions are for people: what does not fit is left out, not refused. */
function parseValue(value: unknown, depth: number): Value | null {
  if (typeof value !== "object" || value === null || depth > MAX_VALUE_DEPTH) return null;
  const { name, type, values } = value as Record<string, unknown>;
  return {
    name: typeof name === "string" ? name : "",
    type: typeof type === "string" ? type : "",
    values: Array.isArray(values)
      ? values.map((item) => parseValue(item, depth + 1)).filter((item) => item !== null)
      : null,
  };
}

function object(value: unknown, at: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(at, "an object");
  return value as Record<string, unknown>;
}

function list(value: unknown, at: string): readonly unknown[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw wrong(at, "a list");
  return value;
}

function text(value: unknown, at: string): string {
  if (typeof value !== "string") throw wrong(at, "a text");
  return value;
}

function wrong(at: string, expected: string): MicroError {
  return new MicroError({
    code: "BAD_REQUEST",
    id: "go.micro.registry",
    detail: `registry record: ${at} must be ${expected}`,
  });
}
