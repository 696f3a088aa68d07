// Nanoseconds per choice, `done` included, by strategy and number of nodes: the columns should not differ by much.
// node --conditions=@micro/source packages/selector/src/selector.bench.ts
import { TestRegistry } from "./conformance-registry.ts";
import { createSelector } from "./create-selector.ts";
import type { Selection, SelectRequest } from "./selector.ts";
import { leastPending, random, roundRobin, type Strategy } from "./strategy.ts";

const SIZES = [10, 100, 1000, 10_000];
const ROUND_MS = 150;
const ROUNDS = 5;

const keys = Array.from({ length: 4096 }, (_, i) => `customer-${i}`);
const tried = new Set(["node-1"]);
let turn = 0;

const requests: Readonly<Record<string, () => SelectRequest>> = {
  "by endpoint": () => ({ service: "greeter", endpoint: "Greeter.Hello" }),
  "by endpoint and version": () => ({ service: "greeter", endpoint: "Greeter.Hello", version: "2" }),
  "another than the one tried": () => ({ service: "greeter", endpoint: "Greeter.Hello", exclude: tried }),
  "by key": () => ({ service: "greeter", key: keys[turn++ & 4095] as string }),
  "with one node left out": () => ({ service: "failing" }),
};
const strategies: Readonly<Record<string, Strategy>> = { random, roundRobin, leastPending };

function prepare(size: number, strategy: Strategy) {
  const registry = new TestRegistry();
  const nodes = Array.from({ length: size }, (_, i) => ({
    id: `node-${i}`,
    version: i % 2 === 0 ? "1" : "2",
    endpoints: ["Greeter.Hello", "Greeter.Bye"],
  }));
  registry.set("greeter", nodes);
  registry.set("failing", nodes);
  const selector = createSelector({
    registry,
    strategy,
    config: { ejectAfter: 1, ejectTime: 600_000, panicThreshold: 0.5 },
  });
  (selector.select({ service: "failing" }) as Selection).done("timeout");
  return selector;
}

/** The best of some rounds: what the work costs when nothing else disturbs. */
function measure(size: number, strategy: Strategy, request: () => SelectRequest): number {
  const selector = prepare(size, strategy);
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const begin = performance.now();
    let count = 0;
    while (performance.now() - begin < ROUND_MS) {
      for (let i = 0; i < 1000; i++) (selector.select(request()) as Selection).done("ok");
      count += 1000;
    }
    best = Math.min(best, ((performance.now() - begin) * 1e6) / count);
  }
  return best;
}

console.log(`ns per choice, Node ${process.version}`);
console.log(`${"".padEnd(42)}${SIZES.map((size) => `${size} nodes`.padStart(14)).join("")}`);
for (const [name, strategy] of Object.entries(strategies)) {
  for (const [kind, request] of Object.entries(requests)) {
    const row = SIZES.map((size) => measure(size, strategy, request).toFixed(0).padStart(14));
    console.log(`${`${name}, ${kind}`.padEnd(42)}${row.join("")}`);
  }
}

console.log("\nms for the first choice after the registry's answer has changed");
for (const [kind, request] of [
  ["no key", { service: "greeter" }],
  ["by key", { service: "greeter", key: "k" }],
] as const) {
  const row = SIZES.map((size) => {
    const selector = prepare(size, random);
    const begin = performance.now();
    (selector.select(request) as Selection).done("ok");
    return (performance.now() - begin).toFixed(2).padStart(14);
  });
  console.log(`${kind.padEnd(42)}${row.join("")}`);
}
