import assert from "node:assert/strict";
import { type ConformanceCase, within } from "@micro/core/conformance";
import {
  call,
  fastest,
  inWorld,
  message,
  once,
  replyTo,
  type TransportHarness,
  textOf,
  type World,
} from "./conformance-world.ts";
import type { IncomingExchange, Session } from "./transport.ts";

/** What {@link Session.call} promises. */
export function callCases(harness: TransportHarness): readonly ConformanceCase[] {
  return [
    inWorld(harness, "a call carries header and body there and back", headerAndBody),
    inWorld(harness, "a reply may be given later", laterReply),
    inWorld(harness, "done is called later, never inside call", doneLater),
    inWorld(harness, "many calls at once each get their own reply", manyAtOnce),
    inWorld(harness, "1,000 calls one after the other", sequential),
    inWorld(harness, "an empty body stays empty, both ways", emptyBody),
    inWorld(harness, "every byte arrives as it was sent", everyByte),
    inWorld(harness, "header values keep their unicode", unicodeHeader),
    inWorld(harness, "header keys do not depend on case", headerCase),
    inWorld(harness, "active counts what runs", activeCount),
    inWorld(harness, "a caller that gives up tells the server within 50 ms and hears no more", givingUp),
    inWorld(harness, "a late reply to a call that was given up disturbs no other", lateReply),
    inWorld(harness, "giving up before the request left is harmless", givingUpAtOnce),
    inWorld(harness, "a server serves many sessions, and tells them apart", manySessions),
    inWorld(harness, "two listeners of one transport do not mix", twoListeners),
  ];
}

async function headerAndBody(world: World): Promise<void> {
  const seen = Promise.withResolvers<IncomingExchange>();
  const [session, listener] = await world.pair((exchange) => {
    seen.resolve(exchange);
    exchange.reply(replyTo(exchange.first, "pong", { "X-From": "server" }));
  });
  const reply = await call(session, message("ping", { "X-From": "client" }));
  const exchange = await within("the server sees the call", seen.promise);
  assert.equal(textOf(exchange.first), "ping");
  assert.equal(exchange.first.header.get("x-from"), "client");
  assert.equal(textOf(reply), "pong");
  assert.equal(reply.header.get("x-from"), "server");
  assert.equal(reply.header.get("content-type"), "application/octet-stream");
  assert.equal(exchange.local, listener.address);
  assert.notEqual(exchange.remote, "");
}

async function laterReply(world: World): Promise<void> {
  const [session] = await world.pair((exchange) => {
    setTimeout(() => exchange.reply(replyTo(exchange.first, "late")), 20);
  });
  assert.equal(textOf(await call(session, message("now"))), "late");
}

async function doneLater(world: World): Promise<void> {
  const [session] = await world.pair();
  for (let round = 0; round < 2; round++) {
    let inside = true;
    const early = Promise.withResolvers<boolean>();
    session.call(message("x"), () => early.resolve(inside));
    inside = false;
    assert.equal(await within("done", early.promise), false, "done was called inside call");
    // The second round: the same for a call that cannot be made.
    await session.close();
  }
}

async function manyAtOnce(world: World): Promise<void> {
  const waiting: (() => void)[] = [];
  const listener = await world.serve((exchange) => {
    waiting.push(() => exchange.reply(replyTo(exchange.first, `re: ${textOf(exchange.first)}`)));
    // The last come first, so that a transport that matches replies by their order is caught.
    setImmediate(() => waiting.pop()?.());
  });
  const first = await world.dial(listener);
  const sessions = [first];
  while (sessions.length * first.maxConcurrent < 200 && sessions.length < 20) {
    sessions.push(await world.dial(listener));
  }
  let sent = 0;
  const worker = async (session: Session): Promise<void> => {
    while (sent < 200) {
      const text = `call ${sent++}`;
      assert.equal(textOf(await call(session, message(text))), `re: ${text}`);
    }
  };
  const lanes = Math.min(first.maxConcurrent, 200);
  await Promise.all(sessions.flatMap((session) => Array.from({ length: lanes }, () => worker(session))));
}

async function sequential(world: World): Promise<void> {
  const [session] = await world.pair();
  for (let i = 0; i < 1000; i++) assert.equal(textOf(await call(session, message(`n${i}`))), `n${i}`);
  assert.equal(session.usable, true);
  assert.equal(session.active, 0);
}

async function emptyBody(world: World): Promise<void> {
  let length: number | undefined;
  const [session] = await world.pair((exchange) => {
    length = exchange.first.body.length;
    exchange.reply(replyTo(exchange.first, ""));
  });
  for (let round = 0; round < 3; round++) {
    assert.equal((await call(session, message(""))).body.length, 0);
    assert.equal(length, 0);
  }
}

