import { once } from "node:events";
import { temporaryFolder } from "@micro/programs";
import { expect, test } from "vitest";
import type { CyclesResult } from "../src/cycles-process.ts";
import { withFleet } from "../src/fleet.ts";
import { forkProgram } from "../src/fork-program.ts";
import { within } from "../src/within.ts";

const MEGABYTE = 1024 * 1024;

async function cycles(what: "serve" | "call", folder: string, count: number): Promise<CyclesResult> {
  const child = forkProgram("./cycles-process.ts", [what, folder, `${count}`]);
  child.stderr?.pipe(process.stderr, { end: false });
  try {
    const ended = once(child, "exit");
    const answered = new Promise<CyclesResult>((resolve) => child.once("message", resolve));
    const early = ended.then(([status]) => {
      throw new Error(`the process ended with ${String(status)}`);
    });
    const result = await within(`${count} cycles`, 80_000, Promise.race([answered, early]));
    early.catch(() => undefined);
    // It ends by itself: nothing keeps it alive.
    expect(await within("ending by itself", 5000, ended)).toEqual([0, null]);
    return result;
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
});

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
});
