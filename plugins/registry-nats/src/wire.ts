import { parseRecord, type ServiceRecord } from "@micro/registry";

/** What a node of ours says besides what Go says; Go reads over it. */
export interface Stamp {
  /** The instance that says it. */
  readonly from: string;
  /** It is gone when this is over and nothing was heard of it; undefined: never. */
  readonly ttlMs: number | undefined;
}

/** A node came, is still there, or goes. */
export interface Told extends Partial<Stamp> {
  readonly gone: boolean;
  readonly record: ServiceRecord;
}

/** A question: for one service, or for all when that is undefined. */
export interface Question {
  readonly service: string | undefined;
}

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** The message of a node that comes, or is still there (spec 4.1). */
export function putMessage(action: string, record: ServiceRecord, { from, ttlMs }: Stamp): Uint8Array {
  return encode({ Action: action, Service: record, From: from, TTL: ttlMs });
}

/** The message of nodes that go, as short as Go writes it. */
export function deleteMessage({ name, version, nodes }: ServiceRecord, from: string): Uint8Array {
  const gone = nodes.map(({ id, address }) => ({ id, address, metadata: null }));
  const service = { name, version, metadata: null, endpoints: null, nodes: gone };
  return encode({ Action: "delete", Service: service, From: from });
}

/** The message that asks for nodes. */
export function questionMessage({ service }: Question): Uint8Array {
  if (service === undefined) return encode({ Action: "list", Service: null });
  const wanted = { name: service, version: "", metadata: null, endpoints: null, nodes: null };
  return encode({ Action: "get", Service: wanted });
}

/** The answer to a question: the service itself, without an action. */
export function answerMessage(record: ServiceRecord, { from, ttlMs }: Stamp): Uint8Array {
  return encode({ ...record, from, ttl: ttlMs });
}

/** Reads what {@link questionMessage} writes; undefined for another action. Throws for what is no question. */
export function readQuestion(data: Uint8Array): Question | undefined {
  const { Action: action, Service: service } = objectOf(data);
  if (action === "list") return { service: undefined };
  if (action !== "get") return undefined;
  const name =
    typeof service === "object" && service !== null && "name" in service ? service.name : undefined;
  if (typeof name !== "string") throw new TypeError("a question names no service");
  return { service: name };
}

/** Reads a message of a node that comes or goes; undefined for an action that nobody knows. Throws for what is none. */
export function readTold(data: Uint8Array): Told | undefined {
  const { Action: action, Service: service, From: from, TTL: ttl } = objectOf(data);
  if (typeof action !== "string" || !ACTIONS.has(action)) return undefined;
  return { gone: action === "delete", record: parseRecord(service), ...stampOf(from, ttl) };
}

/** Reads an answer. Throws for what is none. */
export function readAnswer(data: Uint8Array): Told {
  const answer = objectOf(data);
  return { gone: false, record: parseRecord(answer), ...stampOf(answer.from, answer.ttl) };
}

/** The first three mean the same: option RegisterAction of generation 26 chooses the word (spec 4.1). */
const ACTIONS: ReadonlySet<string> = new Set(["create", "update", "put", "delete"]);

function stampOf(from: unknown, ttl: unknown): Partial<Stamp> {
  return {
    ...(typeof from === "string" ? { from } : {}),
    ...(typeof ttl === "number" && ttl > 0 ? { ttlMs: ttl } : {}),
  };
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function objectOf(data: Uint8Array): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(utf8.decode(data));
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError("a message of the registry is no object");
  }
  return value as Record<string, unknown>;
}
