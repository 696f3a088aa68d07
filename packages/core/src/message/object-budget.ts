import { MessageProblem } from "./problem.ts";

/** How many objects one body may become, and the option that says so. */
export interface ObjectLimit {
  readonly max: number;
  /** In full: `codec.json_max_objects`. */
  readonly option: string;
}

/**
 * What is left of an {@link ObjectLimit} while a body is read: messages, lists, maps, their entries, and bytes count. Two
 * bytes are enough for an empty message, and that may be hundreds of times as large in memory.
 */
export class ObjectBudget {
  readonly #limit: ObjectLimit;
  #left: number;

  constructor(limit: ObjectLimit) {
    this.#limit = limit;
    this.#left = limit.max;
  }

  /** The next body begins. */
  begin(): void {
    this.#left = this.#limit.max;
  }

  /** So many objects more. Throws a {@link MessageProblem} that names the option when they are too many. */
  take(count: number): void {
    this.#left -= count;
    if (this.#left >= 0) return;
    const { max, option } = this.#limit;
    throw new MessageProblem(
      `more than ${max} messages, lists, maps, entries and bytes would come of it; raise ${option} if such messages are meant`,
    );
  }
}
