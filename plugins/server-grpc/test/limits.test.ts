import { once } from "node:events";
import { connect } from "node:http2";
import { promisify } from "node:util";
import { deflate, gunzipSync, gzip } from "node:zlib";
import { defineContract, handle, implement, serverStream } from "@micro/core";
import { within } from "@micro/core/conformance";
import { frame } from "@micro/grpc/internal";
import { describe, expect, test } from "vitest";
import { raw, statusOf, withServer } from "./world.ts";

const JSON_TYPE = { "content-type": "application/grpc+json" };
const BYTES = { "content-type": "application/grpc+bytes" };
const RESOURCE_EXHAUSTED = 8;
const echo = handle<Uint8Array, Uint8Array>("Debug.Echo", (request) => request);
const compress = promisify(gzip);
const pack = promisify(deflate);

describe("sizes", () => {
  test("a request beyond the limit is refused, one at the limit is not", async () => {
    await withServer(
      [echo],
      async ({ address }) => {
        const send = async (size: number) =>
          statusOf(await raw(address, "/Debug/Echo", { headers: BYTES, body: frame(Buffer.alloc(size)) }));
        expect(await send(1000)).toEqual([0, ""]);
        expect((await send(1001))[0]).toBe(RESOURCE_EXHAUSTED);
      },
      { maxReceiveMessageSize: 1000 },
    );
  });

  test("4 MiB is the limit unless it is said otherwise, in both directions", async () => {
    const large = handle<{ size: number }, { text: string }>("Debug.Large", ({ size }) => ({
      text: "x".repeat(size),
    }));
    await withServer([echo, large], async ({ address }) => {
      const request = { headers: BYTES, body: frame(Buffer.alloc(4 * 1024 * 1024 + 1)) };
      expect(statusOf(await raw(address, "/Debug/Echo", request))[0]).toBe(RESOURCE_EXHAUSTED);
      const body = frame(Buffer.from(`{"size":${4 * 1024 * 1024}}`));
      const [code, text] = statusOf(await raw(address, "/Debug/Large", { headers: JSON_TYPE, body }));
      expect(code).toBe(RESOURCE_EXHAUSTED);
      expect(text).toContain("server.max_send_message_size");
    });
  });

  test("metadata", async () => {
    await withServer(
      [echo],
      async ({ address }) => {
        const headers = { ...BYTES, large: "x".repeat(2000) };
        const [code, text] = statusOf(await raw(address, "/Debug/Echo", { headers }));
        expect(code).toBe(RESOURCE_EXHAUSTED);
        expect(text).toContain("server.max_metadata_size");
      },
      { maxMetadataSize: 1000 },
    );
  });
});

describe("compression", () => {
  test("requests in gzip and deflate are read; another encoding is Unimplemented", async () => {
    await withServer([echo], async ({ address }) => {
      const message = Buffer.alloc(5000, 7);
      for (const [encoding, content] of [
        ["gzip", await compress(message)],
        ["deflate", await pack(message)],
      ] as const) {
        const headers = { ...BYTES, "grpc-encoding": encoding };
        const reply = await raw(address, "/Debug/Echo", { headers, body: frame(content, 1) });
        expect(reply.data, encoding).toEqual(frame(message));
      }
      const headers = { ...BYTES, "grpc-encoding": "snappy" };
      const reply = await raw(address, "/Debug/Echo", { headers, body: frame(message, 1) });
      expect(statusOf(reply)[0]).toBe(12);
    });
  });

  test("replies are compressed for those who can read it, when asked to", async () => {
    await withServer(
      [echo],
      async ({ address }) => {
        const message = Buffer.alloc(5000, 7);
        const plain = await raw(address, "/Debug/Echo", { headers: BYTES, body: frame(message) });
        expect(plain.headers["grpc-encoding"]).toBe("identity");
        expect(plain.data).toEqual(frame(message));
        const headers = { ...BYTES, "grpc-accept-encoding": "identity, gzip" };
        const packed = await raw(address, "/Debug/Echo", { headers, body: frame(message) });
        expect(packed.headers["grpc-encoding"]).toBe("gzip");
        expect(packed.data[0]).toBe(1);
        expect(packed.data.length).toBeLessThan(200);
        expect(gunzipSync(packed.data.subarray(5))).toEqual(message);
        const small = await raw(address, "/Debug/Echo", { headers, body: frame(Buffer.from("hi")) });
        expect(small.data).toEqual(frame(Buffer.from("hi")));
      },
      { compression: "gzip" },
    );
  });

  test("a bomb is refused while it is unpacked: 512 MiB of zeros cost less than three times the limit", async () => {
    const bomb = frame(await compress(Buffer.alloc(512 * 1024 * 1024)), 1);
    expect(bomb.length).toBeLessThan(600_000);
    await withServer([echo], async ({ address }) => {
      const headers = { ...BYTES, "grpc-encoding": "gzip" };
      // What zlib and the connection need anyway is there after the first.
      await raw(address, "/Debug/Echo", { headers, body: bomb });
      const before = process.memoryUsage();
      let most = 0;
      const timer = setInterval(() => {
        const { external, arrayBuffers, heapUsed } = process.memoryUsage();
        most = Math.max(most, heapUsed + Math.max(external, arrayBuffers));
      }, 1);
      try {
        expect(statusOf(await raw(address, "/Debug/Echo", { headers, body: bomb }))[0]).toBe(
          RESOURCE_EXHAUSTED,
        );
      } finally {
        clearInterval(timer);
      }
      const start = before.heapUsed + Math.max(before.external, before.arrayBuffers);
      expect(most - start).toBeLessThan(3 * 4 * 1024 * 1024);
    });
  });
});

test("a request that has not come by the deadline is not waited for", async () => {
  const contract = defineContract({
    name: "Debug",
    service: "debug",
    methods: { many: serverStream<object, object>() },
  });
  const none = implement(contract, {
    async *many() {
      yield {};
    },
  });
  await withServer([echo, none], async ({ address }) => {
    const session = connect(`http://${address}`);
    try {
      for (const path of ["/Debug/Echo", "/Debug/Many"]) {
        const stream = session.request({
          ":method": "POST",
          ":path": path,
          te: "trailers",
          ...JSON_TYPE,
          "grpc-timeout": "100m",
        });
        const [headers] = (await within("the answer", once(stream, "response"))) as [Record<string, string>];
        expect([path, headers["grpc-status"]]).toEqual([path, "4"]);
        expect(headers["grpc-message"]).toContain(path.replace("/Debug/", "Debug."));
        stream.close();
      }
    } finally {
      session.destroy();
    }
  });
});

test("a watcher of health that asks again and again and takes no answer is not read any more", async () => {
  await withServer([], async ({ address }) => {
    const session = connect(`http://${address}`, { settings: { initialWindowSize: 0 } });
    try {
      const ask = (path: string) =>
        session.request({
          ":method": "POST",
          ":path": path,
          "content-type": "application/grpc",
          te: "trailers",
        });
      const watch = ask("/grpc.health.v1.Health/Watch");
      watch.on("error", () => undefined);
      watch.write(Buffer.concat(Array.from({ length: 40_000 }, () => frame(new Uint8Array(0)))));
      // These are answered with headers alone, behind all that the server reads meanwhile.
      for (let count = 0; count < 50; count++) {
        const other = ask("/nobody/Asks").resume();
        other.end(frame(new Uint8Array(0)));
        await within("the answer", once(other, "close"));
      }
      expect(watch.writableLength).toBeGreaterThan(0);
    } finally {
      session.destroy();
    }
  });
});
