import { defineProvider, defineService, handle } from "@micro/core";
import { type Queue, queue, type Store, store } from "./components.ts";
import { journal, living } from "./journal.ts";

/** A class of the application's own. */
export class Desk {
  readonly store: Store;
  readonly queue: Queue;
  readonly stop = living("desk").stop;

  constructor(given: Store, waiting: Queue) {
    this.store = given;
    this.queue = waiting;
  }
}

/** Its name is that of its component: the import of its plugin cannot have it as well. */
export const desk = defineProvider(Desk, { name: "desk", needs: [store, queue] });

/** The desks that handlers were made with. */
export const desksOfHandlers: Desk[] = [];

/** The service. */
export const office = defineService({
  name: "town.office",
  version: "1.2.3",
  needs: [desk.component],
  handlers: ({ desk: given }) => {
    desksOfHandlers.push(given);
    return [handle("Office.Open", () => true)];
  },
});

/** A hook of the composition. */
export function opened(): void {
  journal.push("hook afterStart of the composition");
}
