import { Codecs } from "@micro/codec";
import { jsonCodec } from "@micro/codec-json";
import { defineContract, Metadata, MicroError, serverStream, unary } from "@micro/core";
import { instantiate } from "@micro/core/conformance";
import { httpTransport } from "@micro/transport-http";
import { expect, test } from "vitest";
import { rpcClient } from "../src/index.ts";

const greeter = defineContract({
  name: "Greeter",
  service: "greeter",
  methods: { hello: unary<object, object>(), count: serverStream<object, object>() },
});

/** A client, and a server whose exchanges are counted. */
async function startWorld(config: { readonly maxConcurrent: number }, dialled?: Promise<void>) {
  const transport = await instantiate(httpTransport, { config });
  const begun: string[] = [];
  const listener = await transport.listen("127.0.0.1:0", (exchange) => {
    begun.push(exchange.first.header.get("micro-endpoint") ?? "");
    exchange.reply({ header: new Metadata(), body: Buffer.from("{}\n") });
  });
  const metadata = { protocol: "mucp", ...transport.metadata };
  const target = { node: { id: "one", address: listener.address, metadata }, done: () => undefined };
  const client = await instantiate(rpcClient, {
    deps: {
      codec: new Codecs([await instantiate(jsonCodec)]),
      selector: { name: "none", select: () => target } as never,
      transport: {
        ...transport,
        name: "http",
        metadata: {},
        listen: () => Promise.reject(new Error("not used")),
        dial: async (address, options) => {
          await dialled;
          return transport.dial(address, options);
        },
      },
    },
    scope: { name: "caller" },
  });
  await client.start?.({ signal: new AbortController().signal });
  const stop = async (): Promise<void> => {
    await client.stop?.({ graceMs: 0 });
    await transport.stop?.({ graceMs: 0 });
  };
  return { ...client.of(greeter), begun, stop };
}

test("streams that cannot be opened, as their metadata is too large, leave room for others on the session", async () => {
  const maxConcurrent = 3;
  const { hello, count, stop } = await startWorld({ maxConcurrent });
  try {
    for (let at = 0; at <= maxConcurrent; at++) {
      const replies = count({}, { metadata: { "x-large": "y".repeat(20_000) } });
      await expect(replies[Symbol.asyncIterator]().next()).rejects.toThrow(/max_header_size/);
    }
    expect(await hello({})).toEqual({});
  } finally {
    await stop();
  }
});

test("a stream that was given up while its connection was made begins nowhere", async () => {
  const dialled = Promise.withResolvers<void>();
  const { hello, count, begun, stop } = await startWorld({ maxConcurrent: 3 }, dialled.promise);
  try {
    const replies = count({}, { timeoutMs: 50 });
    await expect(replies[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "TIMEOUT" });
    const abort = new AbortController();
    const others = count({}, { signal: abort.signal, timeoutMs: 60_000 })[Symbol.asyncIterator]();
    const given = expect(others.next()).rejects.toMatchObject({ code: "CANCELLED" });
    abort.abort();
    await given;
    const next = hello({});
    dialled.resolve();
    expect(await next).toEqual({});
    expect(begun).toEqual(["Greeter.Hello"]);
  } finally {
    await stop();
  }
});

test.each([
  ["RESOURCE_EXHAUSTED", "ok"],
  ["UNAVAILABLE", "unreachable"],
] as const)("a stream that fails with %s before it is open says '%s' of its node", async (code, outcome) => {
  const outcomes: string[] = [];
  const target = {
    node: { id: "one", address: "10.0.0.1:1", metadata: { protocol: "mucp" } },
    done: (how: string) => outcomes.push(how),
  };
  const refused = new MicroError({ code, detail: "not opened", notSent: true });
  const client = await instantiate(rpcClient, {
    config: { poolRetries: 0 },
    deps: {
      codec: new Codecs([await instantiate(jsonCodec)]),
      selector: { name: "none", select: () => target } as never,
      transport: {
        name: "none",
        metadata: {},
        dial: () => Promise.reject(refused),
        listen: () => Promise.reject(refused),
      },
    },
    scope: { name: "caller" },
  });
  const replies = client.of(greeter).count({})[Symbol.asyncIterator]();
  await expect(replies.next()).rejects.toMatchObject({ code });
  expect(outcomes).toEqual([outcome]);
});
