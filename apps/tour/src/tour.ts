import { once } from "node:events";
import { createService, defineService, MicroError } from "@micro/core";
import type { TourOptions } from "./command-line.ts";
import { chooseDiscovery, type Discovery, Fleet } from "./fleet.ts";
import { nodeOptions } from "./nodes/options.ts";
import { bold, dim, green, red } from "./screen.ts";
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

/** Ends the tour before its own end. */
class Interruption extends Error {}

/** Aborted by Ctrl-C and SIGTERM, and when nobody reads any more what the tour prints, as behind `| head`. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  const interrupt = (why: string): void => controller.abort(new Interruption(why));
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => interrupt(`${signal} ended the tour.`));
  process.stdout.on("error", ({ message }) => interrupt(`Nobody reads on: ${message}`));
  return controller.signal;
}

/** Rejects with the reason of `signal`. */
async function aborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, "abort");
  throw signal.reason;
}

/** Says how to reach what runs, and waits for Ctrl-C. */
async function keepRunning(discovery: Discovery, signal: AbortSignal): Promise<void> {
  const flags = discovery.flags.join(" ");
  console.log(
    "\nIt goes on running. In another terminal, call it, look at it, or start a greeter beside it:",
  );
  console.log(`   npx -y pnpm@12.21.0 --filter @micro-apps/tour say Ada ${flags}`);
  console.log(`   npx -y pnpm@12.21.0 -s micro describe greeter ${flags}`);
  console.log(`   npx -y pnpm@12.21.0 --filter @micro-apps/tour greeter --server_id=mine ${flags}`);
  console.log("Ctrl-C ends it.");
  await aborted(signal).catch(() => undefined);
}

async function walk(stage: Tour): Promise<void> {
  const { service, fleet } = stage;
  const [[a, b]] = await Promise.all([
    Promise.all([fleet.start("greeter", "a"), fleet.start("greeter", "b")]),
    fleet.start("audit", "audit"),
    service.start(),
  ]);
  await Promise.all([discover(stage, "greeter", 2), discover(stage, "audit", 1)]);
  await showDiscovered(stage);
  await showCalls(stage);
  await showEvents(stage);
  await showFailures(stage, [a, b]);
  await showMonolith(stage);
}

/** The whole tour. Sets the exit code when a promise is broken, and when it is interrupted. */
export async function tour({ discovery: choice, keep }: TourOptions): Promise<void> {
  const began = performance.now();
  const signal = interruption();
  const discovery = await chooseDiscovery(choice);
  console.log(bold("Micro: two greeters, an audit service and a client, each a process of its own."));
  console.log(discovery.sentence);
  if (discovery.reason !== undefined) console.log(dim(`   ${discovery.reason}`));

  const fleet = new Fleet(discovery);
  const { hooks: _, ...common } = nodeOptions();
  const service = await createService(defineService({ name: "tour" }), {
    ...common,
    server: { enabled: false },
    cli: { argv: discovery.flags, env: {} },
  });

  try {
    await Promise.race([walk({ service, fleet, signal }), aborted(signal)]);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    console.log(
      `\n${green("All promises kept")} in ${seconds} s: 2,500 calls through a crash and a restart, none failed.`,
    );
    if (keep) await keepRunning(discovery, signal);
  } catch (error) {
    if (error instanceof Interruption) console.log(`\n${error.message}`);
    else if (error instanceof BrokenPromise || MicroError.is(error))
      console.log(`\n${red("A promise was broken")}: ${error.message}`);
    else throw error;
    process.exitCode = 1;
  } finally {
    await service.stop();
    await fleet.stop();
  }
}
