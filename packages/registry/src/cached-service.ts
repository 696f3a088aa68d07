import type { MicroError } from "@micro/core";
import { FirstAnswers } from "./first-answers.ts";
import { LONGEST_DELAY_MS } from "./longest-delay.ts";
import type { ServiceRecord } from "./model.ts";
import { NodeTable } from "./node-table.ts";
import { withNode } from "./records.ts";
import type { Snapshot } from "./registry.ts";

/** Share of its life after which a used answer is renewed in the background, before anybody has to wait for it. */
const REFRESH_AT = 0.8;
/** Longest pause between two tries to renew a stale answer, in ms. */
const LONGEST_RETRY_MS = 30_000;

/** What all entries of one cache share. */
export interface CacheRules {
  readonly ttlMs: number;
  readonly negativeTtlMs: number;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
  /** Rises over all services, so that a service that was dropped and comes back never repeats a version. */
  readonly nextVersion: () => number;
}

/** A question to the registry that is under way. */
interface Question {
  /**
   * Nodes that changed since it was asked (null: gone): its answer may be older than they are. "superseded" after a
   * whole snapshot, which is worth more than the answer.
   */
  changes: Map<string, ServiceRecord | null> | "superseded";
  readonly first: FirstAnswers;
  /** What was known when it was asked. */
  readonly before: readonly ServiceRecord[];
  /** That was nothing: the nodes are those who have answered so far. */
  partial: boolean;
}

/**
 * What the cache knows of one service, and how long that is good. A timer turns its flags, so that a look at it reads
 * no clock: there is one for every call a client makes.
 */
export class CachedService {
  readonly name: string;
  /** Young enough to be used without asking. */
  fresh = false;
  /** The next look asks again in the background. */
  due = false;
  /** The cache's round in which it was looked at last. */
  lastUsed: number;
  /** The question that is under way; resolves with what went wrong, if anything. */
  flight: Promise<MicroError | undefined> | undefined;
  /** Stops the watch; undefined while there is none. */
  watching: AbortController | undefined;

  readonly #rules: CacheRules;
  readonly #table = new NodeTable();
  #snapshot: Snapshot;
  /** False until the registry has answered a question about the service, or a watch told all. */
  #known = false;
  #stale = false;
  #failures = 0;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  #question: Question | undefined;

  constructor(name: string, round: number, rules: CacheRules) {
    this.name = name;
    this.lastUsed = round;
    this.#rules = rules;
    this.#snapshot = this.#make();
  }

  /** True when the nodes are all that the registry knew when it was asked last. */
  get known(): boolean {
    return this.#known && this.#question?.partial !== true;
  }

  get stale(): boolean {
    return this.#stale;
  }

  /** Nothing is left: an answer of that kind is believed for a short time only. */
  get empty(): boolean {
    return this.#table.records(this.name).length === 0;
  }

  /** Gives timer and watch back. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.watching?.abort();
  }

  /** The same object until something changes. */
  current(): Snapshot {
    const known = this.#snapshot;
    if (known.records !== this.#table.records(this.name) || known.stale !== this.#stale) {
      this.#snapshot = this.#make(known);
    }
    return this.#snapshot;
  }

