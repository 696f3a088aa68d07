import assert from "node:assert/strict";
import { type ConformanceCase, within } from "@micro/core/conformance";
import {
  call,
  collect,
  failure,
  fastest,
  frame,
  inWorld,
  message,
  once,
  readToBreak,
  rejects,
  replyTo,
  type TransportHarness,
  textOf,
  type World,
} from "./conformance-world.ts";
import type { IncomingExchange, TransportStream } from "./transport.ts";

/** What {@link TransportStream} promises. */
export function streamCases(harness: TransportHarness): readonly ConformanceCase[] {
  const halfClose =
    harness.halfClose === false
      ? []
      : [
          inWorld(harness, "a client closes its direction, the server's goes on", clientHalfClose),
          inWorld(harness, "a server closes its direction, the client's goes on", serverHalfClose),
          inWorld(harness, "what was sent before closeSend is read before the end", sentBeforeEnd),
          inWorld(harness, "a stream that both sides closed is over, and not broken", bothClosed),
        ];
  return [
    inWorld(harness, "messages of a stream keep their order, both ways at once", order),
    inWorld(harness, "an empty message of a stream stays one", emptyMessage),
    ...halfClose,
    inWorld(harness, "a stream may be answered with one reply", answeredWithReply),
    inWorld(harness, "a client that aborts breaks the server's side within 50 ms", clientAborts),
    inWorld(harness, "a server that aborts breaks the client's side within 50 ms", serverAborts),
    inWorld(harness, "aborting twice is the same as once", abortTwice),
    inWorld(harness, "many streams at once do not mix", manyStreams),
    inWorld(harness, "streams and calls share a session", shared),
  ];
}

async function sendAll(stream: TransportStream, prefix: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await within("room to send", stream.send(frame(`${prefix}${i}`)) ?? ready);
}

const ready = Promise.resolve();

