import { expect, test } from "vitest";
import { Channel } from "./channel.ts";
import { Fifo } from "./fifo.ts";

test("what goes in first comes out first, however often it becomes empty or long", () => {
  const fifo = new Fifo<number>();
  expect(fifo.shift()).toBeUndefined();
  let put = 0;
  let taken = 0;
  for (const [puts, takes] of [
    [3, 2],
    [5000, 4000],
    [10, 1011],
    [2500, 2000],
    [1, 501],
  ] as const) {
    for (let count = 0; count < puts; count++) fifo.push(put++);
    for (let count = 0; count < takes; count++) expect(fifo.shift()).toBe(taken++);
    expect(fifo.length).toBe(put - taken);
  }
  expect([fifo.length, fifo.shift()]).toEqual([0, undefined]);
});

test("all are taken out at once, in order", () => {
  const fifo = new Fifo<string>();
  for (const item of ["a", "b", "c"]) fifo.push(item);
  fifo.shift();
  expect(fifo.takeAll()).toEqual(["b", "c"]);
  expect([fifo.length, fifo.takeAll()]).toEqual([0, []]);
  fifo.push("d");
  expect(fifo.shift()).toBe("d");
});

test("300,000 values and writers of a channel take time in proportion", async () => {
  const count = 300_000;
  for (const capacity of [count, 0]) {
    const channel = new Channel<number>({ capacity });
    const since = process.cpuUsage();
    const sent = Array.from({ length: count }, (_, value) => channel.send(value));
    let inOrder = 0;
    for (let value = 0; value < count; value++) if ((await channel.next()).value === value) inOrder++;
    await Promise.all(sent);
    const { user, system } = process.cpuUsage(since);
    expect(inOrder).toBe(count);
    expect((user + system) / 1e6, "seconds of the processor").toBeLessThan(3);
  }
}, 60_000);
