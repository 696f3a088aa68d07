import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "@micro/programs";
import { expect, test } from "vitest";
import type { CyclesResult } from "../src/cycles-process.ts";
import { withFleet } from "../src/fleet.ts";
import { within } from "../src/within.ts";

const PROGRAM = fileURLToPath(new URL("../src/cycles-process.ts", import.meta.url));
const MEGABYTE = 1024 * 1024;

async function cycles(what: "serve" | "call", folder: string, count: number): Promise<CyclesResult> {
  const child = fork(PROGRAM, [what, folder, `${count}`], {
    execArgv: ["--conditions=@micro/source", "--expose-gc"],
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  try {
    const ended = once(child, "exit");
    const answered = once(child, "message");
    const result = (await within(`${count} cycles`, 60_000, Promise.race([answered, ended]))) as [
      CyclesResult,
    ];
    if (typeof result[0] !== "object") throw new Error(`the process ended with ${result[0]}`);
    // It ends by itself: nothing keeps it alive.
    expect(await within("ending by itself", 5000, ended)).toEqual([0, null]);
    return result[0];
  } finally {
    child.kill("SIGKILL");
  }
}

function expectNoGrowth({ before, after, complaints }: CyclesResult, heapMegabytes: number): void {
  expect(complaints).toEqual([]);
  expect(after.resources).toEqual(before.resources);
  expect(after.listeners).toBe(before.listeners);
  expect(after.files).toBe(before.files);
  expect((after.heapBytes - before.heapBytes) / MEGABYTE, "MB of heap that stay").toBeLessThan(heapMegabytes);
}

test("1,000 services start and stop in one process and leave nothing behind", async () => {
  const folder = await temporaryFolder();
  try {
    expectNoGrowth(await cycles("serve", folder.path, 1000), 3);
  } finally {
    await folder.remove();
  }
}, 70_000);

test("200 clients connect, call and close in one process and leave nothing behind, there and on the server", async () => {
  await withFleet({}, async ({ folder, child }) => {
    const before = await child("a").report({ collect: true });
    expectNoGrowth(await cycles("call", folder, 200), 2);
    const after = await child("a").report({ collect: true });
    expect(after.echoes).toBe(200);
    expect(after.sockets).toBe(before.sockets);
    expect(after.active).toBe(0);
    expect((after.heldBytes - before.heldBytes) / MEGABYTE, "MB that stay").toBeLessThan(2);
  });
}, 40_000);
