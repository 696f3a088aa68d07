import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { follow, type Place, place, withRegistry } from "../test/isolated.ts";

const script = fileURLToPath(new URL("../test/process.ts", import.meta.url));

/** A child with a node of its own, once it has told what it sees first. */
async function child(where: Place, number: number, config: Record<string, string>) {
  const started: ChildProcess = spawn(
    process.execPath,
    ["--conditions=@micro/source", "--no-warnings", script, JSON.stringify({ where, number, config })],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  if (started.stdout === null) throw new Error("the child has no output");
  const lines = createInterface({ input: started.stdout });
  const ids = new Set<string>();
  lines.on("line", (line) => {
    const event = JSON.parse(line) as { type: string; ids: string[] };
    if (event.type === "snapshot") ids.clear();
    for (const id of event.ids) {
      if (event.type === "delete") ids.delete(id);
      else ids.add(id);
    }
  });
  await once(lines, "line", { signal: AbortSignal.timeout(10_000) });
  return {
    process: started,
    /** Waits until it sees exactly these. */
    sees: async (...wanted: string[]) => {
      const signal = AbortSignal.timeout(10_000);
      while ([...ids].sort().join() !== wanted.join()) await once(lines, "line", { signal });
    },
    stop: async (name: NodeJS.Signals) => {
      if (started.exitCode !== null || started.signalCode !== null) return;
      const exited = once(started, "exit");
      started.kill(name);
      await exited;
    },
  };
}

test("three processes of one host find each other, and notice one that stops at once and one that crashes in time", async () => {
  const where = await place();
  const config = { refreshInterval: "500ms" };
  const children = await Promise.all([1, 2, 3].map((number) => child(where, number, config)));
  const [one, two, three] = children;
  if (one === undefined || two === undefined || three === undefined) throw new Error("three were started");
  try {
    await Promise.all(children.map((each) => each.sees("greeter-1", "greeter-2", "greeter-3")));
    await withRegistry(
      where,
      async (registry) => {
        expect((await registry.get("greeter"))[0]?.nodes).toHaveLength(3);
        const watch = follow(registry, "greeter");
        await watch.until("snapshot", "greeter-3");
        await three.stop("SIGTERM");
        await watch.until("delete", "greeter-3", 1000);
        await two.stop("SIGKILL");
        await watch.until("delete", "greeter-2");
        await one.sees("greeter-1");
        expect((await registry.get("greeter"))[0]?.nodes.map(({ id }) => id)).toEqual(["greeter-1"]);
        await watch.leave();
      },
      config,
    );
  } finally {
    await Promise.all(children.map((each) => each.stop("SIGKILL")));
  }
});
