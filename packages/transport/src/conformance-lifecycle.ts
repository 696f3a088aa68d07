import assert from "node:assert/strict";
import { type ConformanceCase, eventually, within } from "@micro/core/conformance";
import {
  call,
  collect,
  echo,
  failed,
  failure,
  frame,
  inWorld,
  message,
  once,
  readToBreak,
  rejects,
  replyTo,
  staysOpen,
  succeeded,
  type TransportHarness,
  textOf,
  World,
} from "./conformance-world.ts";
import type { IncomingExchange } from "./transport.ts";

/** Dialling, draining, closing and what breaks. */
export function lifecycleCases(harness: TransportHarness): readonly ConformanceCase[] {
  return [
    inWorld(harness, "dialling nobody is UNAVAILABLE, and safe to repeat", dialNobody),
    inWorld(harness, "an aborted signal ends dialling", dialAborted),
    ...(harness.silentPeer === undefined
      ? []
      : [inWorld(harness, "dialling a silent peer ends with TIMEOUT", dialSilent)]),
    inWorld(harness, "a taken address is a CONFLICT, and free again after close", takenAddress),
    inWorld(harness, "transports of one harness reach each other", (world) => twoTransports(world)),
    inWorld(harness, "a peer that dies breaks calls, streams and the session", peerDies),
    inWorld(harness, "a caller that dies is noticed by the server", callerDies),
    inWorld(harness, "a session that is closed takes nothing new", closedSession),
    inWorld(harness, "draining lets running exchanges end and takes nothing new", drain),
    inWorld(harness, "an idle session learns of draining", drainIdle),
    inWorld(harness, "a listener closes after running exchanges, within its grace", listenerGrace),
    inWorld(harness, "a session closes after running exchanges, within its grace", sessionGrace),
    inWorld(harness, "closing does not wait longer than its grace", graceEnds),
    inWorld(harness, "closing is idempotent", closeTwice),
    inWorld(harness, "stopping the transport closes what it has", stopClosesAll),
    inWorld(harness, "nothing is left open after close", noLeaks),
  ];
}

async function dialNobody(world: World): Promise<void> {
  const listener = await world.serve();
  await listener.close();
  await rejects(within("dial", world.transport.dial(listener.address)), "UNAVAILABLE", { notSent: true });
}

async function dialAborted(world: World): Promise<void> {
  const listener = await world.serve();
  const signal = AbortSignal.abort(new Error("given up"));
  failed("dial", await failure(within("dial", world.transport.dial(listener.address, { signal }))));
}

async function dialSilent(world: World): Promise<void> {
  const peer = await world.harness.silentPeer?.();
  assert.ok(peer !== undefined);
  try {
    await rejects(within("dial", world.transport.dial(peer.address, { timeoutMs: 100 })), "TIMEOUT", {
      notSent: true,
    });
  } finally {
    await peer.close();
  }
}

async function takenAddress(world: World): Promise<void> {
  const listener = await world.serve();
  await rejects(within("listen", world.transport.listen(listener.address, echo)), "CONFLICT");
  await listener.close();
  const again = await within("listen again", world.transport.listen(listener.address, echo));
  assert.equal(again.address, listener.address);
  await again.close();
}

async function twoTransports(world: World): Promise<void> {
  const listener = await world.serve();
  const transport = await world.harness.create();
  await transport.start?.({ signal: new AbortController().signal });
  const other = new World(world.harness, transport);
  assert.equal(textOf(await call(await other.dial(listener), message("hello"))), "hello");
  await other.close();
  await transport.stop?.({ graceMs: 0 });
}

/** A server that never answers, a call and a stream to it, each running. */
async function running(world: World) {
  const arrived: IncomingExchange[] = [];
  const both = Promise.withResolvers<void>();
  const listener = await world.serve((exchange) => {
    arrived.push(exchange);
    if (arrived.length === 2) both.resolve();
  });
  const session = await world.dial(listener);
  const other = session.maxConcurrent > 1 ? session : await world.dial(listener);
  const outcome = failure(call(session, message("call")));
  const stream = await other.open();
  await stream.send(frame("stream"));
  await within("call and stream", both.promise);
  const find = (text: string) => arrived.find(({ first }) => textOf(first) === text) as IncomingExchange;
  const server = find("stream").accept();
  return { listener, session, other, outcome, stream, server, exchange: find("call") };
}

async function peerDies(world: World): Promise<void> {
  const { listener, session, other, outcome, stream } = await running(world);
  let closes = 0;
  session.onClose(() => closes++);
  const told = once("the stream's onAbort", (done: (reason: Error) => void) => stream.onAbort(done));
  const broken = readToBreak(stream);
  await within("close", listener.close());
  const error = failed("the call", await outcome, "UNAVAILABLE");
  assert.equal(error.notSent, false, "the call had reached the server");
  assert.equal((await broken).code, "UNAVAILABLE");
  await told;
  await eventually(() => assert.deepEqual([session.usable, other.usable, closes], [false, false, 1]));
  await rejects(call(session, message("again")), "UNAVAILABLE", { notSent: true });
}

async function callerDies(world: World): Promise<void> {
  const { session, other, outcome, server, exchange } = await running(world);
  const told = Promise.all([
    once("the call's onAbort", (done: (reason: Error) => void) => exchange.onAbort(done)),
    once("the stream's onAbort", (done: (reason: Error) => void) => server.onAbort(done)),
    readToBreak(server),
  ]);
  await Promise.all([session.close(), other.close()]);
  await told;
  assert.ok((await outcome) instanceof Error);
}

