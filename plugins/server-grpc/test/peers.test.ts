import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect, createServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { bidiStream, type CallContext, defineContract, handle, implement, MicroError } from "@micro/core";
import { eventually, within } from "@micro/core/conformance";
import { frame } from "@micro/grpc/internal";
import { describe, expect, test } from "vitest";
import { grpcServer } from "../src/index.ts";
import { raw, statusOf, withServer } from "./world.ts";

const contract = defineContract({
  name: "Lab",
  service: "lab",
  methods: { hold: bidiStream<Uint8Array, Uint8Array>() },
});

/** A handler that keeps its stream until it is cancelled. */
function hold(contexts: CallContext[]) {
  return implement(contract, {
    async *hold(_requests, context) {
      contexts.push(context);
      yield new Uint8Array(0);
      await new Promise<void>((resolve) => context.cancellation.onAbort(() => resolve()));
    },
  });
}

const QUICK = { keepaliveTime: 200, keepaliveTimeout: 200 };

test("by default a peer that is gone is noticed within 15 s", () => {
  const { keepaliveTime, keepaliveTimeout } = grpcServer.config;
  const ms = (text: unknown): number => Number.parseInt(String(text), 10) * 1000;
  expect(ms(keepaliveTime.default) + ms(keepaliveTimeout.default)).toBeLessThanOrEqual(15_000);
});

describe("a client that is gone without a word", () => {
  test("frozen: its handlers are cancelled", async () => {
    const contexts: CallContext[] = [];
    await withServer(
      [hold(contexts)],
      async ({ address, server }) => {
        const main = fileURLToPath(new URL("./client-process.ts", import.meta.url));
        const child = spawn(process.execPath, ["--no-warnings=ExperimentalWarning", main, address]);
        const exited = once(child, "exit");
        try {
          await eventually(() => expect(contexts.length).toBe(1));
          // It lives on while it answers.
          await new Promise((resolve) => setTimeout(resolve, 600));
          expect(contexts[0]?.cancellation.aborted).toBe(false);
          child.kill("SIGSTOP");
          await eventually(() => expect(contexts[0]?.cancellation.aborted).toBe(true), { timeoutMs: 2000 });
          expect(MicroError.from(contexts[0]?.cancellation.reason).code).toBe("CANCELLED");
          await eventually(() => expect(server.active).toBe(0));
        } finally {
          child.kill("SIGKILL");
          await exited;
        }
      },
      QUICK,
    );
  });

  test("half-open: nothing of it arrives any more", async () => {
    const contexts: CallContext[] = [];
    await withServer(
      [hold(contexts)],
      async ({ address, server }) => {
        const pipe = await openPipe(address);
        const session = connectHttp2(`http://127.0.0.1:${pipe.port}`);
        session.on("error", () => undefined);
        try {
          const headers = { ":method": "POST", ":path": "/lab.Lab/Hold" };
          const stream = session.request({ ...headers, "content-type": "application/grpc+bytes" });
          stream.on("error", () => undefined);
          await eventually(() => expect(contexts.length).toBe(1));
          pipe.block();
          await eventually(() => expect(server.active).toBe(0), { timeoutMs: 2000 });
        } finally {
          session.destroy();
          pipe.close();
        }
      },
      QUICK,
    );
  });

  test("silent from the start: its connection is closed", async () => {
    await withServer(
      [],
      async ({ address }) => {
        const socket = connect(Number(address.split(":")[1]), "127.0.0.1");
        // A FIN or a reset, whichever comes.
        const closed = new Promise((resolve) => socket.once("close", resolve));
        socket.on("error", () => undefined);
        socket.resume();
        await within("the end of the connection", closed, 2000);
      },
      QUICK,
    );
  });
});

test("more connections than allowed are refused", async () => {
  await withServer(
    [],
    async ({ address }) => {
      const port = Number(address.split(":")[1]);
      const first = connect(port, "127.0.0.1");
      await once(first, "connect");
      const second = connect(port, "127.0.0.1");
      second.on("error", () => undefined);
      second.resume();
      await within("the refusal", new Promise((resolve) => second.once("close", resolve)));
      first.destroy();
    },
    { maxConnections: 1 },
  );
});

test("draining lets calls end that take longer than the pause between pings", async () => {
  const begun = Promise.withResolvers<void>();
  const slow = handle("Lab.Slow", async () => {
    begun.resolve();
    await new Promise((resolve) => setTimeout(resolve, 4 * QUICK.keepaliveTime));
    return {};
  });
  await withServer(
    [slow],
    async ({ address, server }) => {
      const reply = raw(address, "/Lab/Slow", { body: frame(Buffer.from("{}")) });
      await begun.promise;
      await Promise.all([server.drain?.({ graceMs: 10_000 }), reply]);
      expect(statusOf(await reply)).toEqual([0, ""]);
    },
    QUICK,
  );
});

test("stopping does not wait for peers that keep their connection", async () => {
  await withServer([], async ({ address, server }) => {
    const socket = connect(Number(address.split(":")[1]), "127.0.0.1");
    await once(socket, "connect");
    const from = performance.now();
    await server.stop?.({ graceMs: 300 });
    expect(performance.now() - from).toBeLessThan(2000);
    socket.destroy();
  });
});

/** A connection in two halves, of which nothing passes any more once it is blocked. */
async function openPipe(address: string) {
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = connect(Number(address.split(":")[1]), "127.0.0.1");
    sockets.push(near, far);
    for (const socket of [near, far]) socket.on("error", () => undefined);
    near.pipe(far);
    far.pipe(near);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const bound = server.address();
  return {
    port: typeof bound === "object" ? (bound?.port ?? 0) : 0,
    block: () => {
      for (const socket of sockets) socket.unpipe().pause();
    },
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
