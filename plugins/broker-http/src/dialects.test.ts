import { expect, test } from "vitest";
import { BROADCAST, CORE, PLUGIN, subscriptionRecord, TargetIndex } from "./dialects.ts";

test("40,000 members of a queue, and as many without one, are sorted in time in proportion", () => {
  const count = 40_000;
  const nodes = (queue: string | undefined) =>
    Array.from({ length: count }, (_, at) => {
      const described = { id: `${queue ?? "single"}-${at}`, address: `127.0.0.1:${at}`, secure: false };
      return subscriptionRecord(CORE, { ...described, topic: "topic", queue }).nodes;
    }).flat();
  const records = [BROADCAST, "queue"].map((version) => ({
    name: CORE.service,
    version,
    metadata: {},
    endpoints: [],
    nodes: nodes(version === BROADCAST ? undefined : version),
  }));
  const snapshot = { service: CORE.service, records, version: 1, stale: false };
  const index = new TargetIndex([CORE, PLUGIN]);
  const since = process.cpuUsage();
  const { singles, queues } = index.find("topic", [snapshot, { ...snapshot, records: [] }]);
  const { user, system } = process.cpuUsage(since);
  expect([singles.length, queues.get("queue")?.length]).toEqual([count, count]);
  expect(queues.get("queue")?.[1]).toMatchObject({ id: "queue-1", queue: "queue", dialect: CORE });
  expect((user + system) / 1e6, "seconds of the processor").toBeLessThan(1);
}, 60_000);
