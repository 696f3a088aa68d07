import { MicroError } from "@micro/core";
import { eventually, within } from "@micro/core/conformance";
import type { IncomingExchange, TransportStream } from "@micro/transport";
import { beforeEach, expect, test } from "vitest";
import { udpProxy } from "./testing/udp-proxy.ts";
import {
  call,
  echo,
  loopbackCertificates,
  message,
  textOf,
  whyNoDriver,
  withTransport,
} from "./testing/world.ts";

const missing = await whyNoDriver();
beforeEach((context) => {
  if (missing !== undefined) context.skip(missing);
});

const tls = await loopbackCertificates();

/** A promise of the first exchange, and how to take it. */
function firstExchange() {
  const { promise, resolve } = Promise.withResolvers<IncomingExchange>();
  return { exchange: within("an exchange", promise), onExchange: resolve };
}

/** How a promise failed. */
async function errorOf(promise: Promise<unknown>): Promise<MicroError> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!MicroError.is(outcome)) throw new Error(`a MicroError was expected, not ${String(outcome)}`);
  return outcome;
}

/** Sends until the stream asks to wait and nothing moves. */
async function fill(stream: TransportStream, chunk: Uint8Array): Promise<void> {
  for (;;) {
    const room = stream.send(message(chunk));
    if (room === undefined) continue;
    let timer: NodeJS.Timeout | undefined;
    const stuck = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(true), 50);
    });
    const full = await Promise.race([stuck, room.then(() => false)]);
    clearTimeout(timer);
    if (full) return;
  }
}

test("streams whose readers take nothing delay nobody: no head-of-line blocking by windows", async () => {
  const slow: IncomingExchange[] = [];
  await withTransport({ tls, streamWindow: "16KiB" }, async ({ listen, dial }) => {
    const listener = await listen((exchange) => {
      if (textOf(exchange.first) === "slow") slow.push(exchange);
      else echo(exchange);
    });
    const session = await dial(listener);
    for (let at = 0; at < 16; at++) {
      const stream = await session.open();
      await stream.send(message("slow"));
      await eventually(() => expect(slow.length).toBe(at + 1));
      slow[at]?.accept();
      await fill(stream, new Uint8Array(8 * 1024));
    }
    expect(session.active).toBe(16);
    // Sixteen full windows later, everybody else goes on as if they were not there.
    const body = new Uint8Array(20 * 1024).fill(1);
    const replies = await within(
      "100 calls",
      Promise.all(Array.from({ length: 100 }, () => call(session, message(body)))),
    );
    expect(replies.every((reply) => reply.body.length === body.length)).toBe(true);
  });
});

test("a lost datagram delays the stream it belongs to and no other: no head-of-line blocking by the network", async () => {
  await withTransport({ tls }, async ({ listen, transport }) => {
    const proxy = await udpProxy((await listen()).address);
    const session = await transport.dial(proxy.address);
    await call(session, message("warm"));
    const delayMs = 60;
    proxy.delayMs = delayMs;
    const ended: string[] = [];
    // The next large datagram to the server, one of the first call, is lost.
    let lost = 0;
    proxy.pass = (way, datagram) => way === "down" || datagram.length < 1000 || lost++ > 0;
    const first = call(session, message(new Uint8Array(4000))).then(() => ended.push("holed"));
    await eventually(() => expect(lost).toBeGreaterThan(0), { intervalMs: 1 });
    const others = Array.from({ length: 10 }, () =>
      call(session, message("x")).then(() => ended.push("other")),
    );
    await within("all", Promise.all([first, ...others]));
    expect(ended).toEqual([...Array.from({ length: 10 }, () => "other"), "holed"]);
    await session.close();
    await proxy.close();
  });
});

test("over a network that loses every twentieth datagram and delays the others, all arrives as it was sent", async () => {
  await withTransport({ tls }, async ({ listen, transport }) => {
    const proxy = await udpProxy((await listen()).address);
    let count = 0;
    proxy.delayMs = 2;
    proxy.pass = () => ++count % 20 !== 0;
    const session = await transport.dial(proxy.address);
    const lane = async (first: number): Promise<void> => {
      for (let at = first; at < first + 4; at++) {
        const body = new Uint8Array(20_000).fill(at);
        const reply = await call(session, message(body));
        expect(Buffer.compare(reply.body, body), `call ${at}`).toBe(0);
      }
    };
    await within("40 calls", Promise.all(Array.from({ length: 10 }, (_, at) => lane(4 * at))), 12_000);
    expect(count).toBeGreaterThan(1000);
    await session.close();
    await proxy.close();
  });
});

