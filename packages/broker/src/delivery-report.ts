import { type Logger, MicroError } from "@micro/core";
import type { BrokerCounters, BrokerMessage } from "./broker.ts";

/** A copy of a message that went wrong. */
export interface DeliveryFailure {
  readonly topic: string;
  readonly queue: string | undefined;
  readonly message: BrokerMessage;
  /** Who should have got it, where the broker knows: node id and address. */
  readonly subscriber?: string;
  readonly error: MicroError;
}

/** What is told of failures. A hook that throws is logged. */
export interface DeliveryHooks {
  /** A handler rejected. */
  readonly onHandlerError?: ((failure: DeliveryFailure) => void) | undefined;
  /** A known subscriber did not get its copy. */
  readonly onDeliveryFailure?: ((failure: DeliveryFailure) => void) | undefined;
}

/** What a {@link DeliveryReport} is made of. */
export interface DeliveryReportOptions extends DeliveryHooks {
  readonly logger: Logger;
}

/** Undelivered messages come in floods: between two lines about them lies this time, in ms. */
const PAUSE_MS = 1000;

/** Counts, logs and tells the hooks what became of messages. */
export class DeliveryReport implements BrokerCounters {
  published = 0;
  handled = 0;
  handlerErrors = 0;
  undelivered = 0;
  readonly #options: DeliveryReportOptions;
  #loggedAt = -Infinity;
  #unlogged = 0;

  constructor(options: DeliveryReportOptions) {
    this.#options = options;
  }

  /** A handler rejected with `thrown`. */
  handlerFailed(failure: Omit<DeliveryFailure, "error">, thrown: unknown): void {
    this.handlerErrors++;
    const { topic, queue } = failure;
    const { logger, onHandlerError } = this.#options;
    logger.error(`a subscriber of '${topic}' failed`, { topic, ...fields({ queue }), error: thrown });
    this.#tell(onHandlerError, { ...failure, error: MicroError.from(thrown) });
  }

  /** A known subscriber did not get its copy. */
  notDelivered(failure: DeliveryFailure): void {
    this.undelivered++;
    const now = performance.now();
    if (now - this.#loggedAt < PAUSE_MS) this.#unlogged++;
    else {
      const { topic, queue, subscriber, error } = failure;
      const more = this.#unlogged === 0 ? undefined : this.#unlogged;
      this.#options.logger.error(`a message of '${topic}' was not delivered`, {
        topic,
        ...fields({ queue, subscriber, unloggedBefore: more }),
        error,
      });
      this.#loggedAt = now;
      this.#unlogged = 0;
    }
    this.#tell(this.#options.onDeliveryFailure, failure);
  }

  #tell(hook: ((failure: DeliveryFailure) => void) | undefined, failure: DeliveryFailure): void {
    try {
      hook?.(failure);
    } catch (error) {
      this.#options.logger.error("a hook of the broker threw", { topic: failure.topic, error });
    }
  }
}

function fields(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
