import { describe, expect, test } from "vitest";
import { Channel } from "./channel.ts";

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of source) all.push(value);
  return all;
}

describe("Channel", () => {
  test("keeps order and ends", async () => {
    const channel = new Channel<number>();
    for (const value of [1, 2, 3]) await channel.send(value);
    channel.end();
    expect(await collect(channel)).toEqual([1, 2, 3]);
  });

  test("send waits while it is full", async () => {
    const channel = new Channel<number>({ capacity: 2 });
    await channel.send(1);
    await channel.send(2);
    let done = false;
    const third = channel.send(3).then(() => {
      done = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(done).toBe(false);
    expect((await channel.next()).value).toBe(1);
    await third;
    expect(done).toBe(true);
    expect(channel.size).toBe(2);
  });

  test("many waiting writers keep their order and the bound", async () => {
    const channel = new Channel<number>({ capacity: 1 });
    const sends = [0, 1, 2, 3, 4, 5].map((value) => channel.send(value));
    const seen: number[] = [];
    for (let i = 0; i < 6; i++) {
      expect(channel.size).toBeLessThanOrEqual(1);
      seen.push((await channel.next()).value as number);
    }
    await Promise.all(sends);
    expect(seen).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test("fail reaches the reader after what is in, and writers at once", async () => {
    const channel = new Channel<number>({ capacity: 1 });
    await channel.send(1);
    const waiting = channel.send(2);
    channel.fail(new Error("broken"));
    await expect(waiting).rejects.toThrow("broken");
    expect((await channel.next()).value).toBe(1);
    await expect(channel.next()).rejects.toThrow("broken");
    expect(await channel.next()).toEqual({ done: true, value: undefined });
  });

  test("a reader that leaves tells the writer", async () => {
    let reason: unknown;
    const channel = new Channel<number>({ capacity: 1, onCancel: (why) => (reason = why) });
    await channel.send(1);
    const sends = [channel.send(2), channel.send(3)];
    for await (const _ of channel) break; // makes room for the 2, then leaves
    expect(reason).toBeInstanceOf(Error);
    await expect(sends[1]).rejects.toThrow("ended");
    await expect(channel.send(3)).rejects.toThrow("ended");
  });

  test("a value that is sent when room has just been made waits for those sent before it", async () => {
    const channel = new Channel<number>({ capacity: 1 });
    void channel.send(1);
    const second = channel.send(2);
    const first = channel.next();
    const third = channel.send(3);
    expect((await first).value).toBe(1);
    channel.next().then(
      () => undefined,
      () => undefined,
    );
    await second;
    expect((await channel.next()).value).toBe(3);
    await third;
  });

  test("a capacity of 0 goes from hand to hand", async () => {
    const channel = new Channel<number>({ capacity: 0 });
    const sent = channel.send(1);
    expect(channel.size).toBe(0);
    expect((await channel.next()).value).toBe(1);
    await sent;
    const read = channel.next();
    await channel.send(2);
    expect((await read).value).toBe(2);
  });

  test("writers hear why it failed, also when the reader has heard it before them", async () => {
    const channel = new Channel<number>();
    channel.fail(new Error("broken"));
    await expect(channel.next()).rejects.toThrow("broken");
    await expect(channel.send(1)).rejects.toThrow("broken");
  });

  test("has one reader", async () => {
    const channel = new Channel<number>();
    const first = channel.next();
    await expect(channel.next()).rejects.toThrow("one reader");
    channel.push(1);
    expect((await first).value).toBe(1);
  });
});