async function closedSession(world: World): Promise<void> {
  const [session] = await world.pair();
  let reason: Error | undefined | "not called" = "not called";
  session.onClose((given) => {
    reason = given;
  });
  await session.close();
  assert.equal(session.usable, false);
  assert.equal(reason, undefined);
  await rejects(call(session, message("x")), "UNAVAILABLE", { notSent: true });
  await rejects(within("open", session.open()), "UNAVAILABLE");
}

async function drain(world: World): Promise<void> {
  const { listener, session, outcome, stream, server, exchange } = await running(world);
  listener.drain();
  listener.drain();
  if (session.maxConcurrent > 1) await eventually(() => assert.equal(session.usable, false));
  await refusesNew(world, listener.address);
  for (let i = 0; i < 10; i++) {
    await stream.send(frame(`up${i}`));
    await server.send(frame(`down${i}`));
  }
  assert.equal((await collect(server, 10)).length, 10);
  assert.equal((await collect(stream, 10)).length, 10);
  exchange.reply(replyTo(exchange.first, "finished"));
  const reply = succeeded("the running call", await outcome);
  assert.equal(textOf(reply), "finished");
  await eventually(() => assert.equal(session.usable, false));
}

/** A new session is refused, or comes and cannot be used. */
async function refusesNew(world: World, address: string): Promise<void> {
  const metadata = world.harness.metadata ?? world.transport.metadata;
  const session = await failure(within("dial", world.transport.dial(address, { metadata })));
  if (session instanceof Error) {
    failed("dial", session, "UNAVAILABLE");
    return;
  }
  try {
    await eventually(() => assert.equal(session.usable, false, "a draining server took a new session"));
  } finally {
    await session.close();
  }
}

async function drainIdle(world: World): Promise<void> {
  const [session, listener] = await world.pair();
  await call(session, message("x"));
  const closed = once("onClose", session.onClose.bind(session));
  listener.drain();
  await closed;
  assert.equal(session.usable, false);
}

async function listenerGrace(world: World): Promise<void> {
  const { listener, outcome, stream, exchange } = await running(world);
  stream.abort(new Error("only the call stays"));
  const closed = listener.close({ graceMs: 5000 });
  assert.ok(await staysOpen(closed, 50), "close did not wait for the running call");
  exchange.reply(replyTo(exchange.first, "finished"));
  succeeded("the running call", await outcome);
  await within("close", closed, 2000);
}

async function sessionGrace(world: World): Promise<void> {
  const held = Promise.withResolvers<IncomingExchange>();
  const [session] = await world.pair((exchange) => held.resolve(exchange));
  const outcome = failure(call(session, message("x")));
  const exchange = await within("the call", held.promise);
  const closed = session.close({ graceMs: 5000 });
  assert.equal(session.usable, false);
  assert.ok(await staysOpen(closed, 50), "close did not wait for the running call");
  exchange.reply(replyTo(exchange.first, "finished"));
  succeeded("the running call", await outcome);
  await within("close", closed, 2000);
}

async function graceEnds(world: World): Promise<void> {
  const { listener, session, other, outcome, stream } = await running(world);
  const broken = readToBreak(stream);
  await within("close", listener.close({ graceMs: 50 }), 2000);
  assert.ok((await outcome) instanceof Error);
  await broken;
  await within("close", Promise.all([session.close({ graceMs: 50 }), other.close({ graceMs: 50 })]), 2000);
}

async function closeTwice(world: World): Promise<void> {
  const [session, listener] = await world.pair();
  let closes = 0;
  session.onClose(() => closes++);
  await within("close", Promise.all([session.close(), session.close({ graceMs: 10 })]));
  await within("close", session.close());
  await within("close", Promise.all([listener.close(), listener.close({ graceMs: 10 })]));
  await within("close", listener.close());
  listener.drain();
  assert.equal(closes, 1);
}

async function stopClosesAll(world: World): Promise<void> {
  const { session, outcome, stream, listener } = await running(world);
  const broken = readToBreak(stream);
  const { transport } = world;
  await within("stop", Promise.resolve(transport.stop?.({ graceMs: 0 })));
  assert.ok((await outcome) instanceof Error);
  await broken;
  assert.equal(session.usable, false);
  await within("stop again", Promise.resolve(transport.stop?.({ graceMs: 0 })));
  const other = await world.harness.create();
  await rejects(within("dial", other.dial(listener.address)), "UNAVAILABLE");
  await other.stop?.({ graceMs: 0 });
}

/** Sockets and servers of this process. */
function openHandles(): number {
  return process.getActiveResourcesInfo().filter((kind) => /TCP|UDP|Pipe|TLS/i.test(kind)).length;
}

async function noLeaks(world: World): Promise<void> {
  const before = openHandles();
  for (let round = 0; round < 5; round++) {
    const listener = await world.serve();
    const sessions = await Promise.all(Array.from({ length: 10 }, () => world.dial(listener)));
    await Promise.all(sessions.map((session) => call(session, message("x"))));
    // Half of them are closed by the caller, the others by the server.
    await Promise.all(sessions.slice(5).map((session) => session.close()));
    await listener.close();
    await eventually(() => assert.ok(sessions.every(({ usable }) => !usable)));
  }
  await eventually(() => assert.ok(openHandles() <= before, `${openHandles()} handles, ${before} before`));
}
