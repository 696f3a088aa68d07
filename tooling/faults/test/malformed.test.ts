import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import type { Answer } from "../src/contract.ts";
import { type Fleet, withFleet } from "../src/fleet.ts";
import { RawClient, request } from "../src/raw-client.ts";
import { durations, errorTexts, quantile } from "../src/traffic.ts";
import { eventually, within } from "../src/within.ts";

const MEGABYTE = 1024 * 1024;
const LIMIT_MS = 600;
const impatient = {
  plan: { settings: { transport: { headerTimeout: LIMIT_MS, readTimeout: LIMIT_MS } } },
} as const;

/** Runs `body` under a light load of others, who must not notice. */
async function unnoticed(fleet: Fleet, body: (address: string) => Promise<void>): Promise<void> {
  const node = fleet.child("a");
  await fleet.probe.echo({});
  const before = await node.report({ collect: true });
  const traffic = fleet.load<Answer>({ concurrency: 2, call: () => fleet.probe.echo({ workMs: 1 }) });
  await body(node.address);
  await traffic.more(50);
  const outcomes = await traffic.stop();
  expect(errorTexts(outcomes)).toEqual({});
  expect(quantile(durations(outcomes), 0.5), "median ms of others' calls").toBeLessThan(200);
  expect(quantile(durations(outcomes), 0.9), "ms of others' calls").toBeLessThan(1000);
  const after = await node.report({ collect: true });
  expect(after.heldBytes - before.heldBytes, "bytes that stay").toBeLessThan(4 * MEGABYTE);
  expect(after.health.state).toBe("serving");
  expect(after.active).toBe(0);
}

const HALVES: Readonly<Record<string, string>> = {
  "nothing at all": "",
  "half a start line": "POST / HT",
  "half a header": request().slice(0, 60),
  "all headers and half a body": request({ body: '{"a":1', length: "Content-Length: 100" }),
  "an open chunk": request({ body: "a\r\n12345", length: "Transfer-Encoding: chunked" }),
};

test("clients that send half a request and stop are shown out in time, and nobody else notices", () =>
  withFleet(impatient, (fleet) =>
    unnoticed(fleet, async (address) => {
      const clients = await Promise.all(
        Object.values(HALVES).flatMap((half) =>
          Array.from({ length: 20 }, async () => (await RawClient.connect(address)).send(half)),
        ),
      );
      const names = Object.keys(HALVES);
      await Promise.all(
        clients.map(({ closed }, index) =>
          within(`closing after ${names[Math.floor(index / 20)]}`, 3 * LIMIT_MS + 1000, closed),
        ),
      );
      expect(Object.keys((await fleet.child("a").report()).once)).toEqual([]);
    }),
  ));

const GARBAGE: Readonly<Record<string, () => string | Uint8Array>> = {
  "random bytes": () => randomBytes(4096),
  "a TLS hello": () => Buffer.from("160301020001000001fc0303", "hex"),
  "another protocol": () => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "an endless line": () => "A".repeat(MEGABYTE),
  "a header block of a megabyte": () => request({ headers: [`X-Long: ${"y".repeat(MEGABYTE)}`] }),
  "a thousand headers": () => request({ headers: Array.from({ length: 1000 }, (_, at) => `X-${at}: 1`) }),
  "two lengths": () => request({ headers: ["Content-Length: 7"] }),
  "a length and chunks": () => request({ headers: ["Transfer-Encoding: chunked"] }),
  "a negative length": () => request({ length: "Content-Length: -1" }),
  "a length beyond all numbers": () => request({ length: `Content-Length: ${"9".repeat(40)}` }),
  "a bare line feed": () => request().replaceAll("\r\n", "\n"),
  "NUL in a header": () => request({ headers: ["X-Nul: a\0b"] }),
};

