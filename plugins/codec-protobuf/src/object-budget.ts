import { MessageProblem } from "@micro/core/message";

/**
 * How many objects one body may become: messages, lists, maps, their entries, and bytes. Two bytes are enough for an empty
 * message, and that may be hundreds of times as large in memory.
 */
export class ObjectBudget {
  readonly #max: number;
  #left: number;

  constructor(max: number) {
    this.#max = max;
    this.#left = max;
  }

  /** The next body begins. */
  begin(): void {
    this.#left = this.#max;
  }

  /** So many objects more. Throws a {@link MessageProblem} that names the option when they are too many. */
  take(count: number): void {
    this.#left -= count;
    if (this.#left >= 0) return;
    throw new MessageProblem(
      `more than ${this.#max} messages, lists, maps, entries and bytes would come of it; raise codec.protobuf_max_objects if such messages are meant`,
    );
  }
}