const numbered = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`);

async function order(world: World): Promise<void> {
  const { client, server } = await world.stream();
  const [up, down] = await Promise.all([
    collect(server, 500),
    collect(client, 500),
    sendAll(client, "up", 500),
    sendAll(server, "down", 500),
  ]);
  assert.deepEqual(up, numbered("up", 500));
  assert.deepEqual(down, numbered("down", 500));
}

async function emptyMessage(world: World): Promise<void> {
  const { client, server } = await world.stream();
  await client.send(frame(""));
  await client.send(frame("x"));
  await server.send(frame(""));
  await server.send(frame("y"));
  assert.deepEqual(await collect(server, 2), ["", "x"]);
  assert.deepEqual(await collect(client, 2), ["", "y"]);
}

async function clientHalfClose(world: World): Promise<void> {
  const { client, server } = await world.stream();
  await sendAll(client, "up", 3);
  client.closeSend();
  assert.deepEqual(await collect(server), numbered("up", 3));
  const [down] = await Promise.all([
    collect(client),
    sendAll(server, "down", 100).then(() => server.closeSend()),
  ]);
  assert.deepEqual(down, numbered("down", 100));
}

async function serverHalfClose(world: World): Promise<void> {
  const { client, server } = await world.stream();
  await sendAll(server, "down", 3);
  server.closeSend();
  assert.deepEqual(await collect(client), numbered("down", 3));
  const [up] = await Promise.all([
    collect(server),
    sendAll(client, "up", 100).then(() => client.closeSend()),
  ]);
  assert.deepEqual(up, numbered("up", 100));
}

async function sentBeforeEnd(world: World): Promise<void> {
  const { client, server } = await world.stream();
  for (let i = 0; i < 20; i++) void server.send(frame(`down${i}`));
  server.closeSend();
  client.closeSend();
  assert.deepEqual(await collect(client), numbered("down", 20));
  assert.deepEqual(await collect(server), []);
}

async function bothClosed(world: World): Promise<void> {
  const { client, server, session } = await world.stream();
  for (const end of [client, server]) end.onAbort((reason) => assert.fail(`broken: ${reason.message}`));
  client.closeSend();
  server.closeSend();
  assert.deepEqual(await Promise.all([collect(client), collect(server)]), [[], []]);
  assert.equal(session.active, 0);
  client.abort(new Error("after the end"));
  await call(await world.dial(await world.serve()), message("a round, so that an abort had time to travel"));
}

async function answeredWithReply(world: World): Promise<void> {
  const [session] = await world.pair((exchange) => exchange.reply(replyTo(exchange.first, "refused")));
  const client = await session.open();
  await client.send(frame("first"));
  assert.deepEqual(await collect(client, 1), ["refused"]);
  client.abort(new Error("seen enough"));
}

async function clientAborts(world: World): Promise<void> {
  await fastest("breaking the server's side", 50, async () => {
    const { client, server, exchange } = await world.stream();
    const told = Promise.all([
      once<Error>("the stream's onAbort", (listener) => server.onAbort(listener)),
      once<Error>("the exchange's onAbort", (listener) => exchange.onAbort(listener)),
    ]);
    const broken = readToBreak(server);
    const begin = performance.now();
    client.abort(new Error("no longer needed"));
    await told;
    const took = performance.now() - begin;
    assert.equal((await broken).code, "UNAVAILABLE");
    await rejects(sending(server), "UNAVAILABLE");
    await failure(sending(client)).then((error) => assert.ok(error instanceof Error));
    return took;
  });
}

async function serverAborts(world: World): Promise<void> {
  await fastest("breaking the client's side", 50, async () => {
    const { client, server } = await world.stream();
    const told = once<Error>("the client's onAbort", (listener) => client.onAbort(listener));
    const broken = readToBreak(client);
    const begin = performance.now();
    server.abort(new Error("out of order"));
    await told;
    const took = performance.now() - begin;
    assert.equal((await broken).code, "UNAVAILABLE");
    await rejects(sending(client), "UNAVAILABLE");
    await failure(sending(server)).then((error) => assert.ok(error instanceof Error));
    return took;
  });
}

/** A send as a promise, however it fails. */
async function sending(stream: TransportStream): Promise<void> {
  await stream.send(frame("more"));
}

async function abortTwice(world: World): Promise<void> {
  const { client, server } = await world.stream();
  let times = 0;
  server.onAbort(() => times++);
  const broken = readToBreak(server);
  client.abort(new Error("once"));
  client.abort(new Error("twice"));
  await broken;
  server.abort(new Error("me too"));
  client.closeSend();
  await call(await world.dial(await world.serve()), message("a round, so that an abort had time to travel"));
  assert.equal(times, 1);
}

async function manyStreams(world: World): Promise<void> {
  const serve = async (exchange: IncomingExchange): Promise<void> => {
    const stream = exchange.accept();
    const name = textOf(exchange.first);
    for (let i = 0; i < 20; i++) await stream.send(frame(`${name}/${i}`));
  };
  const listener = await world.serve((exchange) => void serve(exchange));
  const first = await world.dial(listener);
  const run = async (name: string): Promise<void> => {
    const session = first.maxConcurrent >= 30 ? first : await world.dial(listener);
    const stream = await session.open();
    await stream.send(frame(name));
    assert.deepEqual(await collect(stream, 20), numbered(`${name}/`, 20));
    stream.abort(new Error("seen enough"));
  };
  await Promise.all(Array.from({ length: 30 }, (_, i) => run(`stream${i}`)));
}

async function shared(world: World): Promise<void> {
  const streams = Promise.withResolvers<TransportStream>();
  const listener = await world.serve((exchange) => {
    if (textOf(exchange.first) === "stream") streams.resolve(exchange.accept());
    else exchange.reply(replyTo(exchange.first, exchange.first.body));
  });
  const session = await world.dial(listener);
  const client = await session.open();
  await client.send(frame("stream"));
  const server = await within("the stream", streams.promise);
  const caller = session.maxConcurrent > 1 ? session : await world.dial(listener);
  for (let i = 0; i < 50; i++) {
    await server.send(frame(`s${i}`));
    assert.equal(textOf(await call(caller, message(`c${i}`))), `c${i}`);
  }
  assert.deepEqual(await collect(client, 50), numbered("s", 50));
}
