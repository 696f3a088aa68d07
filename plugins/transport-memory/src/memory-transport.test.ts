import { Metadata, type MicroError } from "@micro/core";
import { instantiate, within } from "@micro/core/conformance";
import type { IncomingExchange, Session, Transport, TransportMessage } from "@micro/transport";
import { transportConformance } from "@micro/transport/conformance";
import { afterEach, describe, expect, test } from "vitest";
import { MemoryNetwork, memoryTransport } from "./index.ts";

const shared = new MemoryNetwork();
for (const c of transportConformance({
  create: () => instantiate(memoryTransport, { config: { network: shared } }),
  address: "127.0.0.1:0",
})) {
  test(c.name, () => c.run());
}

const started: Transport[] = [];
afterEach(async () => {
  for (const transport of started.splice(0)) await transport.stop?.({ graceMs: 0 });
});

async function create(
  config: { queueMessages?: number; maxExchanges?: number; maxSessions?: number } = {},
): Promise<Transport> {
  const transport = await instantiate(memoryTransport, { config });
  started.push(transport);
  return transport;
}

const message = (text: string, header: Record<string, string> = {}): TransportMessage => ({
  header: new Metadata(header),
  body: new TextEncoder().encode(text),
});

const textOf = (got: TransportMessage | undefined) => new TextDecoder().decode(got?.body);

function call(session: Session, request: TransportMessage): Promise<TransportMessage> {
  return within(
    "the call",
    new Promise((resolve, reject) => {
      session.call(request, (error, reply) => (reply === undefined ? reject(error) : resolve(reply)));
    }),
  );
}

const echo = (exchange: IncomingExchange) => exchange.reply(exchange.first);

describe("networks", () => {
  test("a transport without a network sees nobody else", async () => {
    const [a, b] = [await create(), await create()];
    const { address } = await a.listen("127.0.0.1:0", echo);
    await expect(b.dial(address)).rejects.toMatchObject({ code: "UNAVAILABLE", notSent: true });
    await expect(b.dial(address)).rejects.toThrow(/option 'network'/);
    expect((await a.dial(address)).usable).toBe(true);
  });

  test("a server on all interfaces is found by its port under any host name", async () => {
    const transport = await create();
    for (const any of [":0", "0.0.0.0:0", "[::]:0"]) {
      const { address } = await transport.listen(any, echo);
      const port = address.slice(address.lastIndexOf(":") + 1);
      const session = await transport.dial(`192.0.2.7:${port}`);
      expect(textOf(await call(session, message("hi")))).toBe("hi");
    }
  });

  test("an address may be any name; an empty one is refused with advice", async () => {
    const transport = await create();
    expect((await transport.listen("orders", echo)).address).toBe("orders");
    expect(textOf(await call(await transport.dial("orders"), message("hi")))).toBe("hi");
    await expect(transport.listen("", echo)).rejects.toThrow(/':0'/);
  });

  test("what is not a network is refused as an option", async () => {
    const options = { config: { network: {} as MemoryNetwork } };
    await expect(instantiate(memoryTransport, options)).rejects.toThrow(/must be a MemoryNetwork/);
  });
});

describe("isolation", () => {
  test("neither side sees what the other does to a message after sending it", async () => {
    const transport = await create();
    const held: TransportMessage[] = [];
    const { address } = await transport.listen(":0", (exchange) => {
      held.push(exchange.first);
      const reply = message("reply", { "X-Key": "reply" });
      exchange.reply(reply);
      reply.header.set("x-key", "changed");
      reply.body.fill(0);
    });
    const request = message("request", { "X-Key": "request" });
    const answer = call(await transport.dial(address), request);
    request.header.set("x-key", "changed");
    request.body.fill(0);
    const reply = await answer;
    expect([textOf(reply), reply.header.get("x-key")]).toEqual(["reply", "reply"]);
    expect([textOf(held[0]), held[0]?.header.get("x-key")]).toEqual(["request", "request"]);
    held[0]?.body.fill(1);
    expect([...request.body]).toEqual([...new Uint8Array(7)]);
  });

  test("an exchange never begins inside the caller's stack", async () => {
    const transport = await create();
    let inside = false;
    const seen = Promise.withResolvers<boolean>();
    const { address } = await transport.listen(":0", (exchange) => {
      seen.resolve(inside);
      exchange.reply(message(""));
    });
    const session = await transport.dial(address);
    inside = true;
    session.call(message(""), () => undefined);
    inside = false;
    expect(await within("the exchange", seen.promise)).toBe(false);
  });

  test("a pair that talks without pause does not starve timers", async () => {
    const transport = await create();
    const { address } = await transport.listen(":0", echo);
    const session = await transport.dial(address);
    let over = false;
    const timer = setTimeout(() => {
      over = true;
    }, 20);
    const deadline = performance.now() + 5000;
    while (!over && performance.now() < deadline) await call(session, message("again"));
    clearTimeout(timer);
    expect(over).toBe(true);
  });
});

