import { join } from "node:path";
import { isLogged, type LogFields, type Logger, nullLogger } from "@micro/core";
import { eventually, recordingLogger, within } from "@micro/core/conformance";
import { type NatsServer, startNatsServer } from "@micro/servers";
import { needsNatsServer } from "@micro/servers/vitest";
import { afterEach, describe, expect, test } from "vitest";
import { type NatsLink, type NatsMessage, type NatsOptions, sharedLink } from "../src/index.ts";
import { QUICK } from "./quick.ts";

await needsNatsServer();

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = ({ data }: NatsMessage): string => new TextDecoder().decode(data);

const held: NatsLink[] = [];
const servers: NatsServer[] = [];

afterEach(async () => {
  await Promise.all(held.splice(0).map((link) => link.release({ graceMs: 500 })));
  await Promise.all(servers.splice(0).map((server) => server[Symbol.asyncDispose]()));
});

async function server(config?: string): Promise<NatsServer> {
  const started = await startNatsServer(config === undefined ? {} : { config });
  servers.push(started);
  return started;
}

async function linkTo(
  address: string,
  config: Partial<NatsOptions> = {},
  scope: { readonly name: string; readonly logger: Logger } = { name: "test", logger: nullLogger },
): Promise<NatsLink> {
  const options = { ...QUICK, ...config };
  const link = await sharedLink({ scope, addresses: [address], config: options, section: "broker" });
  held.push(link);
  await link.hold();
  return link;
}

/** Holds the server still; resolves when it answers no more, with how to let it go on. */
async function freeze(started: NatsServer, link: NatsLink): Promise<() => void> {
  const thaw = started.freeze();
  await eventually(() =>
    expect(link.flush("asking", { timeoutMs: 20 })).rejects.toMatchObject({ code: "UNAVAILABLE" }),
  );
  return thaw;
}

/** What a subscription got. */
async function listen(link: NatsLink, subject: string): Promise<string[]> {
  const got: string[] = [];
  await link.subscribe(subject, { onMessage: (message) => void got.push(text(message)) });
  return got;
}

test("plugins of one service that say the same share a connection, others do not", async () => {
  const { address } = await server();
  const named: LogFields[] = [];
  const child = (fields: LogFields): Logger => {
    named.push(fields);
    return nullLogger;
  };
  const scope = { name: "shop", logger: { ...nullLogger, child } };
  const one = await linkTo(address, {}, scope);
  expect(await linkTo(address, {}, scope)).toBe(one);
  expect(named, "its lines are of no plugin alone").toEqual([{ component: "nats" }]);
  expect(await linkTo(address, { user: "me" }, scope)).not.toBe(one);
  expect(await linkTo(address)).not.toBe(one);
  const [first] = held.splice(0, 1);
  await first?.release({ graceMs: 500 });
  expect(one.connected, "the other holder keeps it").toBe(true);
});

test("it closes with its last holder, after what was published, and opens again", async () => {
  const { address } = await server();
  const [link, other] = [await linkTo(address), await linkTo(address)];
  const got = await listen(other, "a.b");
  link.publish("a.b", bytes("last"));
  await link.release({ graceMs: 500 });
  await eventually(() => expect(got).toEqual(["last"]));
  expect(() => link.publish("a.b", bytes(""))).toThrow("no connection to NATS");
  await expect(link.ready("asking", { timeoutMs: 20 })).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await link.hold();
  link.publish("a.b", bytes("more"));
  await eventually(() => expect(got).toEqual(["last", "more"]));
});

test("without a server it starts all the same, says what is wrong, and connects when one comes", async () => {
  const started = await server();
  await started.stop();
  const link = await linkTo(started.address);
  const waiting = await link.ready("asking", { timeoutMs: 50 }).catch((error: unknown) => error);
  expect(waiting).toMatchObject({ code: "UNAVAILABLE", notSent: true });
  expect((waiting as Error).message).toContain(started.address);
  await started.restart();
  await link.ready("asking");
  await link.flush("asking");
});

test("after a restart of the server subscriptions are back and listeners are told", async () => {
  const started = await server();
  const link = await linkTo(started.address);
  const got = await listen(link, "news");
  const up = Promise.withResolvers<void>();
  link.onUp(() => up.resolve());
  await started.kill();
  await eventually(() => expect(link.connected).toBe(false));
  expect(() => link.publish("news", bytes(""))).toThrow("no connection");
  await started.restart();
  await within("coming back", up.promise);
  link.publish("news", bytes("again"));
  await eventually(() => expect(got).toEqual(["again"]));
  expect(link.counters.disconnects).toBe(1);
});

