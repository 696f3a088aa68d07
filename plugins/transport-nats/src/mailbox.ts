import { randomUUID } from "node:crypto";
import type { NatsLink, NatsMessage, NatsSubscription } from "@micro/nats";

/** One subject at which answers are received. */
export interface Box {
  readonly subject: string;
  close(): void;
}

/** Told of a message at a box; `count` is what stands behind the box in its subject, 0 for nothing. */
export type OnMail = (message: NatsMessage, count: number) => void;

/** What a session that nobody has any more answers; that there is an answer is the answer. */
const NOT_HERE = new Uint8Array(0);

/** A new subject that nobody else has. */
export function newInbox(): string {
  return `_INBOX.${randomUUID().replaceAll("-", "")}`;
}

/** The subjects of one transport at which it is answered: one subscription for all of its sessions. */
export class Mailbox {
  readonly #link: NatsLink;
  readonly #prefix = `${newInbox()}.`;
  readonly #boxes = new Map<string, OnMail>();
  #next = 0;
  #subscription: NatsSubscription | undefined;

  constructor(link: NatsLink) {
    this.#link = link;
  }

  open(onMail: OnMail): Box {
    const key = (++this.#next).toString(36);
    this.#boxes.set(key, onMail);
    this.#subscription ??= this.#link.listen(`${this.#prefix}>`, (message) => this.#take(message));
    return { subject: this.#prefix + key, close: () => void this.#boxes.delete(key) };
  }

  /** Takes the subscription away; the next box makes another one. */
  close(): void {
    this.#subscription?.end();
    this.#subscription = undefined;
  }

  #take(message: NatsMessage): void {
    const rest = message.subject.slice(this.#prefix.length);
    const dot = rest.indexOf(".");
    const key = dot < 0 ? rest : rest.slice(0, dot);
    const onMail = this.#boxes.get(key);
    if (onMail !== undefined) onMail(message, dot < 0 ? 0 : Number(rest.slice(dot + 1)));
    // Whoever goes on with a session that is over here is told so, where a word is wanted.
    else if (message.reply !== undefined) this.#link.publish(message.reply, NOT_HERE);
  }
}
