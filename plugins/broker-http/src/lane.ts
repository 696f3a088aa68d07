import { brokerError, type DeliveryReport, WorkQueue } from "@micro/broker";
import { MicroError } from "@micro/core";
import type { Delivery } from "./delivery.ts";
import type { Target } from "./dialects.ts";
import type { Poster } from "./poster.ts";

/** Bounds of what waits for one subscriber, named after the options. */
export interface LaneLimits {
  readonly concurrency: number;
  readonly inboxSize: number;
  readonly inboxBytes: number;
  /** Rounds before a message that nobody takes is reported. */
  readonly deliveryAttempts: number;
}

/** What a {@link Lane} is made of. */
export interface LaneOptions {
  readonly target: Target;
  readonly limits: LaneLimits;
  readonly poster: Poster;
  readonly report: DeliveryReport;
  /** Breaks off what is under way. */
  readonly signal: AbortSignal;
  /** Nobody listens there. */
  readonly onUnreachable: (target: Target) => void;
  /** Gives a message to another member of its queue; false when there is none. */
  readonly reroute: (delivery: Delivery) => boolean;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;

/** What waits for one subscriber, in order. A lane that is stuck holds up no other. */
export class Lane {
  readonly target: Target;
  readonly #options: LaneOptions;
  readonly #queue: WorkQueue<Delivery>;
  /** Whether the last message failed, however soon: who gets nothing slows nobody down. */
  #failing = false;

  constructor(options: LaneOptions) {
    const { target, limits } = options;
    this.target = target;
    this.#options = options;
    this.#queue = new WorkQueue<Delivery>({
      run: (delivery) => this.#deliver(delivery),
      concurrency: limits.concurrency,
      maxItems: limits.inboxSize,
      maxBytes: limits.inboxBytes,
    });
  }

  /** Lanes of one key go to the same place. */
  static key({ id, address, dialect }: Target): string {
    return `${dialect.name} ${id} ${address}`;
  }

  get empty(): boolean {
    return this.#queue.running === 0 && this.#queue.waiting === 0;
  }

  ended(): Promise<void> {
    return this.#queue.ended();
  }

  hasRoom(bytes: number): boolean {
    return this.#queue.hasRoom(bytes);
  }

  /**
   * Takes it; there must be room. What is returned ends when the message is on its way, if nothing is before it, and
   * when there is room for more: a handler that publishes to its own topic must not wait for itself.
   */
  offer(delivery: Delivery): readonly Promise<unknown>[] {
    const waits: Promise<unknown>[] = [];
    if (this.#queue.free) {
      waits.push(
        new Promise<void>((resolve) => {
          delivery.onHandedOver = resolve;
        }),
      );
    }
    this.#queue.offer(delivery);
    const pressure = this.#failing ? undefined : this.#queue.pressure();
    if (pressure !== undefined) waits.push(pressure);
    return waits;
  }

  /** Reports all that waits. */
  giveUp(error: MicroError): void {
    for (const delivery of this.#queue.takeWaiting()) this.#failed(delivery, error);
  }

  async #deliver(delivery: Delivery): Promise<void> {
    try {
      await this.#attempts(delivery);
    } catch (error) {
      this.#failed(delivery, MicroError.from(error));
    } finally {
      handedOver(delivery);
    }
  }

  async #attempts(delivery: Delivery): Promise<void> {
    const { poster, signal, limits, reroute, onUnreachable } = this.#options;
    const { target } = this;
    for (;;) {
      const payload = delivery.outgoing.payload(target.dialect);
      const onHandedOver = (): void => handedOver(delivery);
      const outcome = await poster.post({ target, payload, signal, onHandedOver });
      handedOver(delivery);
      this.#failing = outcome.kind === "lost" || (outcome.kind === "refused" && outcome.unreachable);
      if (outcome.kind === "taken") return;
      if (outcome.kind === "lost") return this.#failed(delivery, outcome.error);
      const gone = outcome.kind === "gone";
      const away = gone || outcome.unreachable;
      if (away) onUnreachable(target);
      delivery.tried.add(target.id);
      if (reroute(delivery)) return;
      // Who unsubscribed misses nothing; in a queue somebody else was to have it.
      if (gone && target.queue === undefined) return;
      delivery.rounds++;
      const error = gone ? leftQueue(delivery) : outcome.error;
      if (delivery.rounds >= limits.deliveryAttempts || signal.aborted) {
        this.#failed(delivery, error);
        if (away) this.#abandon(error);
        return;
      }
      await pause(delivery.rounds, signal);
      delivery.tried.clear();
      // Somebody else may have joined meanwhile; then this one, who was away, is not asked again.
      if (target.queue !== undefined) {
        delivery.tried.add(target.id);
        if (reroute(delivery)) return;
        delivery.tried.clear();
      }
    }
  }

  /** What waits behind a message to somebody who is away need not try as long. */
  #abandon(error: MicroError): void {
    for (const delivery of this.#queue.takeWaiting()) {
      delivery.tried.add(this.target.id);
      if (!this.#options.reroute(delivery)) this.#failed(delivery, error);
    }
  }

  #failed(delivery: Delivery, error: MicroError): void {
    this.#options.report.notDelivered({ ...delivery.failure, error });
    handedOver(delivery);
  }
}

function handedOver(delivery: Delivery): void {
  delivery.onHandedOver?.();
  delivery.onHandedOver = undefined;
}

function leftQueue({ outgoing, target }: Delivery): MicroError {
  return brokerError(
    "UNAVAILABLE",
    `the last member of queue '${target.queue}' of '${outgoing.topic}' has left`,
  );
}

/** Ends early when `signal` aborts. It keeps the process alive: a message is on its way. */
function pause(round: number, signal: AbortSignal): Promise<void> {
  const full = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (round - 1));
  return new Promise((resolve) => {
    const timer = setTimeout(done, full * (0.5 + Math.random() / 2));
    signal.addEventListener("abort", done, { once: true });
    if (signal.aborted) done();
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}
