import assert from "node:assert/strict";
import { type ConformanceCase, within } from "@micro/core/conformance";
import {
  call,
  failure,
  frame,
  inWorld,
  message,
  rejects,
  replyTo,
  staysOpen,
  type TransportHarness,
  textOf,
  type World,
} from "./conformance-world.ts";
import type { IncomingExchange, TransportStream } from "./transport.ts";

/** More than any queue and any socket buffer between a sender and a reader that does not read may hold. */
const MAX_HELD_BYTES = 48 * 1024 * 1024;
const CHUNK = new Uint8Array(64 * 1024).fill(7);
const DEFAULT_MAX = 4 * 1024 * 1024;

/** Sizes and back-pressure. */
export function limitCases(harness: TransportHarness): readonly ConformanceCase[] {
  const max = harness.maxMessageSize ?? DEFAULT_MAX;
  return [
    inWorld(harness, "a body of the largest size travels, both ways", (world) => largest(world, max)),
    inWorld(harness, "a larger request is refused, naming max_message_size", (world) => request(world, max)),
    inWorld(harness, "a larger reply ends the call, naming max_message_size", (world) => reply(world, max)),
    inWorld(harness, "a larger message of a stream is refused, naming max_message_size", (world) =>
      streamed(world, max),
    ),
    inWorld(harness, "a server that reads slowly holds the client back", async (world) => {
      const { client, server } = await world.stream();
      await holdsBack(client, server);
    }),
    inWorld(harness, "a client that reads slowly holds the server back", async (world) => {
      const { client, server } = await world.stream();
      await holdsBack(server, client);
    }),
    inWorld(harness, "a sender that waits for room is told of the break", brokenWhileWaiting),
    inWorld(harness, "a reader that leaves does not keep the sender waiting", readerLeaves),
    inWorld(harness, "a slow reader of one stream does not hold up others", slowBesideFast),
  ];
}

async function largest(world: World, max: number): Promise<void> {
  const [session] = await world.pair();
  const body = new Uint8Array(max).fill(9);
  body[0] = 1;
  body[max - 1] = 2;
  const { body: back } = await call(session, message(body), 10_000);
  assert.ok(Buffer.from(back).equals(body), "the body came back changed");
}

async function request(world: World, max: number): Promise<void> {
  let arrived = 0;
  const listener = await world.serve((exchange) => {
    arrived++;
    exchange.reply(replyTo(exchange.first, "ok"));
  });
  const session = await world.dial(listener);
  const error = await rejects(call(session, message(new Uint8Array(max + 1)), 10_000), "RESOURCE_EXHAUSTED");
  assert.match(error.detail, /max_message_size/);
  assert.equal(arrived, 0);
  const next = session.usable ? session : await world.dial(listener);
  assert.equal(textOf(await call(next, message("small"))), "ok");
}

async function reply(world: World, max: number): Promise<void> {
  const listener = await world.serve((exchange) => {
    const body = textOf(exchange.first) === "large" ? new Uint8Array(max + 1) : "ok";
    exchange.reply(replyTo(exchange.first, body));
  });
  const session = await world.dial(listener);
  const error = await rejects(call(session, message("large"), 10_000), "RESOURCE_EXHAUSTED", {
    notSent: false,
  });
  assert.match(error.detail, /max_message_size/);
  const next = session.usable ? session : await world.dial(listener);
  assert.equal(textOf(await call(next, message("small"))), "ok");
}

async function streamed(world: World, max: number): Promise<void> {
  const { client } = await world.stream();
  const send = async (): Promise<void> => {
    await client.send(frame(new Uint8Array(max + 1)));
  };
  assert.match((await rejects(send(), "RESOURCE_EXHAUSTED")).detail, /max_message_size/);
}

/** Sends until the stream asks to wait. Returns what to wait for and how much was sent. */
async function fill(sender: TransportStream): Promise<{ room: Promise<void>; count: number }> {
  for (let count = 1; count * CHUNK.length <= MAX_HELD_BYTES; count++) {
    const room = sender.send(frame(CHUNK));
    // A transport may let a sender wait for a moment while it writes; the reader's pace is what stays.
    if (room !== undefined && (await staysOpen(room, 200))) return { room, count };
  }
  return assert.fail(`${MAX_HELD_BYTES} bytes were sent to a reader that reads nothing`);
}

async function holdsBack(sender: TransportStream, reader: TransportStream): Promise<void> {
  const { room, count } = await fill(sender);
  let read = 0;
  const messages = reader.messages[Symbol.asyncIterator]();
  while (read < count) {
    const next = await within(`message ${read} of ${count}`, messages.next());
    assert.equal(next.done, false);
    assert.equal(next.value?.body.length, CHUNK.length);
    read++;
  }
  await within("room after reading", room);
}

async function brokenWhileWaiting(world: World): Promise<void> {
  const { client, server } = await world.stream();
  const { room } = await fill(client);
  const outcome = failure(within("the waiting sender", room));
  server.abort(new Error("will not read"));
  const error = await outcome;
  assert.ok(error instanceof Error, "the wait ended as if there were room");
  await rejects(
    (async () => {
      await client.send(frame("more"));
    })(),
    "UNAVAILABLE",
  );
}

async function readerLeaves(world: World): Promise<void> {
  const { client, server } = await world.stream();
  const { room } = await fill(client);
  await server.messages[Symbol.asyncIterator]().return?.();
  // Whether the rest is dropped or the stream broken is the transport's choice.
  await failure(within("the waiting sender", room)).then((outcome) => {
    assert.ok(!(outcome instanceof Error && outcome.message.includes("not within")), String(outcome));
  });
}

async function slowBesideFast(world: World): Promise<void> {
  const accepted: IncomingExchange[] = [];
  const both = Promise.withResolvers<void>();
  const listener = await world.serve((exchange) => {
    if (textOf(exchange.first) === "call") exchange.reply(replyTo(exchange.first, "ok"));
    else {
      accepted.push(exchange);
      if (accepted.length === 2) both.resolve();
    }
  });
  const session = await world.dial(listener);
  const another = async () => (session.maxConcurrent >= 3 ? session : await world.dial(listener));
  const slow = await session.open();
  await slow.send(frame("slow"));
  const fast = await (await another()).open();
  await fast.send(frame("fast"));
  await within("both streams", both.promise);
  const serverOf = (name: string) => accepted.find(({ first }) => textOf(first) === name)?.accept();
  assert.ok(serverOf("slow") !== undefined);
  await fill(slow);
  const reader = serverOf("fast")?.messages[Symbol.asyncIterator]();
  for (let i = 0; i < 200; i++) {
    await within("room on the fast stream", fast.send(frame(`f${i}`)) ?? Promise.resolve());
    const next = await within("the fast stream", reader?.next() ?? Promise.reject(new Error("no stream")));
    assert.equal(next.done ? undefined : textOf(next.value), `f${i}`);
  }
  assert.equal(textOf(await call(await another(), message("call"))), "ok");
}
