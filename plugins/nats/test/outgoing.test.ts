import type { NatsConnection } from "nats";
import { expect, test } from "vitest";
import { Confirmations } from "../src/confirmations.ts";
import { OutgoingMessages } from "../src/outgoing.ts";

/** A connection that takes everything and answers every ping; `taken` is the sizes of what it took. */
function connection(refuseFrom = Infinity) {
  const taken: number[] = [];
  const fake = {
    publish(_subject: string, data: Uint8Array) {
      if (taken.length >= refuseFrom) throw new Error("draining");
      taken.push(data.byteLength);
    },
    flush: () => Promise.resolve(),
    isClosed: () => false,
  };
  return { taken, connection: fake as unknown as NatsConnection };
}

function parts() {
  const confirmations = new Confirmations();
  const refused: number[] = [];
  const outgoing = new OutgoingMessages({
    onTaken: (to, messages, bytes) => confirmations.sent(to, messages, bytes),
    onError: (_, messages) => refused.push(messages),
  });
  return { confirmations, outgoing, refused };
}

const message = (bytes: number) => ({ subject: "news", data: new Uint8Array(bytes), reply: undefined });

test("what waits to be handed over is confirmed by no ping, and lost with its connection", async () => {
  const { connection: to, taken } = connection();
  const { confirmations, outgoing } = parts();
  for (let i = 0; i < 3; i++) outgoing.add(to, message(100));
  await confirmations.flush(to);
  expect(taken).toEqual([]);
  expect(confirmations.disconnected(outgoing.clear())).toBe(3);
  expect(confirmations.lost).toBe(3);
  outgoing.handOver();
  expect(taken, "it is not sent later").toEqual([]);
});

test("with as much as the library writes at a time it is handed over, before the library writes half of it", () => {
  const { connection: to, taken } = connection();
  const { confirmations, outgoing } = parts();
  const LIBRARY_BYTES = 32 * 1024;
  // As it goes on the wire: `PUB news 300`, two line ends, the payload.
  const wire = 300 + "PUB news 300\r\n\r\n".length;
  while (taken.length === 0) outgoing.add(to, message(300));
  expect((taken.length - 1) * wire).toBeLessThan(LIBRARY_BYTES);
  expect(taken.length * wire).toBeGreaterThan(0.9 * LIBRARY_BYTES);
  expect(confirmations.bytes).toBe(300 * taken.length);
  expect(outgoing.bytes).toBe(0);
});

test("what the library does not take is told, and is not counted as on the way", () => {
  const { connection: to } = connection(2);
  const { confirmations, outgoing, refused } = parts();
  for (let i = 0; i < 5; i++) outgoing.add(to, message(10));
  outgoing.handOver();
  expect(refused).toEqual([3]);
  expect(confirmations.bytes).toBe(20);
});
