import { Metadata, type MicroError } from "@micro/core";
import { eventually, instantiate, within } from "@micro/core/conformance";
import { startNatsServer, startTcpProxy } from "@micro/servers";
import { sharedNatsServer } from "@micro/servers/vitest";
import type { IncomingExchange, Session, Transport, TransportMessage } from "@micro/transport";
import { afterEach, describe, expect, test } from "vitest";
import { natsTransport } from "../src/index.ts";
import { rawLink } from "./raw-link.ts";

const server = await sharedNatsServer();
const started: Transport[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map(async (transport) => transport.stop?.({ graceMs: 0 })));
});

async function open(
  config: Readonly<Record<string, unknown>> = {},
  address = server().address,
): Promise<Transport> {
  const quick = { addresses: [address], reconnectPause: "50ms", ...config };
  const transport = await instantiate(natsTransport, { config: quick });
  started.push(transport);
  await transport.start?.({ signal: new AbortController().signal });
  return transport;
}

const message = (text: string | Uint8Array, header: Record<string, string> = {}): TransportMessage => ({
  header: new Metadata(header),
  body: typeof text === "string" ? new TextEncoder().encode(text) : text,
});
const textOf = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
const echo = (exchange: IncomingExchange): void => exchange.reply(exchange.first);

function call(session: Session, request: TransportMessage): Promise<TransportMessage> {
  return within(
    "the call",
    new Promise((resolve, reject) => {
      session.call(request, (error, reply) => (reply === undefined ? reject(error) : resolve(reply)));
    }),
  );
}

/** A session as to one of our own peers. */
const dial = (transport: Transport, address: string): Promise<Session> =>
  transport.dial(address, { metadata: transport.metadata });

describe("the wire of Go Micro (spec 2.4)", () => {
  const REQUEST =
    '{"Header":{"Accept":"application/json","Content-Type":"application/json","Micro-Endpoint":"Greeter.Hello","Micro-Id":"0","Micro-Method":"Greeter.Hello","Micro-Service":"greeter","Timeout":"5000000000"},"Body":"eyJuYW1lIjoiZGlzYyJ9Cg=="}';
  const REPLY =
    '{"Header":{"Content-Type":"application/json","Micro-Id":"0","X-Micro-Id":"0"},"Body":"eyJtc2ciOiJIZWxsbyBkaXNjIiwibiI6NDJ9Cg=="}';

  test.each([
    ["22", REQUEST, "0"],
    ["26", REQUEST.replace("Micro-Id", "Micro-ID"), "0"],
  ])("a call of a client of generation %s is answered at its inbox", async (_, request, id) => {
    await using raw = await rawLink(server().address);
    const transport = await open();
    const seen: (string | undefined)[] = [];
    const { address } = await transport.listen(":0", (exchange) => {
      seen.push(exchange.first.header.get("micro-id"), textOf(exchange.first.body), exchange.remote);
      exchange.reply(
        message('{"msg":"Hello disc","n":42}\n', { "content-type": "application/json", "micro-id": id }),
      );
    });
    const replies: unknown[] = [];
    await raw.link.subscribe("_INBOX.go", {
      onMessage: ({ data }) => replies.push(JSON.parse(textOf(data))),
    });
    expect(address).toMatch(/^_INBOX\.\w+$/);
    raw.link.publish(address, new TextEncoder().encode(request), { reply: "_INBOX.go" });
    await eventually(() => expect(replies).toHaveLength(1));
    expect(seen).toEqual([id, '{"name":"disc"}\n', "_INBOX.go"]);
    // Both spellings, since each generation looks for its own (spec 2.4).
    expect(replies[0]).toEqual({
      Header: { "Content-Type": "application/json", "Micro-Id": "0", "Micro-ID": "0" },
      Body: "eyJtc2ciOiJIZWxsbyBkaXNjIiwibiI6NDJ9Cg==",
    });
  });

  test("a Go server gets its JSON, and its reply is read", async () => {
    await using raw = await rawLink(server().address);
    const requests: unknown[] = [];
    await raw.link.subscribe("go.greeter", {
      onMessage: ({ data, reply }) => {
        const request = JSON.parse(textOf(data));
        if (request.Header["Micro-Stream"] !== undefined) return;
        requests.push(request);
        raw.link.publish(reply ?? "", new TextEncoder().encode(REPLY));
      },
    });
    const transport = await open();
    const session = await transport.dial("go.greeter", { metadata: { protocol: "mucp" } });
    expect(session.maxConcurrent).toBe(1);
    const header = { "content-type": "application/json", "micro-id": "7", "micro-endpoint": "Greeter.Hello" };
    const reply = await call(session, message('{"name":"disc"}\n', header));
    expect(requests).toEqual([
      {
        Header: {
          "Content-Type": "application/json",
          "Micro-Id": "7",
          "Micro-ID": "7",
          "Micro-Endpoint": "Greeter.Hello",
        },
        Body: "eyJuYW1lIjoiZGlzYyJ9Cg==",
      },
    ]);
    expect([reply.header.get("micro-id"), textOf(reply.body)]).toEqual([
      "0",
      '{"msg":"Hello disc","n":42}\n',
    ]);
  });

  test("a Go client that is gone ends what runs for it, and a Go caller that is answered no more is told", async () => {
    await using raw = await rawLink(server().address);
    const transport = await open();
    const arrived: IncomingExchange[] = [];
    const listener = await transport.listen(":0", (exchange) => void arrived.push(exchange));
    const frame = REQUEST.replace('"Micro-Id"', '"Micro-Stream":"0","Micro-Id"');
    raw.link.publish(listener.address, new TextEncoder().encode(frame), { reply: "_INBOX.nobody" });
    await eventually(() => expect(arrived).toHaveLength(1));
    const stream = (arrived[0] as IncomingExchange).accept();
    const gone = new Promise<Error>((resolve) => stream.onAbort(resolve));
    await stream.send(message("1"));
    expect((await within("the break", gone)).message).toContain("the caller is gone");
    const told: string[] = [];
    await raw.link.subscribe("_INBOX.still", { onMessage: ({ data }) => void told.push(textOf(data)) });
    raw.link.publish(listener.address, new TextEncoder().encode(REQUEST), { reply: "_INBOX.still" });
    await eventually(() => expect(arrived).toHaveLength(2));
    await listener.close();
    await eventually(() => {
      expect(JSON.parse(told[0] ?? "{}")).toMatchObject({
        Header: { "Micro-Error": expect.stringContaining("closed") },
      });
    });
  });

  test("what is no message of either kind is logged, and the next one is served", async () => {
    await using raw = await rawLink(server().address);
    const transport = await open();
    const { address } = await transport.listen(":0", echo);
    const bad = [
      "",
      "{",
      "[]",
      '{"Header":1}',
      '{"Header":{"a":1}}',
      '{"Body":"*"}',
      "\u0001\u0003",
      "\u0001\u0001x",
    ];
    for (const text of bad)
      raw.link.publish(address, new TextEncoder().encode(text), { reply: "_INBOX.bad.1" });
    expect(textOf((await call(await dial(transport, address), message("good"))).body)).toBe("good");
  });
});

