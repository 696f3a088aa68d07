import type { Lifecycle } from "@micro/core";

/** What happened, in order; tests empty it. */
export const journal: string[] = [];

/** What a part does beside writing into the journal, by `create queue`, `drain store`. Tests empty it. */
export const instead = new Map<string, () => unknown>();

/** Says that something happens, and does what a test wants then. */
export async function happens(what: string): Promise<void> {
  journal.push(what);
  await instead.get(what)?.();
}

/** A life that writes what happens to it into the journal. */
export function living(name: string): Required<Lifecycle> {
  return {
    start: () => happens(`start ${name}`),
    drain: () => happens(`drain ${name}`),
    stop: () => happens(`stop ${name}`),
  };
}