test("resets are cancellations, both ways", async () => {
  const server = firstExchange();
  await withTransport({ tls }, async ({ listen, dial }) => {
    const session = await dial(await listen(server.onExchange));
    const giveUp = session.call(message("x"), () => expect.unreachable("done was called after giving up"));
    const exchange = await server.exchange;
    const told = new Promise<Error>((resolve) => exchange.onAbort(resolve));
    giveUp(new Error("no longer needed"));
    const reason = await within("onAbort", told);
    expect(reason).toMatchObject({ code: "CANCELLED" });
    expect(session.active).toBe(0);
  });
  const other = firstExchange();
  await withTransport({ tls }, async ({ listen, dial }) => {
    const session = await dial(await listen(other.onExchange));
    const outcome = errorOf(call(session, message("x")));
    (await other.exchange).accept().abort(new Error("out of order"));
    expect(await within("the call's end", outcome)).toMatchObject({ code: "UNAVAILABLE", notSent: false });
    expect(session.usable).toBe(true);
  });
});

test("a call that a server answers as a stream gets its first message; a server that only ends it gives an error", async () => {
  await withTransport({ tls }, async ({ listen, dial }) => {
    const session = await dial(
      await listen((exchange) => {
        const stream = exchange.accept();
        if (textOf(exchange.first) === "two")
          for (const text of ["one", "two"]) void stream.send(message(text));
        stream.closeSend();
      }),
    );
    expect(textOf(await call(session, message("two")))).toBe("one");
    expect(await errorOf(call(session, message("none")))).toMatchObject({
      code: "UNAVAILABLE",
      notSent: false,
    });
    expect(session.active).toBe(0);
  });
});

test("a peer that falls silent is given up after ping_timeout, on both sides", async () => {
  const server = firstExchange();
  await withTransport({ tls, pingTimeout: "1s" }, async ({ listen, transport }) => {
    const proxy = await udpProxy((await listen(server.onExchange)).address);
    const session = await transport.dial(proxy.address);
    const outcome = errorOf(call(session, message("x")));
    const exchange = await server.exchange;
    const told = new Promise<Error>((resolve) => exchange.onAbort(resolve));
    // Pings keep a connection alive on which nothing comes for much longer than that.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(session.usable).toBe(true);
    proxy.pass = () => false;
    const begin = performance.now();
    const error = await within("the call's end", outcome);
    expect(performance.now() - begin).toBeLessThan(4000);
    expect(error).toMatchObject({ code: "UNAVAILABLE", notSent: false });
    expect(error.detail).toMatch(/silent for 1000 ms/);
    expect(session.usable).toBe(false);
    expect(await within("the server's onAbort", told)).toMatchObject({ code: "UNAVAILABLE" });
    await proxy.close();
  });
});

test("a connection on which nothing runs is closed after idle_timeout, by either side", async () => {
  for (const side of ["client", "server"] as const) {
    const server = firstExchange();
    const config = (name: string) => ({ tls, ...(name === side ? { idleTimeout: "150ms" } : {}) });
    await withTransport(config("server"), ({ listen }) =>
      withTransport(config("client"), async ({ dial }) => {
        const session = await dial(await listen(server.onExchange));
        const closed = new Promise<void>((resolve) => session.onClose(() => resolve()));
        const reply = call(session, message("x"));
        const exchange = await server.exchange;
        await new Promise((resolve) => setTimeout(resolve, 400));
        // Not while something runs.
        expect(session.usable).toBe(true);
        exchange.reply(message("late"));
        expect(textOf(await reply)).toBe("late");
        await within(`the end, by the ${side}`, closed, 2000);
        expect(session.usable).toBe(false);
      }),
    );
  }
});

test("a handshake that does not come to its end is dropped on both sides", async () => {
  await withTransport({ tls, handshakeTimeout: "200ms" }, async ({ listen, transport, logged }) => {
    const proxy = await udpProxy((await listen()).address);
    let answers = 0;
    // The retry passes; what the server says afterwards does not.
    proxy.pass = (way) => way === "up" || answers++ === 0;
    const error = await errorOf(transport.dial(proxy.address, { timeoutMs: 300 }));
    expect(error).toMatchObject({ code: "TIMEOUT", notSent: true });
    await eventually(() => expect(logged.join()).toMatch(/handshake failed.*handshake_timeout, 200 ms/));
    await proxy.close();
  });
});