  /** A question is sent now. */
  asking(): void {
    this.#question = {
      changes: new Map(),
      first: new FirstAnswers(() => this.current()),
      before: this.#table.records(this.name),
      partial: !this.#known || this.empty,
    };
    this.due = false;
  }

  /** Some have answered the question, and others may follow. What happened to them since it was asked is kept. */
  found(record: ServiceRecord): void {
    if (record.name !== this.name || this.#question === undefined) return;
    const { changes, first } = this.#question;
    if (changes === "superseded") return;
    const nodes = record.nodes.filter(({ id }) => !changes.has(id));
    if (nodes.length === 0) return;
    this.#table.put({ ...record, nodes });
    first.heard();
  }

  /**
   * The nodes that have answered the question so far, and those that were known before it, once they are `enough`: never
   * when they are not. Undefined when no question is under way.
   */
  until(enough: (snapshot: Snapshot) => boolean, signal: AbortSignal): Promise<Snapshot> | undefined {
    return this.#question?.first.until(enough, signal);
  }

  /** The question was answered. What happened since it was asked is kept. */
  answered(records: readonly ServiceRecord[]): void {
    const question = this.#ended();
    if (question?.changes === "superseded") return;
    this.#replace(records, question?.changes);
    this.#confirmed();
  }

  /** The question could not be asked, or not answered in time: what was known stays, marked stale. */
  failed(): void {
    const question = this.#ended();
    // Those who have answered are not all, and nobody told the rest.
    if (question?.partial === true) this.#replace(question.before, question.changes);
    if (!this.#known) return;
    this.#stale = true;
    const pause = Math.min(this.#rules.negativeTtlMs * 2 ** this.#failures, LONGEST_RETRY_MS);
    this.#failures = Math.min(this.#failures + 1, 16);
    this.#after(pause * (0.5 + this.#rules.random() / 2), () => {
      this.due = true;
    });
  }

  /** Somebody cannot wait longer for the answer that is under way. */
  overdue(): void {
    if (this.known) this.#stale = true;
  }

  /** A watch told all there is. */
  reset(records: readonly ServiceRecord[]): void {
    this.#table.replace(records, this.name);
    this.#confirmed();
    if (this.#question === undefined) return;
    this.#question.changes = "superseded";
    this.#question.partial = false;
    this.#question.first.heard();
  }

  put(record: ServiceRecord): void {
    if (record.name !== this.name) return;
    this.#table.put(record);
    if (this.#question === undefined) return;
    const { changes, first } = this.#question;
    first.heard();
    if (changes === "superseded") return;
    for (const node of record.nodes) changes.set(node.id, withNode(record, node));
  }

  delete(record: ServiceRecord): void {
    if (record.name !== this.name) return;
    const ids = record.nodes.length > 0 ? record.nodes.map(({ id }) => id) : this.#idsOf(record.version);
    const changes = this.#question?.changes;
    if (changes instanceof Map) for (const id of ids) changes.set(id, null);
    if (this.#table.delete(record)) this.#shorten();
  }

  /**
   * Takes one node out until it is named anew: forgetting it is all that needs. When it was the last one, the next
   * look asks the registry at once, as it may be back already, and a question that is under way counts as asking.
   */
  evict(nodeId: string): void {
    if (!this.#table.has(this.name, nodeId)) return;
    this.delete(this.#nobody(nodeId));
    if (!this.empty) return;
    this.fresh = false;
    const changes = this.#question?.changes;
    if (changes instanceof Map) changes.delete(nodeId);
  }

  #ended(): Question | undefined {
    const question = this.#question;
    question?.first.end();
    this.#question = undefined;
    return question;
  }

  #replace(records: readonly ServiceRecord[], changes: Question["changes"] | undefined): void {
    this.#table.replace(records, this.name);
    if (!(changes instanceof Map)) return;
    for (const [id, record] of changes) {
      if (record === null) this.#table.delete(this.#nobody(id));
      else this.#table.put(record);
    }
  }

  #confirmed(): void {
    this.#known = true;
    this.#stale = false;
    this.#failures = 0;
    this.fresh = true;
    this.due = false;
    const { ttlMs, random } = this.#rules;
    // A tenth of jitter, so that services looked up together do not ask together for ever.
    const renewMs = ttlMs * (REFRESH_AT - 0.1 * random());
    this.#after(renewMs, () => {
      this.due = true;
      this.#after(ttlMs - renewMs, () => {
        this.fresh = false;
      });
    });
    this.#shorten();
  }

  #shorten(): void {
    // Stale ones are renewed by a timer of their own.
    if (!this.empty || this.#stale || !this.fresh) return;
    this.due = false;
    this.#after(Math.min(this.#rules.negativeTtlMs, this.#rules.ttlMs), () => {
      this.fresh = false;
    });
  }

  #after(ms: number, run: () => void): void {
    // The answer to a question may come after the end.
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(run, Math.min(ms, LONGEST_DELAY_MS)).unref();
  }

  #idsOf(version: string): readonly string[] {
    return this.#table
      .records(this.name)
      .filter((record) => version === "" || record.version === version)
      .flatMap((record) => record.nodes.map(({ id }) => id));
  }

  #nobody(id: string): ServiceRecord {
    const node = { id, address: "", metadata: {} };
    return { name: this.name, version: "", metadata: {}, endpoints: [], nodes: [node] };
  }

  #make(before?: Snapshot): Snapshot {
    const records = this.#table.records(this.name);
    const version = before?.records === records ? before.version : this.#rules.nextVersion();
    return Object.freeze({ service: this.name, records, version, stale: this.#stale });
  }
}
