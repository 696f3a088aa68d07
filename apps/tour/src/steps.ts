import { setTimeout as sleep } from "node:timers/promises";
import { memoryBroker } from "@micro/broker-memory";
import type { CallOptions, ContractClient } from "@micro/client";
import { Channel, createMonolith, MicroError, type Service } from "@micro/core";
import { memoryRegistry } from "@micro/registry-memory";
import { memoryTransport } from "@micro/transport-memory";
import { auditContract, greeterContract, JOBS, NEWS, type Receipt } from "./contracts.ts";
import { auditService, greeterNamed } from "./definitions.ts";
import type { Fleet, NodeProcess } from "./fleet.ts";
import { tourPlugins } from "./nodes/options.ts";
import { bar, formatMs, green, headline, line, red, table } from "./screen.ts";
import { countByNode, makeTraffic, nameOf, type Traffic } from "./traffic.ts";

/** What a step works with. */
export interface Tour {
  readonly service: Service<typeof tourPlugins>;
  readonly fleet: Fleet;
  /** Aborted when the tour ends before its own end. */
  readonly signal: AbortSignal;
}

type Greeter = ContractClient<typeof greeterContract.methods>;

/** Thrown by a step whose promise was not kept; the tour then ends with exit code 1. */
export class BrokenPromise extends Error {}

const DISCOVERY_TIMEOUT_MS = 30_000;

/** Waits until `count` nodes of a service are known. */
export async function discover({ service }: Tour, name: string, count: number): Promise<void> {
  const until = performance.now() + DISCOVERY_TIMEOUT_MS;
  for (;;) {
    const records = await service.registry.get(name);
    if (records.flatMap(({ nodes }) => nodes).length >= count) return;
    if (performance.now() > until)
      throw new BrokenPromise(
        `${count} node(s) of '${name}' were not found within ${DISCOVERY_TIMEOUT_MS} ms`,
      );
    await sleep(50);
  }
}

/** Who is there. */
export async function showDiscovered({ service }: Tour): Promise<void> {
  headline(1, "Who is there");
  const rows: string[][] = [];
  for (const name of ["greeter", "audit"]) {
    for (const record of await service.registry.get(name)) {
      for (const { id, address, metadata } of record.nodes)
        rows.push([name, record.version, id, address, metadata.transport ?? ""]);
    }
  }
  table(
    ["service", "version", "node", "address", "transport"],
    rows.sort((a, b) => (a[2] ?? "").localeCompare(b[2] ?? "")),
  );
}

/** Runs `body`, and returns what it gave and how long it took. */
async function timed<T>(body: () => Promise<T>): Promise<[result: T, ms: number]> {
  const begin = performance.now();
  const result = await body();
  return [result, performance.now() - begin];
}

async function errorOf(promise: Promise<unknown>): Promise<MicroError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!MicroError.is(error)) throw new BrokenPromise(`an error was expected, but there was ${String(error)}`);
  return error;
}

/** Unary calls, an error, a deadline, streams. */
export async function showCalls({ service }: Tour): Promise<void> {
  headline(2, "Calls and streams");
  const greeter: Greeter = service.client.of(greeterContract);
  for (const [index, name] of ["Ada", "Grace", "Barbara", "Frances"].entries()) {
    let node = "";
    const options: CallOptions = { onAttempt: ({ nodeId }) => (node = nameOf(nodeId)) };
    const [reply, ms] = await timed(() => greeter.hello({ name }, options));
    line(
      index === 0 ? "first call: finds and connects" : "unary call",
      `${reply.message}, from node ${node}`,
      ms,
    );
  }
  const [missing, missingMs] = await timed(() => errorOf(greeter.find({ name: "Nobody" })));
  line(
    "an error keeps its parts",
    `${missing.httpCode} ${missing.code}, id '${missing.id}', '${missing.detail}'`,
    missingMs,
  );
  if (missing.httpCode !== 404 || missing.id !== "greeter")
    throw new BrokenPromise("the error did not arrive as it was sent");
  const [late, lateMs] = await timed(() =>
    errorOf(greeter.sleep({ ms: 5000 }, { timeoutMs: 150, retries: 0 })),
  );
  line("a deadline of 150 ms", `${late.httpCode} ${late.code}: ${late.detail}`, lateMs);
  if (late.code !== "TIMEOUT") throw new BrokenPromise("the deadline was not kept");
  await showStreams(greeter);
}

async function showStreams(greeter: Greeter): Promise<void> {
  const [said, chatMs] = await timed(async () => {
    const lines = new Channel<{ readonly text: string }>();
    const heard: string[] = [];
    void lines.send({ text: "hello" });
    for await (const { text } of greeter.chat(lines)) {
      heard.push(text);
      if (heard.length === 1) await lines.send({ text: "how are you" });
      else lines.end();
    }
    return heard;
  });
  line(
    "bidirectional stream",
    `we said 2 lines and heard ${said.map((text) => `'${text}'`).join(", ")}`,
    chatMs,
  );
  const [numbers, countMs] = await timed(async () => {
    const all: number[] = [];
    for await (const { n } of greeter.countdown({ from: 1000 })) all.push(n);
    return all;
  });
  line("server stream", `${numbers.length} messages, the last is ${numbers.at(-1)}`, countMs);
  if (said.join() !== "HELLO,HOW ARE YOU" || numbers.length !== 1000)
    throw new BrokenPromise("a stream lost messages");
}

