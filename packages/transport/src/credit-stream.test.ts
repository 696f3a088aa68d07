import { Metadata } from "@micro/core";
import { expect, test } from "vitest";
import { CreditStream, type StreamPort } from "./credit-stream.ts";
import type { TransportMessage } from "./transport.ts";

const COUNT = 300_000;
const header = new Metadata();
const EMPTY = new Uint8Array(0);
const messages = (): TransportMessage[] => Array.from({ length: COUNT }, () => ({ header, body: EMPTY }));

function stream(sent: TransportMessage[]): CreditStream {
  const port: StreamPort = {
    full: false,
    message: (_, message) => void sent.push(message),
    end: () => undefined,
    cancel: () => undefined,
    taken: () => undefined,
    over: () => undefined,
  };
  const options = { id: "1", stream: "1", strict: false, dialled: false } as const;
  return new CreditStream(port, {
    ...options,
    sendWindow: 0,
    receiveWindow: 1,
    maxWriteBuffer: 64 * 1024 * 1024,
  });
}

async function workedSeconds(run: () => Promise<void>): Promise<number> {
  const since = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
}

test("300,000 messages that nobody waited for go out in order, in time in proportion", async () => {
  const [given, sent] = [messages(), [] as TransportMessage[]];
  const seconds = await workedSeconds(async () => {
    const one = stream(sent);
    for (const message of given) void one.send(message);
    one.grant(Number.MAX_SAFE_INTEGER);
  });
  expect(sent.length === COUNT && sent.every((message, at) => message === given[at])).toBe(true);
  expect(seconds, "seconds of the processor").toBeLessThan(3);
}, 60_000);

test("300,000 messages that wait for their reader are read in order, in time in proportion", async () => {
  const given = messages();
  let inOrder = 0;
  const seconds = await workedSeconds(async () => {
    const one = stream([]);
    for (const message of given) one.deliver(message);
    one.peerEnd();
    for await (const message of one.messages) if (message === given[inOrder]) inOrder++;
  });
  expect(inOrder).toBe(COUNT);
  expect(seconds, "seconds of the processor").toBeLessThan(3);
}, 60_000);
