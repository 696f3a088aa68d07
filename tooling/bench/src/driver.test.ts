import { expect, test } from "vitest";
import { Driver } from "./driver.ts";
import { MessageQueue } from "./peers/message-queue.ts";
import type { Message, PeerClient } from "./peers/peer.ts";
import { plainAsync } from "./peers/plain-async.ts";
import { messageMaker, type Workload, workloads } from "./workloads.ts";

const SHORT = { seconds: 0.02, sampleEvery: 1 };

test("calls are counted and timed", async () => {
  const driver = new Driver(await plainAsync.connect(""), workload("echo-64"));
  const slice = await driver.run(SHORT);
  expect(slice.calls).toBeGreaterThan(64);
  expect(slice.seconds).toBeGreaterThanOrEqual(SHORT.seconds);
  expect(slice.p50Us).toBeLessThanOrEqual(slice.p99Us);
});

test("more calls may be in flight than the workload says, to warm up", async () => {
  let running = 0;
  let most = 0;
  const client: PeerClient = {
    call: async (message) => {
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running--;
      return message;
    },
    close: async () => {},
  };
  const driver = new Driver(client, workload("echo-1"));
  await driver.run(SHORT);
  expect(most).toBe(1);
  await driver.run({ ...SHORT, inFlight: 8 });
  expect(most).toBe(8);
});

test("a reply that belongs to another call fails the run", async () => {
  const wrong: PeerClient = {
    call: async (message) => ({ ...message, id: message.id + 1 }),
    close: async () => {},
  };
  await expect(new Driver(wrong, workload("echo-1")).run(SHORT)).rejects.toThrow("is not an echo");
});

test("a stream is drained at the end of a slice and goes on in the next", async () => {
  const replies = new MessageQueue();
  let most = 0;
  let outstanding = 0;
  const client: PeerClient = {
    call: async (message) => message,
    openStream: async () => ({
      send(message: Message) {
        outstanding += 1;
        most = Math.max(most, outstanding);
        setImmediate(() => {
          outstanding -= 1;
          replies.push(message);
        });
      },
      replies,
      close: async () => replies.end(),
    }),
    close: async () => {},
  };
  const driver = new Driver(client, workload("stream"));
  for (let round = 0; round < 2; round += 1) {
    expect((await driver.run(SHORT)).calls).toBeGreaterThan(64);
    expect(outstanding).toBe(0);
  }
  expect(most).toBeLessThanOrEqual(64);
  await driver.close();
});

test("bodies have the sizes that the titles say", () => {
  const size = (name: string): number => JSON.stringify(messageMaker(workload(name))(123_456)).length;
  expect(size("echo-1")).toBeCloseTo(100, -1.2);
  expect(Math.abs(size("body-1k") - 1024)).toBeLessThan(100);
  expect(Math.abs(size("body-64k") - 65_536)).toBeLessThan(2000);
});

function workload(wanted: string): Workload {
  const found = workloads.find(({ name }) => name === wanted);
  if (found === undefined) throw new Error(`there is no workload ${wanted}`);
  return found;
}
