import { createCachedRegistry, type Snapshot } from "@micro/registry";
import { expect, test } from "vitest";
import { create, greeter, place, withRegistry } from "../test/isolated.ts";

const idsOf = ({ records }: Snapshot) => records.flatMap(({ nodes }) => nodes.map(({ id }) => id)).sort();

test("a first call has the nodes that answer at once to choose from, long before all have been waited for", async () => {
  const where = await place();
  await withRegistry(where, (one) =>
    withRegistry(where, (two) =>
      withRegistry(where, async (three) => {
        const servers = [one, two, three];
        await Promise.all(servers.map((server, at) => server.register(greeter("greeter", at + 1))));
        const caller = createCachedRegistry(await create(where, { queryTimeout: "1s" }), {
          cacheTtl: 60_000,
          cacheNegativeTtl: 1000,
        });
        await caller.start?.({ signal: AbortSignal.timeout(5000) });
        try {
          const began = performance.now();
          const first = await caller.snapshot("greeter", { enough: ({ records }) => records.length > 0 });
          expect(performance.now() - began).toBeLessThan(500);
          expect(idsOf(first)).toEqual(["greeter-1", "greeter-2", "greeter-3"]);
          expect(caller.peek("greeter")).toBeUndefined();
          expect(await caller.snapshot("greeter")).toBe(first);
          expect(performance.now() - began).toBeGreaterThanOrEqual(999);
        } finally {
          await caller.stop?.({ graceMs: 1000 });
        }
      }),
    ),
  );
});

test("a node of one's own is there at once", async () => {
  const where = await place();
  await withRegistry(
    where,
    async (registry) => {
      await registry.register(greeter("greeter"));
      const told: string[] = [];
      const answer = registry.get("greeter", {
        onFound: ({ nodes }) => told.push(...nodes.map(({ id }) => id)),
      });
      await answer;
      expect(told).toEqual(["greeter-1"]);
    },
    { queryTimeout: "50ms" },
  );
});