test("clients that send garbage are shown out, nothing of it runs, and nobody else notices", async () => {
  await withFleet(impatient, (fleet) =>
    unnoticed(fleet, async (address) => {
      for (const [name, bytes] of Object.entries(GARBAGE)) {
        const clients = await Promise.all(
          Array.from({ length: 10 }, async () => (await RawClient.connect(address)).send(bytes())),
        );
        const allClosed = Promise.all(clients.map(({ closed }) => closed));
        await within(`closing after ${name}`, 3 * LIMIT_MS + 1000, allClosed);
        for (const { received } of clients) expect(received, name).not.toMatch(/"node"/);
      }
    }),
  );
});

test("bodies above the limit are refused with words and never kept", () =>
  withFleet({}, (fleet) =>
    unnoticed(fleet, async (address) => {
      const body = "x".repeat(8 * MEGABYTE);
      const chunk = "x".repeat(64 * 1024);
      const chunked = `${`${chunk.length.toString(16)}\r\n${chunk}\r\n`.repeat(128)}0\r\n\r\n`;
      const peak = { bytes: 0 };
      const before = (await fleet.child("a").report({ collect: true })).heldBytes;
      const senders = await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          const client = await RawClient.connect(address);
          return client.send(
            index % 2 === 0
              ? request({ body })
              : request({ body: chunked, length: "Transfer-Encoding: chunked" }),
          );
        }),
      );
      const told = Promise.all(
        senders.map((client) => client.reply(/Micro-Error: \{[^\r]*(max_message_size|large)[^\r]*/i)),
      );
      let over = false;
      const watched = (async () => {
        while (!over) {
          const { heldBytes } = await fleet.child("a").report({ collect: true });
          peak.bytes = Math.max(peak.bytes, heldBytes);
        }
      })();
      try {
        await told;
      } finally {
        over = true;
        await watched;
        for (const client of senders) client.destroy();
      }
      // Of 160 MB: chunks are kept until they are too many, a length that is too large tells at once.
      expect((peak.bytes - before) / MEGABYTE, "MB held at most").toBeLessThan(10 * 4 + 16);
    }),
  ));

test("a thousand idle connections hold little, and others are served meanwhile", async () => {
  await withFleet({}, (fleet) =>
    unnoticed(fleet, async (address) => {
      const before = await fleet.child("a").report({ collect: true });
      const clients: RawClient[] = [];
      for (let at = 0; at < 1000; at += 50) {
        const some = await Promise.all(
          Array.from({ length: 50 }, async () => (await RawClient.connect(address)).send(request())),
        );
        clients.push(...some);
        await Promise.all(some.map((client) => client.reply(/"node"/)));
      }
      const held = await fleet.child("a").report({ collect: true });
      expect(held.sockets).toBeGreaterThanOrEqual(1000);
      expect((held.rssBytes - before.rssBytes) / 1000 / 1024, "kB per connection").toBeLessThan(64);
      const calls = fleet.load<Answer>({ concurrency: 5, calls: 300, call: () => fleet.probe.echo({}) });
      expect(errorTexts(await calls.finished())).toEqual({});
      // They still work.
      const [first] = clients;
      first?.send(request({ id: "1" }));
      await first?.reply(/"node".*"node"/s);
      for (const client of clients) client.destroy();
      await eventually("the node must let go of them", 5000, {
        ask: async () => (await fleet.child("a").report()).sockets,
        until: (sockets) => sockets < 20,
      });
    }),
  );
});

test("connections beyond transport.max_connections are refused, and those that are there go on", () =>
  withFleet({ plan: { settings: { transport: { maxConnections: 20 } } } }, async (fleet) => {
    const { address } = fleet.child("a");
    await fleet.probe.echo({});
    const clients = await Promise.all(Array.from({ length: 60 }, () => RawClient.connect(address)));
    await eventually("the node must refuse what is too much", 5000, {
      ask: () => clients.filter(({ socket }) => socket.closed).length,
      until: (refused) => refused >= 41,
    });
    expect(await fleet.probe.echo({})).toEqual({ node: "a" });
    for (const client of clients) client.destroy();
    await eventually("there must be room again", 5000, {
      ask: async () => {
        const client = await RawClient.connect(address);
        const answered = client.send(request()).reply(/"node"/, 1000);
        return answered
          .then(() => true)
          .catch(() => false)
          .finally(() => client.destroy());
      },
      until: (served) => served,
    });
  }));
