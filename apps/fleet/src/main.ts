import { join } from "node:path";
import { MicroError } from "@micro/core";
import { ORDERS_PLACED } from "./contracts.ts";
import { chooseDiscovery } from "./discovery.ts";
import { buildGoService, findGo } from "./go-service.ts";
import { Processes } from "./processes.ts";
import { bold, dim, green, red, yellow } from "./screen.ts";
import {
  BrokenPromise,
  discover,
  showCalls,
  showEvents,
  showFleet,
  showOwnEvents,
  showPricing,
} from "./steps.ts";
import { createVisitor } from "./visitor.ts";

/** Thrown in the middle of the demo by Ctrl-C, so that its services end too. */
class Interruption extends Error {}

const interrupted = Promise.withResolvers<never>();
interrupted.promise.catch(() => undefined); // it may come before anybody waits for it
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => interrupted.reject(new Interruption(`${signal} ended the demo.`)));

const discovery = await chooseDiscovery();
const go = await findGo();
/** Why there is no Go service in this fleet; undefined when there is one. */
const without = go.ok ? discovery.reason : go.reason;

console.log(bold("A fleet of a Go Micro service and two of ours, each a process of its own."));
console.log(discovery.sentence);
if (without !== undefined) {
  console.log(yellow(`${without} The part in TypeScript follows, without the Go service.`));
} else if (go.ok) {
  console.log(dim(`Building the Go service with ${go.version}; the first time this may take some minutes.`));
}

const processes = new Processes();
const visitor = await createVisitor(discovery);

async function walk(): Promise<void> {
  const domain = without === undefined ? discovery.domain : undefined;
  const program = domain === undefined ? undefined : await buildGoService();
  const flags = [
    "--server_address=127.0.0.1:0",
    "--broker_address=127.0.0.1:0",
    "--logger_level=warn",
    ...discovery.flags,
  ];
  for (const name of ["pricing", "orders"])
    processes.startNode(name, join(import.meta.dirname, `${name}.ts`), flags);
  await visitor.service.start();
  await discover(visitor, ["pricing", "orders"], undefined);
  if (program === undefined) {
    await showFleet(visitor, ["pricing", "orders"]);
    await showPricing(visitor);
    await showOwnEvents(visitor);
    return;
  }
  // A client of generation 26 that looks for somebody too early looks again only after 5 s (spec 3.3): Go comes last.
  processes.startProgram("catalog", program, {
    FLEET_DOMAIN: domain ?? "",
    MICRO_SERVER_ADDRESS: "127.0.0.1:0",
  });
  const everybody = ["catalog", "orders", "pricing"];
  await discover(visitor, everybody, ORDERS_PLACED);
  await showFleet(visitor, everybody);
  await showPricing(visitor);
  await showCalls(visitor);
  await showEvents(visitor);
}

try {
  await Promise.race([walk(), processes.failure, interrupted.promise]);
  console.log(
    without === undefined
      ? `\n${green("All promises kept.")}`
      : `\n${green("All promises of the part in TypeScript kept.")} ${yellow("What concerns Go did not run.")}`,
  );
} catch (error) {
  if (error instanceof Interruption) console.log(`\n${error.message}`);
  else if (error instanceof BrokenPromise || MicroError.is(error))
    console.log(`\n${red("A promise was broken")}: ${error.message}`);
  else throw error;
  process.exitCode = 1;
} finally {
  await visitor.service.stop();
  await processes.stop();
  await discovery.cleanUp();
}