test("who listens is told when the connection is lost, until it is taken away", async () => {
  const started = await server();
  const link = await linkTo(started.address);
  let lost = 0;
  let ignored = 0;
  const down = Promise.withResolvers<void>();
  link.onDown(() => {
    lost++;
    down.resolve();
    return undefined;
  });
  link.onDown(() => ({ ignored: ++ignored }))();
  await started.kill();
  await within("the loss", down.promise);
  expect([lost, ignored]).toEqual([1, 0]);
});

test("what is published in one turn goes together, keeps its order, and does not overtake a subscription", async () => {
  const started = await server();
  const link = await linkTo(started.address);
  link.publish("news", bytes("before"));
  const got: string[] = [];
  link.listen("news", ({ data }) => void got.push(new TextDecoder().decode(data)));
  link.publish("news", bytes("1"));
  link.publish("news", bytes("2"), { atOnce: true });
  // More than is handed over at a time.
  link.publish("news", new Uint8Array(40_000));
  link.publish("news", bytes("4"));
  await link.flush("asking");
  await eventually(() =>
    expect(got.map((text) => text.slice(0, 9))).toEqual(["1", "2", "\0".repeat(9), "4"]),
  );
});

test("what was on the way when the server died is counted and logged", async () => {
  const started = await server();
  const { logger, lines } = recordingLogger("info");
  const link = await linkTo(started.address, {}, { name: "test", logger });
  link.publish("news", bytes("safe"));
  await link.flush("asking");
  const thaw = await freeze(started, link);
  for (let i = 0; i < 3; i++) link.publish("news", bytes("lost"));
  await started.kill();
  thaw();
  await eventually(() => expect(link.counters).toMatchObject({ disconnects: 1, unconfirmed: 3 }));
  expect(lines).toMatchObject([["warn", expect.any(String), { unconfirmed: 3 }]]);
});

test("an outage is two lines of the log, with what others say is lost; errors of its time are marked as logged", async () => {
  const started = await server();
  const { logger, lines } = recordingLogger("info");
  const link = await linkTo(started.address, {}, { name: "test", logger });
  await listen(link, "news");
  link.onDown(() => ({ endedCalls: 2, endedServed: 0 }));
  const thaw = await freeze(started, link);
  const asked = link.flush("asking").catch((error: unknown) => error);
  await started.kill();
  thaw();
  expect(isLogged(await asked)).toBe(true);
  await eventually(() => expect(link.connected).toBe(false));
  const late = await link.ready("asking", { timeoutMs: 20 }).catch((error: unknown) => error);
  expect(isLogged(late)).toBe(true);
  await started.restart();
  await link.ready("asking");
  const { address } = started;
  expect(lines).toEqual([
    [
      "warn",
      "the connection to NATS was lost; connecting again",
      { server: address, reason: "the server or the network ended it", endedCalls: 2 },
    ],
    [
      "info",
      "connected to NATS again",
      {
        server: address,
        subscriptions: 1,
        away: expect.stringMatching(/^\d/) as string,
        tries: expect.any(Number) as number,
        endedCalls: 2,
      },
    ],
  ]);
});

test("a server that does not answer pings is given up, and the log says why", async () => {
  const started = await server();
  const { logger, lines } = recordingLogger("info");
  const link = await linkTo(started.address, { pingInterval: 30 }, { name: "test", logger });
  const thaw = started.freeze();
  await eventually(() => expect(link.connected).toBe(false));
  thaw();
  expect(lines[0]?.[2]).toMatchObject({ reason: "it did not answer pings" });
});

test("what the server had not confirmed when the last holder left is logged", async () => {
  const started = await server();
  const { logger, lines } = recordingLogger("info");
  const link = await linkTo(started.address, {}, { name: "test", logger });
  const thaw = await freeze(started, link);
  link.publish("news", bytes("late"));
  await link.release({ graceMs: 100 });
  thaw();
  await link.hold();
  expect(lines).toEqual([["warn", "NATS may not have got what was published last", { unconfirmed: 1 }]]);
  expect(link.counters.unconfirmed).toBe(1);
});

test("messages that the server does not allow are logged with their subject, and no flood of lines", async () => {
  const { address } = await server(
    'authorization { users: [ { user: me, password: p, permissions: { publish: "open.>" } } ] }',
  );
  const { logger, lines } = recordingLogger("info");
  const link = await linkTo(address, { user: "me", password: "p" }, { name: "test", logger });
  for (let i = 0; i < 100; i++) link.publish("closed.door", bytes(""));
  await eventually(() => expect(lines).not.toEqual([]));
  await link.flush("asking");
  const message = "NATS does not allow what was published; it is lost";
  expect(lines).toEqual([["error", message, { subject: "closed.door" }]]);
});