async function everyByte(world: World): Promise<void> {
  const [session] = await world.pair();
  const body = Uint8Array.from({ length: 1024 }, (_, i) => i & 255);
  assert.deepEqual([...(await call(session, message(body))).body], [...body]);
}

async function unicodeHeader(world: World): Promise<void> {
  const text = "Grüße, 世界 🚀 – “ok”";
  let seen: string | undefined;
  const [session] = await world.pair((exchange) => {
    seen = exchange.first.header.get("x-text");
    exchange.reply(replyTo(exchange.first, "", { "X-Text": text }));
  });
  const reply = await call(session, message("", { "X-Text": text }));
  assert.equal(seen, text);
  assert.equal(reply.header.get("x-text"), text);
}

async function headerCase(world: World): Promise<void> {
  const seen: (string | undefined)[] = [];
  const [session] = await world.pair((exchange) => {
    for (const key of ["foo-bar", "Foo-Bar", "FOO-BAR"]) seen.push(exchange.first.header.get(key));
    exchange.reply(replyTo(exchange.first, "", { "fOO-bAR": "back" }));
  });
  const reply = await call(session, message("", { "FoO-BaR": "there" }));
  assert.deepEqual(seen, ["there", "there", "there"]);
  assert.equal(reply.header.get("Foo-Bar"), "back");
}

async function activeCount(world: World): Promise<void> {
  const held = Promise.withResolvers<IncomingExchange>();
  const [session] = await world.pair((exchange) => held.resolve(exchange));
  assert.equal(session.active, 0);
  const answer = call(session, message("x"));
  assert.equal(session.active, 1);
  const exchange = await within("the call", held.promise);
  exchange.reply(replyTo(exchange.first, "y"));
  await answer;
  assert.equal(session.active, 0);
}

async function givingUp(world: World): Promise<void> {
  await fastest("telling the server", 50, async () => {
    const seen = Promise.withResolvers<IncomingExchange>();
    const [session] = await world.pair((exchange) => seen.resolve(exchange));
    let called = false;
    const giveUp = session.call(message("x"), () => {
      called = true;
    });
    const exchange = await within("the call", seen.promise);
    const told = once<Error>("the server is told", (listener) => exchange.onAbort(listener));
    const begin = performance.now();
    giveUp(new Error("no longer needed"));
    assert.ok((await told) instanceof Error);
    const took = performance.now() - begin;
    // A reply that comes too late is no error.
    exchange.reply(replyTo(exchange.first, "too late"));
    if (session.usable) assert.equal(session.active, 0);
    await session.close();
    assert.equal(called, false, "done was called after giving up");
    return took;
  });
}

async function lateReply(world: World): Promise<void> {
  const held: IncomingExchange[] = [];
  const arrived = Promise.withResolvers<void>();
  const listener = await world.serve((exchange) => {
    if (textOf(exchange.first) === "hold") {
      held.push(exchange);
      arrived.resolve();
    } else exchange.reply(replyTo(exchange.first, exchange.first.body));
  });
  const session = await world.dial(listener);
  session.call(message("hold"), () => assert.fail("done was called after giving up"))(new Error("gone"));
  const giveUp = session.usable
    ? session.call(message("hold"), () => assert.fail("done was called after giving up"))
    : undefined;
  if (giveUp !== undefined) {
    await within("the held call", arrived.promise);
    giveUp(new Error("gone"));
  }
  for (const exchange of held) exchange.reply(replyTo(exchange.first, "late"));
  const next = session.usable ? session : await world.dial(listener);
  for (let i = 0; i < 20; i++) assert.equal(textOf(await call(next, message(`n${i}`))), `n${i}`);
}

async function givingUpAtOnce(world: World): Promise<void> {
  const [session] = await world.pair();
  const giveUp = session.call(message("x"), () => assert.fail("done was called after giving up"));
  giveUp(new Error("at once"));
  giveUp(new Error("twice"));
  if (session.usable) assert.equal(textOf(await call(session, message("next"))), "next");
}

async function manySessions(world: World): Promise<void> {
  const remotes = new Set<string>();
  const listener = await world.serve((exchange) => {
    remotes.add(exchange.remote);
    exchange.reply(replyTo(exchange.first, exchange.first.body));
  });
  const sessions = await Promise.all(Array.from({ length: 20 }, () => world.dial(listener)));
  await Promise.all(
    sessions.map(async (session, i) => assert.equal(textOf(await call(session, message(`${i}`))), `${i}`)),
  );
  assert.equal(remotes.size, 20);
}

async function twoListeners(world: World): Promise<void> {
  const named = (name: string) => (exchange: IncomingExchange) =>
    exchange.reply(replyTo(exchange.first, name));
  const [a] = await world.pair(named("a"));
  const [b] = await world.pair(named("b"));
  assert.deepEqual(
    (await Promise.all([call(a, message()), call(b, message())])).map((reply) => textOf(reply)),
    ["a", "b"],
  );
}
