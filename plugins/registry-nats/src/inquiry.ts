import { randomUUID } from "node:crypto";
import type { Logger } from "@micro/core";
import type { NatsLink } from "@micro/nats";
import { type Question, questionMessage, readAnswer, type Told } from "./wire.ts";

/** What an {@link Inquiry} is made of. */
export interface InquiryOptions {
  readonly link: NatsLink;
  readonly querySubjects: readonly string[];
  /** How long answers are collected, in ms. */
  readonly queryTimeout: number;
  /** Most nodes that one question finds. */
  readonly maxNodes: number;
  readonly logger: Logger;
}

/** Bounds of one question, and when it is answered early. */
export interface AskOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Whether somebody is missing, after the usual time. */
  readonly incomplete: (ids: ReadonlySet<string>) => boolean;
  /** Told of each answer at once. */
  readonly onAnswer?: ((answer: Told) => void) | undefined;
}

/** Asks all processes, and collects what they answer: how many there are is not known. */
export class Inquiry {
  readonly #options: InquiryOptions;

  constructor(options: InquiryOptions) {
    this.#options = options;
  }

  /** Resolves with the answers. Rejects when nobody can be asked. */
  async ask(question: Question, bounds: AskOptions): Promise<readonly Told[]> {
    const { link, querySubjects, queryTimeout, maxNodes, logger } = this.#options;
    const answers: Told[] = [];
    const ids = new Set<string>();
    let silent = 0;
    let check = (): void => undefined;
    const inbox = `_INBOX.${randomUUID().replaceAll("-", "")}`;
    const subscription = link.listen(inbox, ({ data, noResponders }) => {
      if (noResponders) silent++;
      else if (ids.size < maxNodes) {
        try {
          const answer = readAnswer(data);
          answers.push(answer);
          for (const { id } of answer.record.nodes) ids.add(id);
          bounds.onAnswer?.(answer);
        } catch (error) {
          logger.debug("nats: an answer could not be read", { error });
        }
      }
      check();
    });
    try {
      const payload = questionMessage(question);
      for (const subject of querySubjects) link.publish(subject, payload, { reply: inbox });
      // The time of those who answer begins when the server has the question.
      await link.flush("asking for services", bounds);
      const { promise, resolve } = Promise.withResolvers<void>();
      const early = (): boolean => silent >= querySubjects.length;
      let late = false;
      check = () => {
        if (early() || (late && !bounds.incomplete(ids))) resolve();
      };
      let timer = setTimeout(() => {
        late = true;
        check();
        timer = setTimeout(resolve, 2 * queryTimeout);
      }, queryTimeout);
      const onAbort = (): void => resolve();
      if (bounds.signal?.aborted) resolve();
      else bounds.signal?.addEventListener("abort", onAbort, { once: true });
      check();
      try {
        await promise;
      } finally {
        clearTimeout(timer);
        bounds.signal?.removeEventListener("abort", onAbort);
      }
      return answers;
    } finally {
      subscription.end();
    }
  }
}
