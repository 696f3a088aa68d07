import {
  type BrokerMessage,
  type DeliveryFailure,
  encodeMessage,
  type MessageLimit,
  messageSize,
  type WorkItem,
} from "@micro/broker";
import { Metadata } from "@micro/core";
import type { Dialect, Target } from "./dialects.ts";

/** Room for the header that names the topic, which the publisher adds to the message. */
export const TOPIC_ROOM = 512;

/** One published message, whoever gets it. */
export class Outgoing {
  readonly topic: string;
  readonly message: BrokerMessage;
  readonly bytes: number;
  readonly #limit: MessageLimit;
  readonly #payloads = new Map<Dialect, Uint8Array>();

  constructor(topic: string, message: BrokerMessage, { maxBytes }: MessageLimit) {
    this.topic = topic;
    this.message = message;
    this.bytes = messageSize(message);
    this.#limit = { maxBytes: maxBytes + TOPIC_ROOM };
  }

  /** The JSON for receivers of a dialect, with the topic where it looks for it (spec 5.3, 5.4). */
  payload(dialect: Dialect): Uint8Array {
    const known = this.#payloads.get(dialect);
    if (known !== undefined) return known;
    const header = new Metadata(this.message.header).set(dialect.topicHeader, this.topic);
    const payload = encodeMessage({ header, body: this.message.body }, this.#limit);
    this.#payloads.set(dialect, payload);
    return payload;
  }
}

/** One message on its way to one subscriber, or to one member of a queue. */
export class Delivery implements WorkItem {
  readonly outgoing: Outgoing;
  /** Who is to get it now; another member of the queue may take over. */
  target: Target;
  /** Node ids that did not take it in this round. */
  readonly tried = new Set<string>();
  /** Rounds in which nobody took it. */
  rounds = 0;
  /** Set while somebody waits for the first attempt to be on its way. */
  onHandedOver: (() => void) | undefined;

  constructor(outgoing: Outgoing, target: Target) {
    this.outgoing = outgoing;
    this.target = target;
  }

  get bytes(): number {
    return this.outgoing.bytes;
  }

  /** For reports. */
  get failure(): Omit<DeliveryFailure, "error"> {
    const { id, address, queue } = this.target;
    const { topic, message } = this.outgoing;
    return { topic, queue, message, subscriber: `${id} at ${address}` };
  }
}
