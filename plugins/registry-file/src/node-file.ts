import { createHash } from "node:crypto";
import { type BigIntStats, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { MicroError } from "@micro/core";
import { parseRecord, type ServiceRecord } from "@micro/registry";

/** How the writer of a file keeps it alive. */
export interface Lease {
  /** Where `pid` means something; see {@link hostIdentity}. */
  readonly host: string;
  readonly pid: number;
  /** The writer touches the file this often. */
  readonly heartbeatMs: number;
  /** The writer registers again within this time; 0: it need not. */
  readonly ttlMs: number;
  /** Time of the last registration, in ms since 1970. */
  readonly registeredAt: number;
}

/** What a file says: the service model of spec 3.1 with one node, and a lease. */
export interface NodeFile {
  readonly record: ServiceRecord;
  readonly lease: Lease;
}

/** Files larger than this are not read. */
export const MAX_FILE_BYTES = 1024 * 1024;
/** What a heartbeat may be: shorter ones are a load for everybody, longer ones find no crash. */
export const HEARTBEAT_RANGE_MS = [50, 600_000] as const;

/** Heartbeats that may be missed before a node counts as gone. */
const MISSED_HEARTBEATS = 3;
const TEMPORARY = /^\.[^/]*\.tmp$/;

/**
 * The name of a node's file: `<node id>.json`. An id that is no plain lower-case file name is cleaned and gets a hash
 * of the id, so that no id leaves the folder and no two ids share a file on any file system.
 */
export function fileNameOf(nodeId: string): string {
  if (/^[a-z0-9_-][a-z0-9._-]{0,119}$/.test(nodeId)) return `${nodeId}.json`;
  const hash = createHash("sha256").update(nodeId).digest("hex").slice(0, 16);
  const readable = nodeId.replace(/[^A-Za-z0-9_-]+/g, "_").slice(0, 80);
  return `${readable}~${hash}.json`;
}

/** A name for a file that is written now and renamed when it is complete. */
export function temporaryNameOf(fileName: string): string {
  return `.${fileName}.${process.pid}-${performance.now().toString(36)}.tmp`;
}

/** Whether a file of the folder may be a node. */
export function isNodeFile(fileName: string): boolean {
  return fileName.endsWith(".json") && !fileName.startsWith(".");
}

/** Whether a file of the folder is one that was being written. */
export function isTemporary(fileName: string): boolean {
  return TEMPORARY.test(fileName);
}

/** Throws `RESOURCE_EXHAUSTED` when nobody would read a file of that size. */
export function encodeNodeFile({ record, lease }: NodeFile): string {
  const text = `${JSON.stringify({ ...record, lease }, null, 2)}\n`;
  if (Buffer.byteLength(text) <= MAX_FILE_BYTES) return text;
  throw new MicroError({
    code: "RESOURCE_EXHAUSTED",
    id: "go.micro.registry",
    detail: `registry 'file': what '${record.name}' says of itself is larger than ${MAX_FILE_BYTES} bytes: shorten its metadata`,
  });
}

/** Throws an error that says what is wrong. */
export function parseNodeFile(text: string): NodeFile {
  const json: unknown = JSON.parse(text);
  const record = parseRecord(json);
  if (record.nodes.length !== 1) throw new Error(`it must name one node and names ${record.nodes.length}`);
  const { lease } = json as { lease?: unknown };
  return { record, lease: parseLease(lease) };
}

function parseLease(value: unknown): Lease {
  if (typeof value !== "object" || value === null) throw new Error("it has no lease");
  const { host, pid, heartbeatMs, ttlMs, registeredAt } = value as Record<string, unknown>;
  if (typeof host !== "string") throw new Error("lease.host must be a text");
  const [shortest, longest] = HEARTBEAT_RANGE_MS;
  return {
    host,
    pid: number(pid, "lease.pid", 1),
    heartbeatMs: Math.min(Math.max(number(heartbeatMs, "lease.heartbeatMs", 0), shortest), longest),
    ttlMs: number(ttlMs, "lease.ttlMs", 0),
    registeredAt: number(registeredAt, "lease.registeredAt", 0),
  };
}

function number(value: unknown, name: string, min: number): number {
  if (typeof value !== "number" || !Number.isFinite(value) || value < min) {
    throw new Error(`${name} must be a number of at least ${min}`);
  }
  return value;
}

/** One file as it was last seen. Times are those of `performance.now()`, but for `mtimeMs`. */
export interface SeenFile {
  readonly identity: string;
  mtimeMs: number;
  /** When its writer last gave a sign of life. */
  aliveAt: number;
  /** When its registration is over. */
  readonly expiresAt: number;
  /** Undefined when the file is unreadable. */
  readonly content: NodeFile | undefined;
  /** The registry tells of it. */
  shown: boolean;
  /** Its file went with the whole folder: that says nothing of the node, which is believed while it may live. */
  lost: boolean;
}

/** A file that is seen for the first time, or with another content than before. */
export function seenFile(stats: BigIntStats, content: NodeFile | undefined): SeenFile {
  const mtimeMs = Number(stats.mtimeMs);
  const now = performance.now();
  const lease = content?.lease;
  const expiresAt = lease?.ttlMs ? now - ago(lease.registeredAt) + lease.ttlMs : Infinity;
  return {
    identity: identityOf(stats),
    mtimeMs,
    aliveAt: now - ago(mtimeMs),
    expiresAt,
    content,
    shown: false,
    lost: false,
  };
}

/** Notes a heartbeat, if there was one. */
export function lookAgain(seen: SeenFile, stats: BigIntStats): void {
  const mtimeMs = Number(stats.mtimeMs);
  if (seen.mtimeMs !== mtimeMs) seen.aliveAt = Math.max(seen.aliveAt, performance.now() - ago(mtimeMs));
  seen.mtimeMs = mtimeMs;
}

/** Whether the node of a file is there: its time is not over, its heart beats, and its process (if of `host`) runs. */
export function lives(
  seen: SeenFile,
  { now, host }: { readonly now: number; readonly host: string },
): boolean {
  if (seen.content === undefined || now >= seen.expiresAt) return false;
  const { lease } = seen.content;
  if (now - seen.aliveAt > MISSED_HEARTBEATS * lease.heartbeatMs) return false;
  return lease.host !== host || !processIsGone(lease.pid);
}

/** Whether two files speak of the same node of the same service. */
export function sameNode(one: SeenFile, other: SeenFile): boolean {
  const [a, b] = [one.content?.record, other.content?.record];
  return a !== undefined && a.name === b?.name && a.nodes[0]?.id === b.nodes[0]?.id;
}

/** Changes when the file is replaced, and stays when it is touched. */
export function identityOf(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}:${stats.birthtimeNs}:${stats.size}`;
}

/** How long ago, by the clock: it may have been set, and files may come from the future. */
function ago(time: number): number {
  return Math.max(0, Date.now() - time);
}

/**
 * Where a process id means something: the host, and on Linux the pid namespace, as containers may share folder and
 * host name without seeing each other's processes.
 */
export function hostIdentity(): string {
  try {
    return `${hostname()} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    // Not Linux, or no /proc: the host name has to do.
    return hostname();
  }
}

/** True only when this process certainly does not run; false when that cannot be told. */
export function processIsGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
