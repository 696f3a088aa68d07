import type { ServerHttp2Stream } from "node:http2";
import { setImmediate } from "node:timers/promises";
import { promisify } from "node:util";
import { gunzipSync, gzip } from "node:zlib";
import type { MicroError } from "@micro/core";
import { eventually, rejection, within } from "@micro/core/conformance";
import { frame } from "@micro/grpc/internal";
import { describe, expect, test } from "vitest";
import { rawPeer, reply, withClient } from "./peers.ts";

const echo = { service: "lab", endpoint: "Lab.Echo", message: {} };
const compress = promisify(gzip);

describe("connections", () => {
  test("one is shared by all calls to a node, and closed when it has been idle", async () => {
    const peer = await rawPeer((stream) => reply(stream, [Buffer.from("{}")]));
    await withClient({ poolTtl: 200 }, async (client) => {
      await Promise.all(Array.from({ length: 50 }, () => client.call(echo, { address: peer.address })));
      expect(peer.sessions.size).toBe(1);
      await eventually(() => expect(peer.sessions.size).toBe(0));
      await client.call(echo, { address: peer.address });
    });
    await eventually(() => expect(peer.sessions.size).toBe(0));
    await peer.close();
  });

  test("more are made when one is full, up to the limit; then calls wait, up to theirs", async () => {
    const waiting: ServerHttp2Stream[] = [];
    const peer = await rawPeer((stream) => waiting.push(stream));
    const options = { maxStreams: 2, maxConnections: 2, maxWaiting: 3 };
    await withClient(options, async (client) => {
      const call = () => client.call(echo, { address: peer.address });
      const calls = [call(), call(), call()];
      await eventually(() => expect(waiting.length).toBe(3));
      calls.push(call(), call(), call(), call());
      await eventually(() => expect(waiting.length).toBe(4));
      expect(peer.sessions.size).toBe(2);
      const error = await rejection(call());
      expect([error.code, error.notSent]).toEqual(["RESOURCE_EXHAUSTED", true]);
      expect(error.detail).toContain("client.max_waiting");
      // Each that is answered makes room for one that waits.
      for (let answered = 0; answered < 7; answered++) {
        await eventually(() => expect(waiting.length).toBeGreaterThan(0));
        reply(waiting.shift() as ServerHttp2Stream, [Buffer.from("{}")]);
      }
      await within("the replies", Promise.all(calls));
      // Only as many idle ones are kept as the pool is large.
      await eventually(() => expect(peer.sessions.size).toBe(1));
    });
    await peer.close();
  });

  test("one that is too old gets a successor, and what runs on it ends where it began", async () => {
    const held: ServerHttp2Stream[] = [];
    let last: unknown;
    const peer = await rawPeer((stream, headers) => {
      last = stream.session;
      if (headers["x-hold"] === undefined) reply(stream, [Buffer.from("{}")]);
      else held.push(stream);
    });
    await withClient({ poolTtl: 200 }, async (client) => {
      const running = client.call(echo, {
        address: peer.address,
        metadata: { "x-hold": "1" },
        timeoutMs: 15_000,
      });
      await eventually(() => expect(held.length).toBe(1));
      const [first] = peer.sessions;
      await eventually(() => expect(peer.sessions.size).toBe(2));
      // For as long as both are there calls may still come to the old one.
      await eventually(async () => {
        await client.call(echo, { address: peer.address });
        expect(last).not.toBe(first);
      });
      reply(held[0] as ServerHttp2Stream, [Buffer.from('{"late":true}')]);
      expect(await running).toEqual({ late: true });
      await eventually(() => expect(peer.sessions.has(first as never)).toBe(false));
    });
    await peer.close();
  });

  test("as many idle ones are kept as the pool is large, and no more", async () => {
    const waiting: ServerHttp2Stream[] = [];
    const peer = await rawPeer((stream) => waiting.push(stream));
    await withClient({ maxStreams: 1, poolSize: 20 }, async (client) => {
      const calls = Array.from({ length: 22 }, () => client.call(echo, { address: peer.address }));
      // The pool is larger than the usual limit of connections, which gives way.
      await eventually(() => expect(waiting.length).toBe(20));
      for (let answered = 0; answered < 22; answered++) {
        await eventually(() => expect(waiting.length).toBeGreaterThan(0));
        reply(waiting.shift() as ServerHttp2Stream, [Buffer.from("{}")]);
      }
      await within("the replies", Promise.all(calls));
      expect(peer.sessions.size).toBe(20);
    });
    await peer.close();
  });

  test("a call that waits ends by its deadline", async () => {
    const peer = await rawPeer(() => undefined);
    await withClient({ maxStreams: 1, maxConnections: 1 }, async (client) => {
      const first = rejection(client.call(echo, { address: peer.address, timeoutMs: 2000 }));
      await eventually(() => expect(peer.calls.length).toBe(1));
      const from = performance.now();
      expect((await rejection(client.call(echo, { address: peer.address, timeoutMs: 100 }))).code).toBe(
        "TIMEOUT",
      );
      expect(performance.now() - from).toBeLessThan(1500);
      await first;
    });
    await peer.close();
  });

  test("streams that are opened at once are spread like calls", async () => {
    let open = 0;
    const perSession = new Map<unknown, number>();
    const peer = await rawPeer(({ session }) => {
      open++;
      perSession.set(session, (perSession.get(session) ?? 0) + 1);
    });
    await withClient({ maxStreams: 2 }, async (client) => {
      const request = { ...echo, kind: "serverStream" } as const;
      const streams = Array.from({ length: 6 }, () =>
        client.stream(request, { address: peer.address })[Symbol.asyncIterator](),
      );
      // The first three wait for a dial, the others find connections.
      const reads = streams.slice(0, 3).map((stream) => rejection(stream.next()));
      await eventually(() => expect(open).toBe(3));
      expect(peer.sessions.size).toBe(2);
      reads.push(...streams.slice(3).map((stream) => rejection(stream.next())));
      await eventually(() => expect(open).toBe(6));
      expect(peer.sessions.size).toBe(3);
      expect([...perSession.values()]).toEqual([2, 2, 2]);
      for (const stream of streams) await stream.return?.();
      await within("the ends", Promise.all(reads));
    });
    await peer.close();
  });

  test("a stream that is given up while it waits leaves its place, and never begins", async () => {
    const held: ServerHttp2Stream[] = [];
    const peer = await rawPeer((stream) => held.push(stream));
    await withClient({ maxStreams: 1, maxConnections: 1, maxWaiting: 1 }, async (client) => {
      const first = client.call(echo, { address: peer.address });
      await eventually(() => expect(held.length).toBe(1));
      const request = { ...echo, kind: "serverStream" } as const;
      for (let count = 0; count < 3; count++) {
        const leaving = new AbortController();
        const { signal } = leaving;
        const waiting = client.stream(request, { address: peer.address, signal })[Symbol.asyncIterator]();
        const read = rejection(waiting.next());
        // It is in the queue by then.
        await setImmediate();
        const refused = await rejection(client.call(echo, { address: peer.address }));
        expect(refused.detail).toContain("client.max_waiting");
        leaving.abort();
        expect((await read).code).toBe("CANCELLED");
      }
      const next = client.call(echo, { address: peer.address });
      reply(held[0] as ServerHttp2Stream, [Buffer.from("{}")]);
      await first;
      await eventually(() => expect(held.length).toBe(2));
      reply(held[1] as ServerHttp2Stream, [Buffer.from('{"next":true}')]);
      expect(await next).toEqual({ next: true });
      expect(peer.calls.length).toBe(2);
    });
    await peer.close();
  });

  test("a host name is looked up, an IPv6 address is dialled", async () => {
    const peer = await rawPeer((stream) => reply(stream, [Buffer.from("{}")]));
    await withClient({}, async (client) => {
      const address = peer.address.replace("127.0.0.1", "localhost");
      expect(await client.call(echo, { address })).toEqual({});
      expect(peer.calls[0]?.[":authority"]).toBe(address);
      expect((await rejection(client.call(echo, { address: "[::1]:1" }))).detail).toContain("::1:1");
    });
    await peer.close();
  });

  test("a goodbye lets what runs end, and sends what comes to a new connection", async () => {
    const held: ServerHttp2Stream[] = [];
    const peer = await rawPeer((stream, headers) => {
      if (headers["x-hold"] === undefined) reply(stream, [Buffer.from("{}")]);
      else held.push(stream);
    });
    await withClient({}, async (client) => {
      const running = client.call(echo, { address: peer.address, metadata: { "x-hold": "1" } });
      await eventually(() => expect(held.length).toBe(1));
      const [session] = peer.sessions;
      session?.close();
      await eventually(async () => {
        await client.call(echo, { address: peer.address });
        expect(peer.sessions.size).toBe(2);
      });
      reply(held[0] as ServerHttp2Stream, [Buffer.from('{"late":true}')]);
      expect(await running).toEqual({ late: true });
      await eventually(() => expect(peer.sessions.size).toBe(1));
    });
    await peer.close();
  });

  test("stopping the client ends its calls and its connections", async () => {
    const peer = await rawPeer(() => undefined);
    let running: Promise<MicroError> | undefined;
    await withClient({}, async (client) => {
      running = rejection(client.call(echo, { address: peer.address }));
      await eventually(() => expect(peer.calls.length).toBe(1));
    });
    expect((await running)?.code).toBe("CANCELLED");
    await eventually(() => expect(peer.sessions.size).toBe(0));
    await peer.close();
  });
});