test("a server that is frozen makes publishers wait, not the process swell", async () => {
  const started = await server();
  const link = await linkTo(started.address);
  const thaw = await freeze(started, link);
  let sent = 0;
  while (link.pressure() === undefined && sent < 100) {
    link.publish("news", new Uint8Array(1024 * 512));
    sent++;
  }
  expect(sent).toBeLessThan(20);
  const waiting = link.pressure();
  await expect(link.flush("asking", { timeoutMs: 50 })).rejects.toMatchObject({ code: "UNAVAILABLE" });
  thaw();
  await within("the server takes it", waiting ?? Promise.reject(new Error("no pressure")));
});

test("a payload over the server's limit is refused by its number, before it is sent", async () => {
  const { address } = await server("max_payload: 1000");
  const link = await linkTo(address);
  expect(() => link.publish("news", new Uint8Array(1001))).toThrow(
    "max_payload of the NATS server allows 1000",
  );
  link.publish("news", new Uint8Array(1000));
  await link.flush("asking");
  expect(link.counters.disconnects).toBe(0);
});

test("who asks where nobody listens is told so", async () => {
  const { address } = await server();
  const link = await linkTo(address);
  const answered = Promise.withResolvers<NatsMessage>();
  await link.subscribe("inbox.1", { onMessage: answered.resolve });
  link.publish("nobody.here", bytes("hello?"), { reply: "inbox.1" });
  expect(await within("the answer", answered.promise)).toMatchObject({ noResponders: true });
});

test("a listener that throws does not end the connection", async () => {
  const { address } = await server();
  const link = await linkTo(address);
  await link.subscribe("bad", {
    onMessage: () => {
      throw new Error("a bug");
    },
  });
  const got = await listen(link, "good");
  link.publish("bad", bytes(""));
  link.publish("good", bytes("fine"));
  await eventually(() => expect(got).toEqual(["fine"]));
  expect(link.counters.disconnects).toBe(0);
});

test("who has given up is told so", async () => {
  const started = await server();
  await started.stop();
  const link = await linkTo(started.address);
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(link.ready("asking", { signal })).rejects.toMatchObject({ code: "CANCELLED" });
  await expect(link.subscribe("a", { signal, onMessage: () => undefined })).rejects.toMatchObject({
    code: "CANCELLED",
  });
});

describe("signing in", () => {
  const seed = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
  const key = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";
  const ways: [string, string, Partial<NatsOptions>][] = [
    [
      "user and password",
      'authorization { user: "me", password: "pass word" }',
      { user: "me", password: "pass word" },
    ],
    ["a token", 'authorization { token: "t0ken" }', { token: "t0ken" }],
    ["an NKey", `authorization { users: [ { nkey: ${key} } ] }`, { nkey: seed }],
  ];
  test.each(ways)("by %s; without it the server is not there", async (_, config, options) => {
    const { address } = await server(config);
    const link = await linkTo(address, options);
    await link.flush("asking");
    const refused = await linkTo(address);
    await expect(refused.ready("asking", { timeoutMs: 100 })).rejects.toMatchObject({
      code: "UNAVAILABLE",
      detail: expect.stringMatching(/authoriz.*; are user and password, token, nkey or credentials those/i),
    });
  });

  test("a subject that is not allowed is an error of the subscriber", async () => {
    const { address } = await server(
      'authorization { users: [ { user: me, password: p, permissions: { subscribe: "open.>" } } ] }',
    );
    const link = await linkTo(address, { user: "me", password: "p" });
    await listen(link, "open.door");
    await expect(listen(link, "closed.door")).rejects.toMatchObject({
      code: "FORBIDDEN",
      detail: expect.stringContaining("closed.door"),
    });
    expect(link.connected).toBe(true);
  });
});

test("the connection is encrypted where both sides say so", async () => {
  const tls = join(import.meta.dirname, "tls");
  const { address } = await server(`tls { cert_file: "${tls}/server.pem", key_file: "${tls}/server.key" }`);
  const [, port] = address.split(":");
  const link = await linkTo(`localhost:${port}`, { tls: { ...noMaterial, caFile: `${tls}/ca.pem` } });
  const got = await listen(link, "news");
  link.publish("news", bytes("hidden"));
  await eventually(() => expect(got).toEqual(["hidden"]));
  const distrusting = await linkTo(`localhost:${port}`, { tls: noMaterial });
  await expect(distrusting.ready("asking", { timeoutMs: 100 })).rejects.toMatchObject({
    code: "UNAVAILABLE",
  });
});

test("an address with tls:// is never spoken to in the clear", async () => {
  const { address } = await server();
  const link = await linkTo(`tls://${address}`);
  expect(link.connected).toBe(false);
  await expect(link.ready("asking", { timeoutMs: 50 })).rejects.toMatchObject({ code: "UNAVAILABLE" });
});

const noMaterial = {
  ca: undefined,
  caFile: undefined,
  cert: undefined,
  certFile: undefined,
  key: undefined,
  keyFile: undefined,
};
