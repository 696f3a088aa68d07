import { createService, defineService } from "@micro/core";
import { chooseDiscovery, type Discovery, Fleet } from "./fleet.ts";
import { nodeOptions } from "./nodes/options.ts";
import { bold, green, red } from "./screen.ts";
import {
  BrokenPromise,
  discover,
  showCalls,
  showDiscovered,
  showEvents,
  showFailures,
  showMonolith,
  type Tour,
} from "./steps.ts";
import type { Wishes } from "./wishes.ts";

/** Says how to reach what runs, and waits for Ctrl-C. */
async function keepRunning(discovery: Discovery): Promise<void> {
  const flags = discovery.flags.join(" ");
  console.log("\nIt goes on running. In another terminal, call it, or start a greeter beside it:");
  console.log(`   npx -y pnpm@12.21.0 --filter @micro-apps/tour say Ada ${flags}`);
  console.log(`   npx -y pnpm@12.21.0 --filter @micro-apps/tour greeter --server_id=mine ${flags}`);
  console.log("Ctrl-C ends it.");
  await new Promise<void>((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
  });
}

/** The whole tour. Sets the exit code when a promise is broken. */
export async function tour(wishes: Wishes): Promise<void> {
  const began = performance.now();
  const discovery = await chooseDiscovery(wishes.discovery);
  console.log(bold("Micro: two greeters, an audit service and a client, each a process of its own."));
  console.log(discovery.sentence);

  const fleet = new Fleet(discovery);
  const { hooks: _, ...common } = nodeOptions();
  const service = await createService(defineService({ name: "tour" }), {
    ...common,
    server: { enabled: false },
    cli: { argv: discovery.flags, env: {} },
  });

  try {
    const [[a, b]] = await Promise.all([
      Promise.all([fleet.start("greeter", "a"), fleet.start("greeter", "b")]),
      fleet.start("audit", "audit"),
      service.start(),
    ]);
    const stage: Tour = { service, fleet };
    await Promise.all([discover(stage, "greeter", 2), discover(stage, "audit", 1)]);
    await showDiscovered(stage);
    await showCalls(stage);
    await showEvents(stage);
    await showFailures(stage, [a, b]);
    await showMonolith(stage);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    console.log(
      `\n${green("All promises kept")} in ${seconds} s: 2,500 calls through a crash and a restart, none failed.`,
    );
    if (wishes.keep) await keepRunning(discovery);
  } catch (error) {
    if (!(error instanceof BrokenPromise)) throw error;
    console.log(`\n${red("A promise was broken")}: ${error.message}`);
    process.exitCode = 1;
  } finally {
    await service.stop();
    await fleet.stop();
  }
}
