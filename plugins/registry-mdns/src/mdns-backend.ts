import type { RemoteInfo } from "node:dgram";
import { hostname } from "node:os";
import { type Logger, MicroError } from "@micro/core";
import {
  callWithin,
  DEFAULT_TTL_MS,
  type GetOptions,
  type Node,
  type RegisterOptions,
  type RegistryBackend,
  type RegistryCallOptions,
  type RegistryEvent,
  type ServiceRecord,
  unavailable,
  type WatchOptions,
  withNode,
} from "@micro/registry";
import type { Packet } from "dns-packet";
import { Announcer } from "./announcer.ts";
import { Directory } from "./directory.ts";
import { type Network, openNetwork } from "./network.ts";
import { resolveAddress, safeHostname } from "./node-address.ts";
import { answersTo, type Entry, type EntryOptions, listEntry, nodeEntry, query } from "./packets.ts";

/** Options of the plugin, checked and complete; durations in ms, sizes in bytes. */
export interface MdnsOptions {
  readonly domain: string;
  readonly port: number;
  readonly group: string;
  readonly interfaces: readonly string[];
  readonly ipv6: boolean;
  readonly group6: string;
  readonly queryTimeout: number;
  readonly announceInterval: number;
  readonly refreshInterval: number;
  readonly maxNodes: number;
  readonly maxRecordSize: number;
}

/** Shorter pauses would flood the network that everybody shares. */
const SHORTEST_MS = { queryTimeout: 10, announceInterval: 500, refreshInterval: 500 } as const;
/** A packet with more questions than this is not one of ours. */
const MAX_QUESTIONS = 16;
/** A question that reaches us over several interfaces is answered once. */
const SAME_QUESTION_MS = 100;
const QU_CLASS = "UNKNOWN_32769";

/** Between `start` and `stop`. */
interface Running {
  readonly network: Network;
  readonly announcer: Announcer;
  readonly directory: Directory;
}

/** The registry of one service: its own nodes, and what others tell. */
export class MdnsBackend implements RegistryBackend {
  readonly name = "mdns";
  readonly #options: MdnsOptions;
  readonly #logger: Logger;
  readonly #entry: EntryOptions;
  readonly #asked = new Map<string, number>();
  #running: Promise<Running> | undefined;
  #stopping: Promise<void> = Promise.resolve();

