import { randomUUID } from "node:crypto";
import type { Node, ServiceRecord, Snapshot } from "@micro/registry";

/** One of the two ways in which Go programs speak the http broker. */
export interface Dialect {
  readonly name: "core" | "plugin";
  /** Service under which subscriptions are registered. */
  readonly service: string;
  /** Path that messages are posted to. */
  readonly path: string;
  /** Header of the message that names the topic. */
  readonly topicHeader: string;
}

/** The library's own broker, in both generations of Go Micro (spec 5.3). */
export const CORE: Dialect = {
  name: "core",
  service: "micro.http.broker",
  path: "/",
  topicHeader: "micro-topic",
};

/** The broker of the plugins, in the sets `defaults` and `v4compat` (spec 5.4). */
export const PLUGIN: Dialect = {
  name: "plugin",
  service: "go.micro.http.broker",
  path: "/_sub",
  topicHeader: ":topic",
};

/** The version of subscriptions without a queue (spec 5.3). */
export const BROADCAST = "ff.http.broadcast";

/** One subscription, to be posted to. */
export interface Target {
  /** Node id, the same in both dialects. */
  readonly id: string;
  /** `host:port`. */
  readonly address: string;
  readonly secure: boolean;
  readonly queue: string | undefined;
  readonly dialect: Dialect;
}

/** Who gets the messages of one topic. */
export interface Targets {
  /** Each of them. */
  readonly singles: readonly Target[];
  /** One of each. */
  readonly queues: ReadonlyMap<string, readonly Target[]>;
}

const NOBODY: Targets = { singles: [], queues: new Map() };

/**
 * The subscriptions in snapshots of the dialects' services, by topic. A subscription that is registered under both
 * names is one: the first dialect wins.
 */
export class TargetIndex {
  readonly #dialects: readonly Dialect[];
  #of: readonly Snapshot[] = [];
  #topics = new Map<string, { singles: Target[]; queues: Map<string, Target[]> }>();

  constructor(dialects: readonly Dialect[]) {
    this.#dialects = dialects;
  }

  /** Snapshots in the order of the dialects. */
  find(topic: string, snapshots: readonly Snapshot[]): Targets {
    const known = snapshots.every(
      ({ records }, i) => records === this.#of[i]?.records && this.#of.length === snapshots.length,
    );
    if (!known) this.#build(snapshots);
    return this.#topics.get(topic) ?? NOBODY;
  }

  #build(snapshots: readonly Snapshot[]): void {
    this.#topics = new Map();
    this.#of = snapshots;
    const ids = new Set<string>();
    for (const [at, dialect] of this.#dialects.entries()) {
      for (const record of snapshots[at]?.records ?? []) {
        for (const node of record.nodes) {
          if (!ids.has(node.id)) this.#add(record, node, dialect);
          ids.add(node.id);
        }
      }
    }
  }

  #add({ version }: ServiceRecord, { id, address, metadata }: Node, dialect: Dialect): void {
    const { topic, broker, secure } = metadata;
    // Whatever else is registered under this name is none of ours (spec 5.3).
    if (broker !== "http" || topic === undefined) return;
    const entry = this.#topics.get(topic) ?? { singles: [], queues: new Map<string, Target[]>() };
    this.#topics.set(topic, entry);
    const queue = version === BROADCAST ? undefined : version;
    const target: Target = { id, address, secure: secure === "true", queue, dialect };
    const members = queue === undefined ? entry.singles : entry.queues.get(queue);
    if (members !== undefined) members.push(target);
    else if (queue !== undefined) entry.queues.set(queue, [target]);
  }
}

/** What is registered for a subscription (spec 5.3). */
export function subscriptionRecord(
  dialect: Dialect,
  { id, address, secure, topic, queue }: Omit<Target, "dialect"> & { readonly topic: string },
): ServiceRecord {
  const metadata = { broker: "http", secure: String(secure), topic };
  return {
    name: dialect.service,
    version: queue ?? BROADCAST,
    metadata: {},
    endpoints: [],
    nodes: [{ id, address, metadata }],
  };
}

const UUID_LENGTH = 36;
/** What a label of DNS holds (spec 3.2). */
const MAX_LABEL = 63;
const MAX_TOPIC_PART = 128;

/**
 * The node id of a new subscription, `<topic>-<uuid>`. Each has a uuid of its own, so that a POST reaches one
 * subscription; in Go those of one process and topic share one (spec 5.3). A topic that mDNS cannot carry in a name
 * is shortened there: publishers take it from the metadata.
 */
export function subscriptionId(topic: string): string {
  const labels = topic.split(".");
  const last = labels.at(-1) ?? "";
  const fits =
    /^[\w.-]+$/.test(topic) &&
    topic.length <= MAX_TOPIC_PART &&
    last.length + 1 + UUID_LENGTH <= MAX_LABEL &&
    labels.every((label) => label !== "" && label.length <= MAX_LABEL);
  const shown = fits ? topic : shortened(topic);
  return `${shown}-${randomUUID()}`;
}

function shortened(topic: string): string {
  return topic
    .replace(/[^\w-]+/g, "-")
    .slice(0, MAX_LABEL - 1 - UUID_LENGTH)
    .replace(/-+$/, "");
}
