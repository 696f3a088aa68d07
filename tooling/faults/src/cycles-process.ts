/** Starts and stops services again and again in one process, and tells what that left behind. */
import { readdirSync } from "node:fs";
import { createService, defineService } from "@micro/core";
import { probe } from "./contract.ts";
import { probeService } from "./probe-service.ts";
import { clientStack, hiddenStack, serverStack, settingsFor } from "./stack.ts";

/** What a process holds. */
export interface Holdings {
  /** Handles, requests and timers by kind. */
  readonly resources: Readonly<Record<string, number>>;
  /** Listeners of the process itself. */
  readonly listeners: number;
  readonly files: number;
  readonly heapBytes: number;
}

/** What {@link cycles-process} sends to its parent. */
export interface CyclesResult {
  readonly before: Holdings;
  readonly after: Holdings;
  readonly complaints: readonly string[];
}

const complaints: string[] = [];
const complain = (reason: unknown): void => {
  complaints.push(reason instanceof Error ? (reason.stack ?? reason.message) : String(reason));
};
process.on("unhandledRejection", complain);
process.on("uncaughtException", complain);
process.on("warning", complain);

const [what, folder = "", count = "0"] = process.argv.slice(2);

async function serveOnce(round: number): Promise<void> {
  const { registry: _, ...settings } = settingsFor(folder);
  const definition = probeService({ node: `${round}` });
  const service =
    round % 2 === 0
      ? await createService(definition, {
          plugins: serverStack,
          configFile: false,
          ...settingsFor(folder),
        })
      : await createService(definition, {
          plugins: hiddenStack,
          configFile: false,
          ...settings,
        });
  await service.start();
  if (round % 10 === 0) await service.client.of(probe).echo({}, { address: service.server.address ?? "" });
  await service.stop();
}

async function callOnce(): Promise<void> {
  const { server: _, ...settings } = settingsFor(folder);
  const definition = defineService({ name: "caller" });
  const caller = await createService(definition, { plugins: clientStack, configFile: false, ...settings });
  await caller.start();
  await caller.client.of(probe).echo({});
  await caller.stop();
}

async function holdings(): Promise<Holdings> {
  // Closing sockets and finalizers get their turns first.
  for (let turn = 0; turn < 5; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    globalThis.gc?.();
  }
  const resources: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1;
  const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
  const files = readdirSync("/proc/self/fd").length;
  return { resources, listeners, files, heapBytes: process.memoryUsage().heapUsed };
}

const rounds = Number(count);
const once = what === "serve" ? serveOnce : callOnce;
let round = 0;
// The first ones fill caches and compile code.
for (; round < rounds / 10; round++) await once(round);
const before = await holdings();
for (; round < rounds; round++) await once(round);
const after = await holdings();
process.send?.({ before, after, complaints } satisfies CyclesResult, () => process.disconnect());