  constructor(options: MdnsOptions, log: Logger) {
    for (const [key, least] of Object.entries(SHORTEST_MS) as [keyof typeof SHORTEST_MS, number][]) {
      if (options[key] < least) {
        throw new MicroError({
          code: "BAD_REQUEST",
          id: "go.micro.registry",
          detail: `registry option '${key}' is ${options[key]} ms: it must be at least ${least} ms`,
        });
      }
    }
    this.#options = options;
    this.#logger = log;
    this.#entry = {
      domain: options.domain,
      hostname: safeHostname(hostname()),
      maxRecordSize: options.maxRecordSize,
    };
  }

  async start(): Promise<void> {
    await this.#stopping;
    this.#running ??= this.#open();
    try {
      await this.#running;
    } catch (error) {
      this.#running = undefined;
      throw error;
    }
  }

  stop({ graceMs }: { readonly graceMs: number }): Promise<void> {
    const running = this.#running;
    if (running === undefined) return this.#stopping;
    this.#running = undefined;
    this.#stopping = this.#close(running, graceMs);
    return this.#stopping;
  }

  register(record: ServiceRecord, options: RegisterOptions = {}): Promise<void> {
    return this.#call(`register '${record.name}'`, options, async ({ announcer, directory }) => {
      const entries = await Promise.all(
        record.nodes.map(async (node) => ({ node, entry: await this.#entryOf(record, node) })),
      );
      const { ttlMs = DEFAULT_TTL_MS } = options;
      const expiresAt = ttlMs === 0 ? Infinity : performance.now() + ttlMs;
      const told = entries.map(({ node, entry }) => {
        const one = withNode(record, node);
        const put = announcer.put(one, entry, expiresAt);
        if (put.changed) directory.publish({ type: "put", service: one });
        return put.told;
      });
      await Promise.all(told);
    });
  }

  deregister(record: ServiceRecord, options: RegistryCallOptions = {}): Promise<void> {
    return this.#call(`deregister '${record.name}'`, options, async (running) => {
      await Promise.all(record.nodes.map((node) => this.#takeBack(running, withNode(record, node))));
    });
  }

  get(service: string, options: GetOptions = {}): Promise<readonly ServiceRecord[]> {
    return this.#call(`get '${service}'`, options, ({ directory }) =>
      directory.lookup(service, options.onFound),
    );
  }

  list(options: RegistryCallOptions = {}): Promise<readonly string[]> {
    return this.#call("list", options, ({ directory }) => directory.names());
  }

  watch(options: WatchOptions = {}): AsyncIterable<RegistryEvent> {
    return {
      [Symbol.asyncIterator]: () => {
        const inner = this.#started().then(({ directory }) =>
          directory.watch(options)[Symbol.asyncIterator](),
        );
        // Its reader hears of it with the first read.
        inner.catch(() => undefined);
        return {
          next: async () => (await inner).next(),
          return: async () => {
            await (await inner).return?.();
            return { done: true, value: undefined };
          },
        };
      },
    };
  }

  #started(): Promise<Running> {
    return this.#running ?? Promise.reject(unavailable("registry 'mdns' is not started, or stopped already"));
  }

  #call<T>(what: string, options: RegistryCallOptions, run: (running: Running) => Promise<T>): Promise<T> {
    return callWithin(`registry 'mdns': ${what}`, options, async () => run(await this.#started()));
  }

  async #open(): Promise<Running> {
    const { domain, port, group, group6, ipv6, interfaces } = this.#options;
    let running: Running | undefined;
    const network = await openNetwork({
      port,
      group,
      group6: ipv6 ? group6 : undefined,
      interfaces,
      logger: this.#logger,
      onQuery: (packet, from, reply) => {
        if (running !== undefined) this.#answer(running, packet, from, reply);
      },
      onResponse: (packet) => running?.directory.receive(packet),
      onInterfaces: () => running?.announcer.again(),
    });
    const announcer = new Announcer({
      send: (makePacket) => network.announce(makePacket),
      intervalMs: this.#options.announceInterval,
      listEntry: (service) => listEntry(service, this.#entry),
      onExpired: (record) => this.#overdue(record),
      logger: this.#logger,
    });
    const directory = new Directory({
      domain,
      ask: (name) => network.ask(() => query(name, 1 + Math.floor(Math.random() * 0xffff))),
      own: announcer,
      queryTimeoutMs: this.#options.queryTimeout,
      refreshIntervalMs: this.#options.refreshInterval,
      maxNodes: this.#options.maxNodes,
      maxRecordSize: this.#options.maxRecordSize,
      logger: this.#logger,
    });
    running = { network, announcer, directory };
    return running;
  }

  async #close(opening: Promise<Running>, graceMs: number): Promise<void> {
    let running: Running;
    try {
      running = await opening;
    } catch {
      // `start` has told why; nothing is open.
      return;
    }
    running.directory.close();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, graceMs);
    });
    await Promise.race([running.announcer.stop(), late]);
    clearTimeout(timer);
    this.#asked.clear();
    await running.network.close();
  }

  #answer({ announcer }: Running, packet: Packet, from: RemoteInfo, reply: (packet: Packet) => void): void {
    for (const question of (packet.questions ?? []).slice(0, MAX_QUESTIONS)) {
      const unicast = String(question.class) === QU_CLASS;
      if (!unicast && question.class !== "IN" && question.class !== "ANY") continue;
      const answers = answersTo(question, announcer.entries(), this.#options.domain);
      if (answers.length === 0 || this.#answered(`${question.type} ${question.name}`, packet, from)) continue;
      for (const answer of answers) reply({ ...answer, id: unicast ? (packet.id ?? 0) : 0 });
    }
  }

  /** Whether this very question of this asker was answered a moment ago. Without an id and a port of its own nobody can tell. */
  #answered(question: string, packet: Packet, from: RemoteInfo): boolean {
    if (packet.id === 0 || from.port === this.#options.port) return false;
    const now = performance.now();
    const key = `${from.family} ${from.port} ${packet.id} ${question}`;
    const before = this.#asked.get(key);
    if (before !== undefined && now - before < SAME_QUESTION_MS) return true;
    if (this.#asked.size >= 1024) this.#asked.clear();
    this.#asked.set(key, now);
    return false;
  }

  async #entryOf(record: ServiceRecord, node: Node): Promise<Entry> {
    return nodeEntry(record, node, { ...this.#entry, ...(await resolveAddress(node)) });
  }

  /** Takes one of our nodes back; watchers hear of it even when the goodbye cannot be sent. */
  async #takeBack({ announcer, directory }: Running, record: ServiceRecord): Promise<void> {
    const instance = `${record.nodes[0]?.id}.${record.name}.${this.#options.domain}`;
    const removed = announcer.remove(record, instance);
    if (removed.known) directory.publish({ type: "delete", service: record });
    await removed.told;
  }

  #overdue(record: ServiceRecord): void {
    this.#logger.warn("mdns: a node was not registered again within its ttl and is taken back", {
      service: record.name,
      node: record.nodes[0]?.id,
    });
    void this.#call("take back", {}, (running) => this.#takeBack(running, record)).catch((error: unknown) =>
      this.#logger.debug("mdns: a goodbye was not sent", { error }),
    );
  }
}