describe("bounds", () => {
  test("a sender is asked to wait after queue_messages, and stopped when it does not", async () => {
    const transport = await create({ queueMessages: 4 });
    const { address } = await transport.listen(":0", (exchange) => void exchange.accept());
    const stream = await (await transport.dial(address)).open();
    for (let i = 0; i < 3; i++) expect(stream.send(message("x"))).toBeUndefined();
    expect(stream.send(message("x"))).toBeInstanceOf(Promise);
    const careless = () => {
      for (let i = 0; i < 100; i++) void stream.send(message("x"));
    };
    expect(careless).toThrow(/'queue_messages' \(4\)/);
  });

  test("exchanges beyond max_exchanges are refused, and safe to repeat", async () => {
    const transport = await create({ maxExchanges: 2 });
    const held: IncomingExchange[] = [];
    const { address } = await transport.listen(":0", (exchange) => void held.push(exchange));
    const session = await transport.dial(address);
    const first = call(session, message("a"));
    const second = call(session, message("b"));
    const error = (await call(session, message("c")).catch((reason) => reason)) as MicroError;
    expect(error).toMatchObject({ code: "RESOURCE_EXHAUSTED", notSent: true });
    expect(error.detail).toContain("max_exchanges");
    await expect(session.open()).rejects.toThrow(/max_exchanges/);
    for (const exchange of held) exchange.reply(exchange.first);
    expect([textOf(await first), textOf(await second)]).toEqual(["a", "b"]);
    held.length = 0;
    const next = call(session, message("d"));
    await expect.poll(() => held.length).toBe(1);
    held[0]?.reply(message("e"));
    expect(textOf(await next)).toBe("e");
  });

  test("sessions beyond max_sessions are refused, and admitted again when others close", async () => {
    const transport = await create({ maxSessions: 1 });
    const { address } = await transport.listen(":0", echo);
    const session = await transport.dial(address);
    await expect(transport.dial(address)).rejects.toThrow(/max_sessions/);
    await session.close();
    expect((await transport.dial(address)).usable).toBe(true);
  });
});

describe("mismatches", () => {
  test("a call that the server takes as a stream gets its first message as the reply", async () => {
    const transport = await create();
    const { address } = await transport.listen(":0", (exchange) => {
      const stream = exchange.accept();
      void stream.send(message("one"));
      void stream.send(message("two"));
      stream.closeSend();
    });
    expect(textOf(await call(await transport.dial(address), message("")))).toBe("one");
  });

  test("a call that the server takes as a stream and closes or aborts ends with an error", async () => {
    const transport = await create();
    const { address } = await transport.listen(":0", (exchange) => {
      if (textOf(exchange.first) === "close") exchange.accept().closeSend();
      else exchange.accept().abort(new Error("no"));
    });
    const session = await transport.dial(address);
    await expect(call(session, message("close"))).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await expect(call(session, message("abort"))).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(session.active).toBe(0);
  });

  test("giving up a call that the server took as a stream breaks that stream", async () => {
    const transport = await create();
    const told = Promise.withResolvers<Error>();
    const accepted = Promise.withResolvers<void>();
    const { address } = await transport.listen(":0", (exchange) => {
      exchange.accept().onAbort(told.resolve);
      accepted.resolve();
    });
    const giveUp = (await transport.dial(address)).call(message(""), () => undefined);
    await within("the exchange", accepted.promise);
    giveUp(new Error("enough"));
    expect((await within("the abort", told.promise)).message).toContain("enough");
  });

  test("an exchange is answered once", async () => {
    const transport = await create();
    const errors: unknown[] = [];
    const { address } = await transport.listen(":0", (exchange) => {
      exchange.reply(message("first"));
      try {
        exchange.reply(message("second"));
      } catch (error) {
        errors.push(error);
      }
    });
    expect(textOf(await call(await transport.dial(address), message("")))).toBe("first");
    expect(errors).toMatchObject([{ code: "PRECONDITION_FAILED" }]);
  });

  test("a server callback that throws ends that exchange only", async () => {
    const transport = await create();
    const { address } = await transport.listen(":0", (exchange) => {
      if (textOf(exchange.first) === "bad") throw new Error("a bug");
      exchange.reply(exchange.first);
    });
    const session = await transport.dial(address);
    await expect(call(session, message("bad"))).rejects.toThrow(/a bug/);
    expect(textOf(await call(session, message("good")))).toBe("good");
  });

  test("a stream that ends before its first message ends for the client too", async () => {
    const transport = await create();
    const { address } = await transport.listen(":0", echo);
    const session = await transport.dial(address);
    const stream = await session.open();
    stream.closeSend();
    const next = await within("the end", stream.messages[Symbol.asyncIterator]().next());
    expect(next.done).toBe(true);
    expect(session.active).toBe(0);
  });
});