test("more connections than max_connections are refused, in words and at once", async () => {
  await withTransport({ tls, maxConnections: 2 }, async ({ listen, dial, logged }) => {
    const listener = await listen();
    const sessions = [await dial(listener), await dial(listener)];
    const error = await errorOf(within("the refusal", dial(listener), 2000));
    expect(error).toMatchObject({ code: "UNAVAILABLE", notSent: true });
    expect(error.detail).toMatch(/as many connections as it takes/);
    expect(logged.filter((text) => text.includes("max_connections")).length).toBe(1);
    await sessions[0]?.close();
    await eventually(async () => {
      await (await dial(listener)).close();
    });
  });
});

test("exchanges beyond max_concurrent are refused before they are sent; in turn any number runs", async () => {
  const held: IncomingExchange[] = [];
  await withTransport({ tls, maxConcurrent: 2 }, async ({ listen, dial }) => {
    const session = await dial(
      await listen((exchange) => {
        if (textOf(exchange.first) === "hold") held.push(exchange);
        else echo(exchange);
      }),
    );
    expect(session.maxConcurrent).toBe(2);
    for (let at = 0; at < 300; at++) expect(textOf(await call(session, message(`${at}`)))).toBe(`${at}`);
    const replies = [call(session, message("hold")), call(session, message("hold"))];
    const error = await errorOf(call(session, message("third")));
    expect(error).toMatchObject({ code: "RESOURCE_EXHAUSTED", notSent: true });
    expect(error.detail).toMatch(/max_concurrent/);
    await eventually(() => expect(held.length).toBe(2));
    for (const exchange of held) exchange.reply(message("done"));
    expect((await Promise.all(replies)).map(textOf)).toEqual(["done", "done"]);
  });
});

test("what was answered is delivered before a listener that closes is gone", async () => {
  const server = firstExchange();
  await withTransport({ tls }, async ({ listen, dial }) => {
    const listener = await listen(server.onExchange);
    const session = await dial(listener);
    const reply = call(session, message("x"));
    const exchange = await server.exchange;
    exchange.reply(message(new Uint8Array(4 * 1024 * 1024)));
    const closed = listener.close({ graceMs: 10_000 });
    expect((await within("the reply", reply, 10_000)).body.length).toBe(4 * 1024 * 1024);
    await within("the close", closed);
    expect(session.usable).toBe(false);
  });
});

test("what was sent is delivered before a session that closes is gone", async () => {
  const server = firstExchange();
  await withTransport({ tls }, async ({ listen, dial }) => {
    const session = await dial(await listen(server.onExchange));
    const stream = await session.open();
    await stream.send(message("first"));
    const accepted = (await server.exchange).accept();
    accepted.closeSend();
    for await (const _ of stream.messages) expect.unreachable("the server sent nothing");
    void stream.send(message(new Uint8Array(2 * 1024 * 1024)));
    stream.closeSend();
    const closed = session.close({ graceMs: 5000 });
    const got: number[] = [];
    for await (const { body } of accepted.messages) got.push(body.length);
    expect(got).toEqual([2 * 1024 * 1024]);
    await within("the close", closed);
  });
});

test("addresses: names, both families, every interface", async () => {
  await withTransport({ tls }, async ({ listen, transport }) => {
    for (const [bind, ...hosts] of [
      ["127.0.0.1:0", "127.0.0.1", "localhost"],
      ["[::1]:0", "[::1]"],
      ["localhost:0", "localhost"],
      [":0", "127.0.0.1", "[::1]", "localhost", ""],
    ] as const) {
      const listener = await listen(echo, bind);
      const port = listener.address.slice(listener.address.lastIndexOf(":") + 1);
      for (const host of hosts) {
        const session = await transport.dial(`${host}:${port}`);
        expect(textOf(await call(session, message(host))), `${bind} ${host}`).toBe(host);
        await session.close();
      }
      await listener.close();
    }
    expect(await errorOf(transport.listen("nowhere.invalid:0", echo))).toMatchObject({ code: "UNAVAILABLE" });
    expect(await errorOf(transport.dial("nowhere.invalid:1"))).toMatchObject({
      code: "UNAVAILABLE",
      notSent: true,
    });
    expect(await errorOf(transport.dial("no address"))).toMatchObject({ code: "BAD_REQUEST" });
  });
});
