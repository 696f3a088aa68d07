import { Metadata, MicroError } from "@micro/core";
import type { BrokerCallOptions, BrokerEvent, BrokerMessage } from "./broker.ts";
import { brokerError, DEFAULT_TIMEOUT_MS, endsWithin } from "./broker-errors.ts";
import type { DeliveryReport } from "./delivery-report.ts";
import { decodeMessage, type MessageLimit } from "./message-json.ts";
import { copyMessage, messageSize } from "./message-rules.ts";
import { WorkQueue } from "./work-queue.ts";

/** What became of a message: a handler ran (and may have rejected), or all who took it left before it was its turn. */
export type Outcome = "handled" | "left";

/** Told once what became of a message, with the last member that had it. */
export type OnDone = (outcome: Outcome, member: Subscriber) => void;

/** Bounds of one subscription, named after the options. */
export interface SubscriberLimits {
  /** Handlers at a time. */
  readonly concurrency: number;
  /** Messages that wait. */
  readonly queueSize: number;
  /** Bytes that wait. */
  readonly queueBytes: number;
}

/** What a {@link Subscriber} is made of. */
export interface SubscriberOptions {
  readonly topic: string;
  readonly queue: string | undefined;
  readonly handler: (event: BrokerEvent) => Promise<void>;
  readonly limits: SubscriberLimits;
  readonly report: DeliveryReport;
}

interface Taken {
  readonly event: BrokerEvent;
  readonly bytes: number;
  readonly done: OnDone;
}

/** One subscription: its handler behind a bounded queue. */
export class Subscriber {
  readonly topic: string;
  readonly queue: string | undefined;
  readonly #options: SubscriberOptions;
  readonly #queue: WorkQueue<Taken>;

