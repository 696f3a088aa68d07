import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { MicroError } from "@micro/core";
import { eventually } from "@micro/core/conformance";
import { describe, expect, test } from "vitest";
import { grpcClient } from "../src/index.ts";
import { openPipe, rawPeer, reply, tcpPeer, withClient } from "./peers.ts";

const QUICK = { keepaliveTime: 300, keepaliveTimeout: 300 };
const echo = { service: "lab", endpoint: "Lab.Echo", message: { text: "hi" } };
const hold = { service: "lab", endpoint: "Lab.Hold", message: [{}] } as const;

/** How a promise failed, and after how many ms. */
async function failure(promise: Promise<unknown>): Promise<readonly [MicroError, number]> {
  const from = performance.now();
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!MicroError.is(outcome)) throw new Error("a MicroError was expected", { cause: outcome });
  return [outcome, performance.now() - from];
}

async function withChild(body: (address: string, child: ChildProcess) => Promise<void>): Promise<void> {
  const main = fileURLToPath(new URL("./server-process.ts", import.meta.url));
  const child = spawn(process.execPath, ["--no-warnings=ExperimentalWarning", main]);
  const exited = once(child, "exit");
  try {
    let address = "";
    child.stdout.on("data", (chunk: Buffer) => {
      address += chunk.toString();
    });
    await eventually(() => expect(address).toMatch(/:\d+\n$/), { timeoutMs: 10_000 });
    await body(address.trim(), child);
  } finally {
    child.kill("SIGKILL");
    await exited;
  }
}

test("by default a peer that is gone is noticed within 15 s", () => {
  const ms = (text: unknown): number => Number.parseInt(String(text), 10) * 1000;
  const { keepaliveTime, keepaliveTimeout, dialTimeout } = grpcClient.config;
  // It is looked after every second.
  expect(ms(keepaliveTime.default) + ms(keepaliveTimeout.default) + 1000).toBeLessThanOrEqual(15_000);
  expect(ms(dialTimeout.default)).toBeLessThanOrEqual(5000);
});

describe("a dial", () => {
  test("to a peer that accepts and says nothing ends by the dial timeout, and leaves no connection", async () => {
    const peer = await tcpPeer((socket) => socket.resume());
    await withClient({ dialTimeout: 300 }, async (client) => {
      for (const started of [
        client.call(echo, { address: peer.address }),
        client.stream(hold, { address: peer.address })[Symbol.asyncIterator]().next(),
      ]) {
        const [error, ms] = await failure(started);
        expect([error.code, error.notSent]).toEqual(["UNAVAILABLE", true]);
        expect(error.detail).toMatch(
          /accepted the connection and did not speak HTTP\/2.*client\.dial_timeout/,
        );
        expect(ms).toBeLessThan(2500); // its own time, which would hold else, is 5 s
      }
      await eventually(() => expect(peer.sockets.size).toBe(0));
    });
    await peer.close();
  });

  test("to a port that nobody listens on fails at once, and says so", async () => {
    const peer = await tcpPeer(() => undefined);
    await peer.close();
    await withClient({}, async (client) => {
      const [error, ms] = await failure(client.call(echo, { address: peer.address }));
      expect([error.code, error.notSent]).toEqual(["UNAVAILABLE", true]);
      expect(error.detail).toBe(`${peer.address}: connect ECONNREFUSED ${peer.address}`);
      expect(ms).toBeLessThan(2500);
    });
  });

  test("to a peer that speaks something else fails, and leaves no connection", async () => {
    const peer = await tcpPeer((socket) => {
      socket.resume();
      socket.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    });
    await withClient({ dialTimeout: 1000 }, async (client) => {
      const [error] = await failure(client.call(echo, { address: peer.address }));
      expect([error.code, error.notSent]).toEqual(["UNAVAILABLE", true]);
      expect(error.detail).toBe(
        `${peer.address}: the peer does not speak HTTP/2, so it is no gRPC server: call an rpc server with the client plugin 'rpc' (client.plugin)`,
      );
      await eventually(() => expect(peer.sockets.size).toBe(0));
    });
    await peer.close();
  });

  test("after one that failed is tried again by the next call", async () => {
    const peer = await rawPeer((stream) => reply(stream, [Buffer.from("{}")]));
    const port = Number(peer.address.split(":")[1]);
    await peer.close();
    await withClient({}, async (client) => {
      await failure(client.call(echo, { address: peer.address }));
      const { createServer } = await import("node:http2");
      const server = createServer().on("stream", (stream) => reply(stream, [Buffer.from("{}")]));
      server.listen(port, "127.0.0.1");
      await once(server, "listening");
      try {
        expect(await client.call(echo, { address: peer.address })).toEqual({});
      } finally {
        server.close();
      }
    });
  });
});

describe("a server that is gone without a word", () => {
  test("frozen: calls and streams on it fail, the next call dials again", async () => {
    await withChild(async (address, child) =>
      withClient(QUICK, async (client) => {
        expect(await client.call(echo, { address })).toEqual({ text: "hi" });
        const replies = client.stream(hold, { address })[Symbol.asyncIterator]();
        expect((await replies.next()).done).toBe(false);
        const waiting = replies.next();
        // A peer that is silent but alive is left alone.
        const early = await Promise.race([
          waiting.then(
            () => "ended",
            () => "failed",
          ),
          new Promise((resolve) => setTimeout(() => resolve("alive"), 2500)),
        ]);
        expect(early).toBe("alive");
        child.kill("SIGSTOP");
        const [error, ms] = await failure(waiting);
        expect([error.code, error.notSent]).toEqual(["UNAVAILABLE", false]);
        expect(error.detail).toContain("no sign of life");
        expect(ms).toBeLessThan(300 + 300 + 4000);
        child.kill("SIGCONT");
        expect(await client.call(echo, { address })).toEqual({ text: "hi" });
      }),
    );
  });

  test("half-open: nothing arrives any more", async () => {
    const peer = await rawPeer((stream, headers) => {
      if (headers[":path"] === "/lab.Lab/Hold") {
        stream.respond({ ":status": 200, "content-type": "application/grpc" });
        stream.write(Buffer.from([0, 0, 0, 0, 2, 0x7b, 0x7d]));
      } else reply(stream, [Buffer.from("{}")]);
    });
    const pipe = await openPipe(peer.address);
    await withClient(QUICK, async (client) => {
      const replies = client.stream(hold, { address: pipe.address })[Symbol.asyncIterator]();
      expect((await replies.next()).done).toBe(false);
      pipe.block();
      const [error] = await failure(replies.next());
      expect(error.code).toBe("UNAVAILABLE");
    });
    await pipe.close();
    await peer.close();
  });

  test("a unary call ends by its own deadline before that", async () => {
    const peer = await rawPeer(() => undefined);
    await withClient({}, async (client) => {
      const [error, ms] = await failure(client.call(echo, { address: peer.address, timeoutMs: 200 }));
      expect(error.code).toBe("TIMEOUT");
      expect(ms).toBeLessThan(2500);
    });
    await peer.close();
  });
});