describe("errors are typed, and never a silent time-out", () => {
  test.each([
    ["one of our own peers", true],
    ["a Go peer", false],
  ])("nobody listens: %s that is gone is told by NATS at once", async (_, own) => {
    const [transport, other] = [await open(), await open()];
    const listener = await other.listen(":0", echo);
    const metadata = own ? transport.metadata : {};
    const session = await transport.dial(listener.address, { metadata });
    await call(session, message("here"));
    const begun = performance.now();
    await other.stop?.({ graceMs: 0 });
    const outcome = session.usable
      ? call(session, message("gone"))
      : transport.dial(listener.address, { metadata });
    await expect(outcome).rejects.toMatchObject({
      code: "UNAVAILABLE",
      notSent: true,
      detail: expect.stringMatching(/nobody listens at '_INBOX|takes no new/),
    });
    expect(performance.now() - begun).toBeLessThan(1000);
  });

  test("a call that waits learns within probe_interval that its peer has crashed", async () => {
    await using own = await startNatsServer();
    await using raw = await rawLink(own.address);
    // A peer that shakes hands, takes a call and goes.
    const taken = Promise.withResolvers<void>();
    const crash = await raw.link.subscribe("peer", {
      onMessage: ({ data, reply = "" }) => {
        if (data[1] === 1) raw.link.publish(reply.replace(/\.\d+$/, ""), ready());
        else if (data[1] === 3) taken.resolve();
      },
    });
    const transport = await open({ probeInterval: "50ms" }, own.address);
    const session = await dial(transport, "peer");
    const outcome = call(session, message("never answered")).catch((error: unknown) => error);
    await within("the call", taken.promise);
    crash.end();
    await raw.link.flush("the crash");
    const error = await outcome;
    expect(error).toMatchObject({ code: "UNAVAILABLE", notSent: false });
    expect((error as MicroError).detail).toContain("nobody listens at 'peer'");
    expect(session.usable).toBe(false);
  });

  test("a peer that is silent beyond peer_timeout is given up, naming the option", async () => {
    await using raw = await rawLink(server().address);
    await raw.link.subscribe("frozen", {
      onMessage: ({ data, reply = "" }) => {
        if (data[1] === 1) raw.link.publish(reply.replace(/\.\d+$/, ""), ready());
      },
    });
    const transport = await open({ probeInterval: "50ms", peerTimeout: "100ms" });
    const session = await dial(transport, "frozen");
    await expect(call(session, message("?"))).rejects.toMatchObject({
      code: "UNAVAILABLE",
      notSent: false,
      detail: expect.stringContaining("transport.peer_timeout, 100 ms"),
    });
  });

  test("a session that its peer does not know any more ends, and its calls are safe to repeat", async () => {
    await using raw = await rawLink(server().address);
    const impostor = await raw.link.subscribe("restarted", {
      onMessage: ({ data, reply = "" }) => {
        if (data[1] === 1) raw.link.publish(reply.replace(/\.\d+$/, ""), ready());
      },
    });
    const transport = await open();
    const session = await dial(transport, "restarted");
    impostor.end();
    await raw.link.flush("the end of the first");
    await (await open()).listen("restarted", echo);
    await expect(call(session, message("?"))).rejects.toMatchObject({
      code: "UNAVAILABLE",
      notSent: true,
      detail: "the peer has lost the session",
    });
    expect(textOf((await call(await dial(transport, "restarted"), message("again"))).body)).toBe("again");
  });

  test("who does not shake hands is given up at the time for it", async () => {
    await using raw = await rawLink(server().address);
    await raw.link.subscribe("silent", { onMessage: () => undefined });
    const transport = await open();
    const dialling = transport.dial("silent", { metadata: transport.metadata, timeoutMs: 50 });
    await expect(dialling).rejects.toMatchObject({ code: "TIMEOUT", notSent: true });
  });
});

test("a caller whose connection broke is noticed by the server, and its handlers end", async () => {
  await using proxy = await startTcpProxy(server().address);
  const [transport, other] = [await open({}, proxy.address), await open({ probeInterval: "50ms" })];
  const arrived = Promise.withResolvers<IncomingExchange>();
  const { address } = await other.listen(":0", (exchange) => arrived.resolve(exchange));
  const outcome = call(await dial(transport, address), message("?")).catch((error: unknown) => error);
  const exchange = await within("the call", arrived.promise);
  const told = new Promise<Error>((resolve) => exchange.onAbort(resolve));
  proxy.cut();
  expect(await outcome).toMatchObject({ code: "UNAVAILABLE", notSent: false });
  expect((await within("the abort", told)).message).toContain("the caller is gone");
});

test("who fails with a session that is lost can try again at once, on another one", async () => {
  await using proxy = await startTcpProxy(server().address);
  const [transport, other] = [await open({}, proxy.address), await open()];
  const { address } = await other.listen(":0", (exchange) => {
    if (textOf(exchange.first.body) === "echo") exchange.reply(exchange.first);
  });
  for (const metadata of [transport.metadata, {}]) {
    const session = await transport.dial(address, { metadata });
    const usable = new Promise<boolean>((resolve) => {
      session.call(message("never"), () => resolve(session.usable));
    });
    // The request is on its way before the line is cut.
    await call(await transport.dial(address, { metadata }), message("echo"));
    proxy.cut();
    expect(await within("the failure", usable)).toBe(false);
    expect(textOf((await call(await transport.dial(address, { metadata }), message("echo"))).body)).toBe(
      "echo",
    );
  }
});

/** The frame with which a peer takes a session. */
function ready(): Uint8Array {
  const head = Buffer.from("65536 10");
  const frame = Buffer.alloc(14 + head.length);
  frame.set([1, 2]);
  frame.writeUInt32BE(head.length, 6);
  frame.set(head, 14);
  return frame;
}

describe("max_payload of the server", () => {
  const LIMIT = 4096;
  const large = new Uint8Array(3 * LIMIT).fill(7);

  test.each([
    ["our own peers", true],
    ["Go's peers", false],
  ])("a request to %s beyond it is refused with its number before it is sent", async (_, own) => {
    await using small = await startNatsServer({ config: `max_payload: ${LIMIT}` });
    const transport = await open({}, small.address);
    let arrived = 0;
    const { address } = await transport.listen(":0", (exchange) => {
      arrived++;
      exchange.reply(exchange.first);
    });
    const session = await transport.dial(address, { metadata: own ? transport.metadata : {} });
    await expect(call(session, message(large))).rejects.toMatchObject({
      code: "RESOURCE_EXHAUSTED",
      notSent: true,
      detail: expect.stringMatching(
        /max_payload of the NATS server allows 4096|4096 bytes that max_payload of the NATS server allows/,
      ),
    });
    expect(arrived).toBe(0);
    expect(textOf((await call(session, message("small"))).body)).toBe("small");
  });

  test("a reply beyond it ends the call with the number", async () => {
    await using small = await startNatsServer({ config: `max_payload: ${LIMIT}` });
    const transport = await open({}, small.address);
    const { address } = await transport.listen(":0", (exchange) => exchange.reply(message(large)));
    await expect(call(await dial(transport, address), message("?"))).rejects.toMatchObject({
      code: "RESOURCE_EXHAUSTED",
      notSent: false,
      detail: expect.stringContaining("4096 bytes"),
    });
    const toGo = await transport.dial(address);
    expect((await call(toGo, message("?"))).header.get("micro-error")).toContain("max_payload");
  });

  test("with chunking it goes in pieces, among the messages of others and in their order", async () => {
    await using small = await startNatsServer({ config: `max_payload: ${LIMIT}` });
    const transport = await open({ chunking: true }, small.address);
    const { address } = await transport.listen(":0", (exchange) => {
      const stream = exchange.accept();
      void (async () => {
        for await (const each of stream.messages) await stream.send(each);
        stream.closeSend();
      })();
    });
    const stream = await (await dial(transport, address)).open();
    const sizes = [10, 5 * LIMIT, 0, 3 * LIMIT + 1, LIMIT - 14, LIMIT];
    await stream.send(message("first"));
    for (const size of sizes) await stream.send(message(new Uint8Array(size).fill(size % 251)));
    stream.closeSend();
    const got: [number, boolean][] = [];
    for await (const { body } of stream.messages) {
      got.push([body.length, body.every((byte) => byte === body.length % 251)]);
    }
    expect(got).toEqual(sizes.map((size) => [size, true]));
  });
});

describe("addresses", () => {
  test("a name is the subject itself; a taken one is a conflict, whoever has it", async () => {
    await using raw = await rawLink(server().address);
    const transport = await open();
    expect((await transport.listen("orders.node-1", echo)).address).toBe("orders.node-1");
    await raw.link.subscribe("go.has.it", { onMessage: () => undefined });
    await expect(transport.listen("go.has.it", echo)).rejects.toMatchObject({ code: "CONFLICT" });
  });

  test.each(["a b", "a..b", "a.*", ">"])("%j is no address", async (address) => {
    const transport = await open();
    await expect(transport.listen(address, echo)).rejects.toMatchObject({ code: "BAD_REQUEST" });
    await expect(dial(transport, address)).rejects.toMatchObject({ code: "BAD_REQUEST" });
  });
});

describe("bounds", () => {
  test("callers beyond max_sessions are refused by name, exchanges beyond max_concurrent too", async () => {
    const transport = await open({ maxSessions: 1, maxConcurrent: 1 });
    const held: IncomingExchange[] = [];
    const { address } = await transport.listen(":0", (exchange) => void held.push(exchange));
    const session = await dial(transport, address);
    await expect(dial(transport, address)).rejects.toMatchObject({
      code: "RESOURCE_EXHAUSTED",
      detail: expect.stringContaining("transport.max_sessions"),
    });
    const first = call(session, message("a"));
    await expect(call(session, message("b"))).rejects.toMatchObject({
      code: "RESOURCE_EXHAUSTED",
      detail: expect.stringContaining("transport.max_concurrent"),
    });
    await eventually(() => expect(held).toHaveLength(1));
    held[0]?.reply(message("done"));
    expect(textOf((await first).body)).toBe("done");
  });

  test("a header beyond its limits is refused, and one with a NUL", async () => {
    const transport = await open({ maxHeaderSize: "1KiB" });
    const { address } = await transport.listen(":0", echo);
    const session = await dial(transport, address);
    await expect(call(session, message("", { a: "x".repeat(2000) }))).rejects.toMatchObject({
      code: "RESOURCE_EXHAUSTED",
      detail: expect.stringContaining("transport.max_header_size"),
    });
    await expect(call(session, message("", { a: "\0" }))).rejects.toMatchObject({ code: "BAD_REQUEST" });
    expect((await call(session, message("", { a: "ü" }))).header.get("a")).toBe("ü");
  });

  test("a Go stream that nobody reads is broken at max_read_buffer", async () => {
    await using raw = await rawLink(server().address);
    await raw.link.subscribe("flood", {
      onMessage: ({ reply = "" }) => {
        const frame = JSON.stringify({ Header: { "Micro-Stream": "0" }, Body: "A".repeat(4000) });
        for (let i = 0; i < 20; i++) raw.link.publish(reply, new TextEncoder().encode(frame));
      },
    });
    const transport = await open({ maxReadBuffer: "8KiB" });
    const stream = await (await transport.dial("flood")).open();
    const broken = new Promise<Error>((resolve) => stream.onAbort(resolve));
    await stream.send(message("go", { "micro-stream": "0" }));
    expect((await within("the break", broken)).message).toContain("transport.max_read_buffer");
  });
});
