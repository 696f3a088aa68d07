import { rm, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import type { Answer } from "../src/contract.ts";
import { withFleet } from "../src/fleet.ts";
import { startCaller } from "../src/stack.ts";
import { errorTexts } from "../src/traffic.ts";
import { eventually } from "../src/within.ts";

/** Everything that waits in these tests waits for one of these. */
const registry = { heartbeat: 300 } as const;
const plan = { settings: { registry, server: { registerInterval: "500ms", registerTtl: "5s" } } } as const;
// The cache asks again all the time, so that it hears of the loss.
const caller = { registry: { ...registry, cacheTtl: 300 } } as const;

/** Nodes write into it meanwhile: what it held when it was listed may not be all. */
function removeFolder(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 10 });
}

test("the registry cannot be read: calls go on with the last known nodes, health says degraded, recovery registers again", async () => {
  await withFleet({ nodes: ["a", "b"], plan, caller }, async ({ folder, probe, child, load }) => {
    const states = async (): Promise<readonly string[]> => {
      const reports = await Promise.all(["a", "b"].map((name) => child(name).report()));
      return reports.map(({ health }) => health.state);
    };
    const traffic = load<Answer>({ concurrency: 4, call: () => probe.echo({ workMs: 2 }) });
    await traffic.reached(50);
    // A file in its place: neither read nor made anew, whoever the test runs as. Until it is there, the nodes may make the
    // folder again.
    await eventually("a file must take the folder's place", 5000, {
      ask: async () => {
        await removeFolder(folder);
        return writeFile(folder, "not a folder").then(
          () => "done",
          (error: NodeJS.ErrnoException) => error.code,
        );
      },
      until: (outcome) => outcome === "done",
    });

    await eventually("health must say that the registry is gone", 15_000, {
      ask: states,
      until: (all) => all.every((state) => state === "degraded"),
    });
    const { problems } = (await child("a").report()).health;
    expect(problems.join()).toMatch(/not registered: .*registry 'file'/);
    await traffic.more(200);
    const during = traffic.outcomes.slice(-200);
    expect(new Set(during.map(({ value }) => value?.node))).toEqual(new Set(["a", "b"]));

    await rm(folder);
    await eventually("health must say that all is well again", 10_000, {
      ask: states,
      until: (all) => all.every((state) => state === "serving"),
    });
    await traffic.more(200);
    expect(errorTexts(await traffic.stop())).toEqual({});
    // Somebody who knows nothing finds both.
    const newcomer = await startCaller(folder, caller);
    try {
      const records = await newcomer.registry.get("probe");
      expect(records.flatMap(({ nodes }) => nodes.map(({ id }) => id)).sort()).toEqual(
        [child("a").nodeId, child("b").nodeId].sort(),
      );
    } finally {
      await newcomer.stop({ graceMs: 2000 });
    }
  });
});

test("the registry's folder is deleted under load: no call fails, and the nodes are back in it", async () => {
  await withFleet({ nodes: ["a", "b"], plan, caller }, async ({ folder, probe, child, load }) => {
    const traffic = load<Answer>({ concurrency: 4, call: () => probe.echo({ workMs: 2 }) });
    await traffic.reached(50);
    await removeFolder(folder);
    const newcomer = await startCaller(folder, caller);
    try {
      await eventually("the nodes must be back in the registry", 10_000, {
        ask: async () => (await newcomer.registry.get("probe")).flatMap(({ nodes }) => nodes).length,
        until: (nodes) => nodes === 2,
      });
    } finally {
      await newcomer.stop({ graceMs: 2000 });
    }
    await traffic.more(200);
    const outcomes = await traffic.stop();
    expect(errorTexts(outcomes)).toEqual({});
    expect(new Set(outcomes.slice(-100).map(({ value }) => value?.node))).toEqual(new Set(["a", "b"]));
    expect((await child("a").report()).health.state).toBe("serving");
  });
});
