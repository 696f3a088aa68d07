import { ok } from "node:assert/strict";
import { within } from "@micro/core/conformance";
import type { RegistryBackend, RegistryEvent } from "./registry.ts";

/** A watch that a case reads. */
interface Follower {
  readonly events: readonly RegistryEvent[];
  /** Reads on until the node ids that the events add up to are as wished; at least one event must have come. */
  until(check: (ids: ReadonlySet<string>) => boolean): Promise<void>;
  leave(): Promise<void>;
}

/** Watches a service, or all; each wait ends after `timeoutMs`. */
export function follow(registry: RegistryBackend, name: string | undefined, timeoutMs: number): Follower {
  const options = name === undefined ? {} : { service: name };
  const iterator = registry.watch(options)[Symbol.asyncIterator]();
  const events: RegistryEvent[] = [];
  const ids = new Set<string>();
  const apply = (event: RegistryEvent): void => {
    if (event.type === "snapshot") ids.clear();
    const records = event.type === "snapshot" ? event.services : [event.service];
    for (const { id } of records.flatMap((record) => record.nodes)) {
      if (event.type === "delete") ids.delete(id);
      else ids.add(id);
    }
  };
  return {
    events,
    async until(check) {
      const end = performance.now() + timeoutMs;
      while (events.length === 0 || !check(ids)) {
        const left = Math.max(1, end - performance.now());
        const what = `the awaited event of the watch (nodes so far: ${[...ids].join(", ") || "none"})`;
        const { done, value } = await within(what, iterator.next(), left);
        ok(done !== true, "the watch ended too early");
        events.push(value);
        apply(value);
      }
    },
    async leave() {
      await iterator.return?.();
    },
  };
}