describe("sizes", () => {
  const bytes = { contentType: "application/grpc+bytes" };

  test("a reply beyond the limit is refused", async () => {
    const peer = await rawPeer((stream) => reply(stream, [Buffer.alloc(1001)]));
    await withClient({ maxReceiveMessageSize: 1000 }, async (client) => {
      const error = await rejection(
        client.call({ ...echo, message: undefined }, { address: peer.address, ...bytes }),
      );
      expect(error.code).toBe("RESOURCE_EXHAUSTED");
      expect(error.detail).toContain("client.max_receive_message_size");
    });
    await peer.close();
  });

  test("requests are compressed when asked to, replies are read", async () => {
    const message = Buffer.alloc(5000, 7);
    const packed = await compress(message);
    const peer = await rawPeer((stream) => {
      stream.respond(
        { ":status": 200, "content-type": "application/grpc", "grpc-encoding": "gzip" },
        { waitForTrailers: true },
      );
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.on("end", () => stream.end(frame(packed, 1)));
    });
    await withClient({ compression: "gzip" }, async (client) => {
      const answer = await client.call<Uint8Array>({ ...echo, message }, { address: peer.address, ...bytes });
      expect(Buffer.from(answer)).toEqual(message);
      expect(peer.calls[0]).toMatchObject({ "grpc-encoding": "gzip" });
      const [body] = peer.bodies;
      expect(body?.[0]).toBe(1);
      expect(gunzipSync((body as Buffer).subarray(5))).toEqual(message);
    });
    await peer.close();
  });

  test("a bomb is refused while it is unpacked: 512 MiB of zeros cost less than three times the limit", async () => {
    const bomb = frame(await compress(Buffer.alloc(512 * 1024 * 1024)), 1);
    expect(bomb.length).toBeLessThan(600_000);
    const peer = await rawPeer((stream) => {
      stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-encoding": "gzip" });
      stream.end(bomb);
    });
    await withClient({}, async (client) => {
      const call = () =>
        rejection(client.call({ ...echo, message: undefined }, { address: peer.address, ...bytes }));
      // What zlib and the connection need anyway is there after the first.
      await call();
      const used = () => {
        const { external, arrayBuffers, heapUsed } = process.memoryUsage();
        return heapUsed + Math.max(external, arrayBuffers);
      };
      const before = used();
      let most = 0;
      const timer = setInterval(() => {
        most = Math.max(most, used());
      }, 1);
      try {
        const error = await call();
        expect(error.code).toBe("RESOURCE_EXHAUSTED");
        expect(error.detail).toContain("decompresses to a size larger than 4194304");
      } finally {
        clearInterval(timer);
      }
      expect(most - before).toBeLessThan(3 * 4 * 1024 * 1024);
    });
    await peer.close();
  });
});
