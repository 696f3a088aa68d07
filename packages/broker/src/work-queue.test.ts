import { AsyncLocalStorage } from "node:async_hooks";
import { eventually, within } from "@micro/core/conformance";
import { describe, expect, test } from "vitest";
import { WorkQueue, type WorkQueueOptions } from "./index.ts";

interface Item {
  readonly name: string;
  readonly bytes: number;
}

const item = (name: string, bytes = 1): Item => ({ name, bytes });

/** A queue whose items end when they are told to. */
function makeQueue(options: Partial<WorkQueueOptions<Item>> = {}) {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const queue = new WorkQueue<Item>({
    concurrency: 1,
    maxItems: 4,
    maxBytes: 100,
    run: ({ name }) => {
      begun.push(name);
      return new Promise((resolve) => ends.push(resolve));
    },
    ...options,
  });
  const end = (): void => ends.shift()?.();
  return { queue, begun, end };
}

describe("a work queue", () => {
  test("works on 300,000 items in time in proportion", async () => {
    let done = 0;
    const queue = new WorkQueue<Item>({
      concurrency: 1,
      maxItems: 300_000,
      maxBytes: 300_000,
      run: async () => {
        done++;
      },
    });
    const since = process.cpuUsage();
    while (queue.offer(item("one")));
    await queue.ended();
    const { user, system } = process.cpuUsage(since);
    expect(done).toBe(300_000);
    expect((user + system) / 1e6, "seconds of the processor").toBeLessThan(3);
  }, 60_000);

  test("begins items in order, as many at a time as it may", async () => {
    const { queue, begun, end } = makeQueue({ concurrency: 2 });
    for (const name of ["a", "b", "c"]) expect(queue.offer(item(name))).toBe(true);
    expect(begun).toEqual([]);
    await eventually(() => expect(begun).toEqual(["a", "b"]));
    expect([queue.running, queue.waiting]).toEqual([2, 1]);
    end();
    await eventually(() => expect(begun).toEqual(["a", "b", "c"]));
    end();
    end();
    await within("the end", queue.ended());
  });

  test("refuses what is over its count or its bytes, but never one item alone", async () => {
    const { queue, begun } = makeQueue({ maxItems: 2 });
    expect(queue.offer(item("large", 1000))).toBe(true);
    await eventually(() => expect(begun).toEqual(["large"]));
    expect([queue.offer(item("a", 60)), queue.offer(item("b", 60)), queue.offer(item("c", 40))]).toEqual([
      true,
      false,
      true,
    ]);
    expect(queue.hasRoom(0)).toBe(false);
  });

  test("gives back what waits, takes nothing after it was closed, and tells when all has ended", async () => {
    const { queue, begun, end } = makeQueue();
    for (const name of ["a", "b", "c"]) queue.offer(item(name));
    await eventually(() => expect(begun).toEqual(["a"]));
    queue.close();
    expect(queue.offer(item("d"))).toBe(false);
    expect(queue.takeWaiting().map(({ name }) => name)).toEqual(["b", "c"]);
    end();
    await within("the end", queue.ended());
    expect(begun).toEqual(["a"]);
  });

  test("runs in the context in which it was made, not in that of who offers", async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen = Promise.withResolvers<string | undefined>();
    const { queue } = storage.run("maker", () =>
      makeQueue({ run: async () => seen.resolve(storage.getStore()) }),
    );
    storage.run("caller", () => queue.offer(item("a")));
    expect(await seen.promise).toBe("maker");
  });

  test("asks to wait when it is more than half full, until it is half empty", async () => {
    const { queue, begun, end } = makeQueue();
    for (const name of ["a", "b", "c"]) queue.offer(item(name));
    expect(queue.pressure()).toBeInstanceOf(Promise);
    await eventually(() => expect(begun).toEqual(["a"]));
    expect(queue.pressure()).toBeUndefined();
    queue.offer(item("d"));
    const pressure = queue.pressure();
    expect(pressure).toBeInstanceOf(Promise);
    end();
    await within("the end of the pressure", pressure ?? Promise.reject(new Error("none")));
  });

  test("asks nobody to wait longer than a second for an item that does not end", async () => {
    const { queue, begun } = makeQueue();
    for (const name of ["a", "b", "c", "d"]) queue.offer(item(name));
    await eventually(() => expect(begun).toEqual(["a"]));
    await within("the end of the pressure", queue.pressure() ?? Promise.reject(new Error("none")), 2000);
    expect(queue.pressure()).toBeUndefined();
  });

  test("lets others run between items that never wait for anything", async () => {
    let over = false;
    const queue: WorkQueue<Item> = new WorkQueue<Item>({
      concurrency: 1,
      maxItems: 4,
      maxBytes: 100,
      run: async () => {
        if (!over) queue.offer(item("again"));
      },
    });
    queue.offer(item("first"));
    await new Promise((resolve) => setImmediate(resolve));
    over = true;
    await within("the end", queue.ended());
  });
});