/** Publishing: to all, and to one of a queue. */
export async function showEvents({ service }: Tour): Promise<void> {
  headline(3, "Events");
  const audit = service.client.of(auditContract);
  const receipts = async (topic: string, count: number): Promise<readonly Receipt[]> => {
    const until = performance.now() + 5000;
    for (;;) {
      const found = (await audit.report({ topic })).receipts;
      if (found.length >= count) return found;
      if (performance.now() > until)
        throw new BrokenPromise(`${count} receipts of '${topic}' expected, ${found.length} came`);
      await sleep(10);
    }
  };
  for (const [what, id] of [
    ["first message on 'tour.news'", 1],
    ["next message on 'tour.news'", 2],
  ] as const) {
    const [news, ms] = await timed(async () => {
      await service.client.publish(NEWS, { id });
      return (await receipts(NEWS, 3 * id)).filter((receipt) => receipt.id === id);
    });
    const receivers = news.map(({ receiver }) => receiver).sort();
    line(what, `reached all of ${receivers.join(", ")}`, ms);
  }
  const [jobs, jobsMs] = await timed(async () => {
    for (let id = 1; id <= 6; id++) await service.client.publish(JOBS, { id });
    return receipts(JOBS, 6);
  });
  const counts = [...countByNode(jobs.map(({ receiver }) => receiver))];
  line(
    "6 messages on the queue 'workers'",
    `shared: ${counts.map(([node, count]) => `${node} took ${count}`).join(", ")}`,
    jobsMs,
  );
  if (jobs.length !== 6 || new Set(jobs.map(({ id }) => id)).size !== 6)
    throw new BrokenPromise("a job was done twice");
}

function showTraffic(
  traffic: Traffic<unknown>,
  parts: readonly [from: number, to: number, title: string][],
): void {
  for (const [from, to, title] of parts) {
    const answers = traffic.answers.slice(from, to);
    console.log(`   ${title}`);
    for (const [node, count] of countByNode(answers))
      console.log(
        `     node ${node.padEnd(4)} ${String(count).padStart(4)} ${bar(count / Math.max(1, answers.length))}`,
      );
  }
  const { failures } = traffic;
  line(
    "failed calls",
    failures.length === 0 ? green("0") : red(`${failures.length}, the first: ${failures[0]?.message}`),
  );
  if (failures.length > 0) throw new BrokenPromise(`${failures.length} calls failed`);
}

/** SIGKILL in the middle of 500 idempotent calls, then a rolling restart by SIGTERM. Returns the node that is left. */
export async function showFailures(
  tour: Tour,
  [a, b]: readonly [NodeProcess, NodeProcess],
): Promise<NodeProcess> {
  headline(4, "Failures");
  const { signal } = tour;
  const greeter = tour.service.client.of(greeterContract);
  const [first, firstMs] = await timed(() =>
    makeTraffic(greeter, { calls: 500, concurrency: 8, at: 200, halfway: () => b.end("SIGKILL"), signal }),
  );
  line(`SIGKILL of node ${b.name}`, "in the middle of 500 idempotent calls", firstMs);
  showTraffic(first, [
    [0, 200, "before"],
    [200, 500, "after"],
  ]);
  const c = await tour.fleet.start("greeter", "c");
  await discover(tour, "greeter", 2);
  const [second, secondMs] = await timed(() =>
    makeTraffic(greeter, { calls: 2000, concurrency: 8, at: 500, halfway: () => a.end("SIGTERM"), signal }),
  );
  line(`SIGTERM of node ${a.name}, node c is fresh`, "in the middle of 2,000 calls", secondMs);
  showTraffic(second, [
    [0, 500, "before"],
    [500, 2000, "after"],
  ]);
  line(`node ${a.name} ended with exit code`, String(second.event.code));
  if (second.event.code !== 0) throw new BrokenPromise("the node did not stop cleanly");
  return c;
}

async function msPerCall(greeter: Greeter, calls: number): Promise<number> {
  for (let i = 0; i < calls / 4; i++) await greeter.hello({ name: "warm" });
  const [, ms] = await timed(async () => {
    for (let i = 0; i < calls; i++) await greeter.hello({ name: "Ada" });
  });
  return ms / calls;
}

/** The same definitions in one process. */
export async function showMonolith({ service }: Tour): Promise<void> {
  headline(5, "The same definitions as a monolith");
  const split = await msPerCall(service.client.of(greeterContract), 2000);
  const monolith = await createMonolith([auditService(), greeterNamed("monolith")], {
    plugins: [...tourPlugins, memoryRegistry, memoryTransport, memoryBroker],
    configFile: false,
    cli: { enabled: false },
    logger: { level: "warn" },
    registry: { plugin: "memory" },
    transport: { plugin: "memory" },
    broker: { plugin: "memory" },
    shared: ["registry", "transport", "broker"],
  });
  await monolith.start();
  try {
    const joined = await msPerCall(monolith.service("audit").client.of(greeterContract), 20_000);
    line("split, one call at a time", `${formatMs(split)} a call`);
    line(
      "monolith, one call at a time",
      `${formatMs(joined)} a call, ${Math.round(split / joined)} times faster`,
    );
  } finally {
    await monolith.stop();
  }
}