  constructor(options: SubscriberOptions) {
    const { topic, queue, limits } = options;
    this.topic = topic;
    this.queue = queue;
    this.#options = options;
    this.#queue = new WorkQueue<Taken>({
      run: (taken) => this.#handle(taken),
      concurrency: limits.concurrency,
      maxItems: limits.queueSize,
      maxBytes: limits.queueBytes,
    });
  }

  hasRoom(bytes: number): boolean {
    return this.#queue.hasRoom(bytes);
  }

  /** Takes the message; `done` is then called once. False when there is no room. */
  offer(taken: Taken): boolean {
    return this.#queue.offer(taken);
  }

  /**
   * Takes what came off the wire for `topic`, a message in Go's JSON (spec 5.1): it waits for its handler. What is no
   * message, or one that is too large, is reported with its bytes; so is what there is no room for, and what has not
   * begun when the subscription ends.
   */
  receive(topic: string, data: Uint8Array, limit: MessageLimit): void {
    let message: BrokerMessage;
    try {
      message = decodeMessage(data, limit);
    } catch (thrown) {
      // Go hands the raw body to an error handler (spec 5.5); here that is `onDeliveryFailure`.
      const raw = { header: new Metadata(), body: data };
      const { report, queue } = this.#options;
      report.notDelivered({ topic: this.topic, queue, message: raw, error: MicroError.from(thrown) });
      return;
    }
    const event: BrokerEvent = { topic, message };
    const done: OnDone = (outcome) => {
      if (outcome === "left") this.leave(event);
    };
    if (!this.offer({ event, bytes: data.byteLength, done })) this.refuse(event);
  }

  /** See {@link WorkQueue.pressure}. */
  pressure(): Promise<void> | undefined {
    return this.#queue.pressure();
  }

  /** Counts and reports a message for which there was no room. */
  refuse(event: BrokerEvent): void {
    const { report, topic, queue } = this.#options;
    report.notDelivered({ topic, queue, message: event.message, error: this.noRoom() });
  }

  /** The error of a message for which there is no room; it names the options. */
  noRoom(): MicroError {
    const { queueSize, queueBytes } = this.#options.limits;
    return brokerError(
      "RESOURCE_EXHAUSTED",
      `a subscription of '${this.topic}' has no room: the options 'queue_size' (${queueSize} messages) and 'queue_bytes' (${queueBytes}) of its broker bound what waits for its handler`,
      { notSent: true },
    );
  }

  /** Counts and reports a message that was taken and not handled: the subscription ended before. */
  leave(event: BrokerEvent): void {
    const { report, topic, queue } = this.#options;
    const error = brokerError(
      "CANCELLED",
      `the subscription of '${topic}' ended before its handler could run`,
    );
    report.notDelivered({ topic, queue, message: event.message, error });
  }

  /**
   * Takes nothing new and finishes what it has. At the end of the bounds what was not begun is `left`; rejects with
   * `TIMEOUT` when a handler runs even then.
   */
  async end(bounds: BrokerCallOptions = {}): Promise<void> {
    this.#queue.close();
    if (await endsWithin(this.#queue.ended(), bounds)) return;
    for (const { done } of this.#queue.takeWaiting()) done("left", this);
    if (this.#queue.running === 0) return;
    const { timeoutMs = DEFAULT_TIMEOUT_MS } = bounds;
    throw brokerError(
      "TIMEOUT",
      `unsubscribing from '${this.topic}': ${this.#queue.running} handler(s) still run after ${Math.round(timeoutMs)} ms; nothing new comes`,
    );
  }

  async #handle({ event, done }: Taken): Promise<void> {
    const { report, topic, queue, handler } = this.#options;
    try {
      await handler(event);
      report.handled++;
    } catch (error) {
      report.handlerFailed({ topic, queue, message: event.message }, error);
    } finally {
      done("handled", this);
    }
  }
}

/** The subscribers that share one queue of a topic, or all of the topic that have none. */
export class SubscriberGroup {
  readonly topic: string;
  readonly queue: string | undefined;
  #members: readonly Subscriber[] = [];
  #next = 0;

  constructor(topic: string, queue: string | undefined) {
    this.topic = topic;
    this.queue = queue;
  }

  get members(): readonly Subscriber[] {
    return this.#members;
  }

  add(member: Subscriber): void {
    this.#members = [...this.#members, member];
  }

  remove(member: Subscriber): void {
    this.#members = this.#members.filter((other) => other !== member);
  }

  /** Whether anybody would take a message of this size. */
  hasRoom(bytes: number): boolean {
    return this.#members.some((member) => member.hasRoom(bytes));
  }

  /** Reports a message that `offer` did not take: once for a queue, else once for each member. */
  refuse(event: BrokerEvent): void {
    const missed = this.queue === undefined ? this.#members : this.#members.slice(0, 1);
    for (const member of missed) member.refuse(event);
  }

  /** The error of a message for which no member has room. */
  noRoom(): MicroError {
    const [first] = this.#members;
    if (first !== undefined) return first.noRoom();
    return brokerError("UNAVAILABLE", `nobody subscribes to '${this.topic}' any more`, { notSent: true });
  }

  /**
   * Hands the message to every member, or to the next one with room when the group is a queue; the event is the
   * group's from now on. When somebody takes it, `done` is called once, after all who did; members of no queue that
   * have no room are reported. False when nobody takes it: then nothing is reported.
   */
  offer(event: BrokerEvent, done: OnDone): boolean {
    return this.queue === undefined ? this.#toAll(event, done) : this.#toOne(event, done);
  }

  /** The slowest of the members that should be waited for before more is offered. */
  pressure(): Promise<unknown> | undefined {
    const waits = this.#members.flatMap((member) => member.pressure() ?? []);
    if (waits.length === 0) return undefined;
    // In a queue one member with room is enough.
    if (this.queue !== undefined)
      return waits.length < this.#members.length ? undefined : Promise.race(waits);
    return Promise.all(waits);
  }

  #toOne(event: BrokerEvent, done: OnDone): boolean {
    const bytes = messageSize(event.message);
    const settle: OnDone = (outcome, member) => {
      // Who left before it was handled has done nothing with it: another member may.
      if (outcome === "handled" || !this.#toOne(event, done)) done(outcome, member);
    };
    const members = this.#members;
    for (let i = 0; i < members.length; i++) {
      const at = (this.#next + i) % members.length;
      if (members[at]?.offer({ event, bytes, done: settle }) !== true) continue;
      this.#next = at + 1;
      return true;
    }
    return false;
  }

  #toAll(event: BrokerEvent, done: OnDone): boolean {
    const bytes = messageSize(event.message);
    const takers = this.#members.filter((member) => member.hasRoom(bytes));
    if (takers.length === 0) return false;
    for (const member of this.#members) if (!takers.includes(member)) member.refuse(event);
    let open = takers.length;
    let handled = false;
    const left: (() => void)[] = [];
    takers.forEach((member, index) => {
      // Nobody sees what another one does to the message.
      const own = index === 0 ? event : { ...event, message: copyMessage(event.message) };
      const settle: OnDone = (outcome) => {
        open--;
        if (outcome === "handled") handled = true;
        else left.push(() => member.leave(own));
        if (open > 0) return;
        // When all have left, whoever gave us the message learns it, and reports it.
        if (handled) for (const report of left) report();
        done(handled ? "handled" : "left", member);
      };
      member.offer({ event: own, bytes, done: settle });
    });
    return true;
  }
}
