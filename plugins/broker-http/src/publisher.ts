import { setMaxListeners } from "node:events";
import {
  type BrokerCallOptions,
  type BrokerMessage,
  brokerError,
  checkSize,
  copyMessage,
  DEFAULT_TIMEOUT_MS,
  type DeliveryReport,
  endsWithin,
  type MessageLimit,
} from "@micro/broker";
import type { Registry, Snapshot } from "@micro/registry";
import { Delivery, Outgoing } from "./delivery.ts";
import { type Dialect, type Target, TargetIndex, type Targets } from "./dialects.ts";
import { Lane, type LaneLimits } from "./lane.ts";
import type { Poster } from "./poster.ts";

/** What a {@link Publisher} is made of. */
export interface PublisherOptions {
  readonly dialects: readonly Dialect[];
  readonly registry: Registry;
  readonly poster: Poster;
  readonly report: DeliveryReport;
  readonly limits: LaneLimits;
  readonly limit: MessageLimit;
}

interface Waiting {
  last: Promise<unknown>;
  count: number;
}

/** Takes messages, finds out who gets them, and sees them through. */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #index: TargetIndex;
  readonly #lanes = new Map<string, Lane>();
  /** Messages of a topic that wait for the registry: they stay in line. */
  readonly #lines = new Map<string, Waiting>();
  readonly #breakOff = new AbortController();
  #stopped = false;

  constructor(options: PublisherOptions) {
    this.#options = options;
    // Everything that is under way listens to it.
    setMaxListeners(0, this.#breakOff.signal);
    this.#index = new TargetIndex(options.dialects);
  }

  /** See `Broker.publish`; topic and size are checked here, whether it may publish at all by the caller. */
  async publish(topic: string, message: BrokerMessage, options: BrokerCallOptions): Promise<void> {
    const { limit, report } = this.#options;
    checkSize(message, limit.maxBytes);
    // The caller may change it as soon as this call returns.
    const own = copyMessage(message);
    const until = performance.now() + (options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    const targets = this.#lines.has(topic) ? undefined : this.#known(topic);
    const waits =
      targets === undefined
        ? await this.#inLine(topic, options, (found) => this.#offer(found, topic, own))
        : this.#offer(targets, topic, own);
    report.published++;
    if (waits.length === 0) return;
    const { signal } = options;
    const timeoutMs = Math.max(0, until - performance.now());
    await endsWithin(Promise.all(waits), { timeoutMs, ...(signal === undefined ? {} : { signal }) });
  }

  /** Resolves when nothing is on its way to this subscription. */
  async settled(id: string): Promise<void> {
    const lanes = [...this.#lanes.values()].filter(({ target }) => target.id === id);
    await Promise.all(lanes.map((lane) => lane.ended()));
  }

  /** Waits until everything is delivered or has failed; after `timeoutMs` the rest is broken off and reported. */
  async stop(timeoutMs: number): Promise<void> {
    this.#stopped = true;
    const flushed = this.#flushed();
    if (await endsWithin(flushed, { timeoutMs })) return;
    this.#breakOff.abort(new Error("the broker stops"));
    const stopped = brokerError("CANCELLED", "the broker stopped before the message could be sent");
    for (const lane of this.#lanes.values()) lane.giveUp(stopped);
    await flushed;
  }

  async #flushed(): Promise<void> {
    for (let lane = this.#anyLane(); lane !== undefined; lane = this.#anyLane()) await lane.ended();
  }

  #anyLane(): Lane | undefined {
    for (const lane of this.#lanes.values()) return lane;
    return undefined;
  }

  /** Who gets the messages of a topic, when that is known without asking. */
  #known(topic: string): Targets | undefined {
    const { dialects, registry } = this.#options;
    const snapshots: Snapshot[] = [];
    for (const { service } of dialects) {
      const snapshot = registry.peek(service);
      if (snapshot === undefined) return undefined;
      snapshots.push(snapshot);
    }
    return this.#index.find(topic, snapshots);
  }

  async #ask(topic: string, options: BrokerCallOptions): Promise<Targets> {
    const { dialects, registry } = this.#options;
    const asked = dialects.map(({ service }) => registry.snapshot(service, options));
    return this.#index.find(topic, await Promise.all(asked));
  }

  /** Asks the registry, after those of the topic that asked before, so that messages stay in order. */
  async #inLine<T>(topic: string, options: BrokerCallOptions, run: (targets: Targets) => T): Promise<T> {
    const line: Waiting = this.#lines.get(topic) ?? { last: Promise.resolve(), count: 0 };
    this.#lines.set(topic, line);
    const { inboxSize } = this.#options.limits;
    if (line.count >= inboxSize) {
      const detail = `${line.count} messages of '${topic}' wait for the registry: the option 'inbox_size' of the broker bounds them`;
      throw brokerError("RESOURCE_EXHAUSTED", detail, { notSent: true });
    }
    line.count++;
    const leave = (): void => {
      line.count--;
      if (line.count === 0) this.#lines.delete(topic);
    };
    // Who cannot wait for the registry any longer leaves the line at once.
    const turn = Promise.all([this.#ask(topic, options), line.last]).then(([found]) => run(found));
    line.last = turn.then(leave, leave);
    return await turn;
  }

  /** Puts the message into the inboxes; throws when there are some and none has room. */
  #offer({ singles, queues }: Targets, topic: string, message: BrokerMessage): readonly Promise<unknown>[] {
    if (this.#stopped) throw brokerError("UNAVAILABLE", "the broker 'http' is stopped", { notSent: true });
    if (singles.length === 0 && queues.size === 0) return [];
    const outgoing = new Outgoing(topic, message, this.#options.limit);
    const make = (target: Target): Delivery => new Delivery(outgoing, target);
    const chosen = singles.map((target) => ({
      delivery: make(target),
      lane: this.#roomy([target], outgoing.bytes),
    }));
    for (const members of queues.values()) {
      // The registry knows no empty queue.
      const [first] = members as readonly [Target, ...Target[]];
      const lane = this.#roomy(shuffled(members), outgoing.bytes);
      chosen.push({ delivery: make(lane?.target ?? first), lane });
    }
    if (chosen.every(({ lane }) => lane === undefined)) throw this.#noRoom(topic);
    return chosen.flatMap(({ delivery, lane }) => {
      if (lane !== undefined) return this.#put(lane, delivery);
      this.#options.report.notDelivered({ ...delivery.failure, error: this.#noRoom(topic) });
      return [];
    });
  }

  /** The lane of the first of these that has room. */
  #roomy(targets: readonly Target[], bytes: number): Lane | undefined {
    for (const target of targets) {
      const lane = this.#lane(target);
      if (lane.hasRoom(bytes)) return lane;
    }
    return undefined;
  }

  /** Kept only while something is in it. */
  #lane(target: Target): Lane {
    const known = this.#lanes.get(Lane.key(target));
    if (known !== undefined) return known;
    const { poster, registry, report, limits, dialects } = this.#options;
    return new Lane({
      target,
      limits,
      poster,
      report,
      signal: this.#breakOff.signal,
      onUnreachable: ({ id }) => {
        for (const { service } of dialects) registry.evict(service, id);
      },
      reroute: (delivery) => this.#reroute(delivery),
    });
  }

  #put(lane: Lane, delivery: Delivery): readonly Promise<unknown>[] {
    const key = Lane.key(lane.target);
    const isNew = !this.#lanes.has(key);
    this.#lanes.set(key, lane);
    const waits = lane.offer(delivery);
    if (isNew) void this.#retire(key, lane);
    return waits;
  }

  async #retire(key: string, lane: Lane): Promise<void> {
    while (!lane.empty) await lane.ended();
    this.#lanes.delete(key);
  }

  /** Gives a message that nobody took to another member of its queue; false when there is none with room. */
  #reroute(delivery: Delivery): boolean {
    const { queue } = delivery.target;
    const members = queue === undefined ? undefined : this.#known(delivery.outgoing.topic)?.queues.get(queue);
    const others = (members ?? []).filter(({ id }) => !delivery.tried.has(id));
    const lane = this.#roomy(shuffled(others), delivery.bytes);
    if (lane === undefined || this.#breakOff.signal.aborted) return false;
    delivery.target = lane.target;
    // Nobody waits for it any more, and what is returned does not reject.
    void this.#put(lane, delivery);
    return true;
  }

  #noRoom(topic: string): ReturnType<typeof brokerError> {
    const { inboxSize, inboxBytes } = this.#options.limits;
    return brokerError(
      "RESOURCE_EXHAUSTED",
      `no room for a message of '${topic}': the options 'inbox_size' (${inboxSize} messages) and 'inbox_bytes' (${inboxBytes}) of the broker bound what waits for a subscriber`,
      { notSent: true },
    );
  }
}

/** In random order: Go picks one member at random too (spec 5.3). */
function shuffled<T>(list: readonly T[]): readonly T[] {
  const start = Math.floor(Math.random() * list.length);
  return start === 0 ? list : [...list.slice(start), ...list.slice(0, start)];
}
