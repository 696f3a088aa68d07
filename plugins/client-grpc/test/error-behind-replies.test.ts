import { Server, ServerCredentials, type ServerWritableStream } from "@grpc/grpc-js";
import type { Client } from "@micro/client";
import { MicroError } from "@micro/core";
import { within } from "@micro/core/conformance";
import { frame } from "@micro/grpc/internal";
import { describe, expect, test } from "vitest";
import { type RawPeer, rawPeer, withClient } from "./peers.ts";

const service = "lab";
const CONTENT_TYPE = "application/grpc+bytes";
const NOT_FOUND = 5;
type Call = ServerWritableStream<Buffer, Buffer>;
const bytes = (value: Buffer): Buffer => value;

/** A server of plain grpc-js that writes so many messages and then fails. `Lab.Ping` answers once it has failed. */
async function plainServer({ count, size }: { readonly count: number; readonly size: number }) {
  const server = new Server();
  const failed = Promise.withResolvers<void>();
  const fail = async (call: Call): Promise<void> => {
    for (let at = 0; at < count; at++) {
      if (!call.write(Buffer.alloc(size, at))) {
        failed.resolve();
        await new Promise((resolve) => call.once("drain", resolve));
      }
    }
    call.emit("error", { code: NOT_FOUND, details: "no more of it" });
    failed.resolve();
  };
  const pong = async (done: (error: null, reply: Buffer) => void): Promise<void> => {
    await failed.promise;
    done(null, Buffer.alloc(1));
  };
  const method = { requestDeserialize: bytes, responseSerialize: bytes, requestSerialize: bytes };
  const definition = { ...method, responseDeserialize: bytes, requestStream: false, responseStream: false };
  server.addService(
    {
      ping: { ...definition, path: "/lab.Lab/Ping" },
      many: { ...definition, path: "/lab.Lab/Many", responseStream: true },
      chat: { ...definition, path: "/lab.Lab/Chat", requestStream: true, responseStream: true },
    },
    {
      ping: (_call: unknown, done: (error: null, reply: Buffer) => void) => void pong(done),
      many: (call: Call) => void fail(call),
      chat: (call: Call) => void fail(call),
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { address: `127.0.0.1:${port}`, close: () => server.forceShutdown() };
}

/** The first byte of each reply, and the error behind them. `before` is awaited before each reply but the first. */
async function replies(
  stream: AsyncIterable<unknown>,
  before: () => Promise<unknown>,
): Promise<{ readonly got: readonly unknown[]; readonly error: MicroError | undefined }> {
  const got: unknown[] = [];
  try {
    for await (const one of stream) {
      got.push((one as Uint8Array)[0]);
      await before();
    }
  } catch (error) {
    return { got, error: MicroError.from(error) };
  }
  return { got, error: undefined };
}

function open(client: Client, kind: "serverStream" | "bidiStream", address: string): AsyncIterable<unknown> {
  const message = new Uint8Array(1);
  const call =
    kind === "serverStream"
      ? { service, endpoint: "Lab.Many", kind, message }
      : { service, endpoint: "Lab.Chat", kind, message: [message] };
  return client.stream(call, { address, timeoutMs: 10_000, contentType: CONTENT_TYPE });
}

describe.each(["serverStream", "bidiStream"] as const)("an error behind the replies of a %s", (kind) => {
  test.each([
    [3, 10],
    // More than the windows of HTTP/2 hold: the rest comes as it is read.
    [200, 20_000],
  ])("is told after all %i of them, to a reader that is late and to one that is not", async (count, size) => {
    const all = Array.from({ length: count }, (_, at) => at);
    const server = await plainServer({ count, size });
    try {
      await withClient({}, async (client) => {
        const { address } = server;
        const quick = await replies(open(client, kind, address), async () => undefined);
        expect(quick).toMatchObject({ got: all, error: { code: "NOT_FOUND", detail: "no more of it" } });
        // What comes on the same connection afterwards shows that the error has arrived.
        const ping = () =>
          client.call(
            { service, endpoint: "Lab.Ping", message: new Uint8Array(1) },
            { address, contentType: CONTENT_TYPE, timeoutMs: 5000 },
          );
        const late = await replies(open(client, kind, address), ping);
        expect(late).toMatchObject({ got: all, error: { code: "NOT_FOUND", detail: "no more of it" } });
      });
    } finally {
      server.close();
    }
  });
});

async function withPeer(
  answer: Parameters<typeof rawPeer>[0],
  body: (client: Client, peer: RawPeer) => Promise<void>,
): Promise<void> {
  const peer = await rawPeer(answer);
  try {
    await withClient({}, (client) => body(client, peer));
  } finally {
    await peer.close();
  }
}

/** Three replies and an error in one go; then `after`. */
function threeAndError(after: () => void): Parameters<typeof rawPeer>[0] {
  return (stream) => {
    stream.respond({ ":status": 200, "content-type": CONTENT_TYPE }, { waitForTrailers: true });
    stream.on("wantTrailers", () => {
      stream.sendTrailers({ "grpc-status": "14", "grpc-message": "closed for today" });
      after();
    });
    stream.end(Buffer.concat([0, 1, 2].map((at) => frame(Uint8Array.of(at)))));
  };
}

/** Resolves when the client has read everything that was written before. */
async function readSoFar({ sessions }: RawPeer): Promise<void> {
  const pings = Array.from(
    sessions,
    (session) => new Promise<void>((resolve) => session.ping(() => resolve())),
  );
  await within("the ping", Promise.all(pings));
}

test("a status of the server is its word, whatever its code: the node was reached", async () => {
  await withPeer(
    threeAndError(() => undefined),
    async (client, peer) => {
      const { got, error } = await replies(open(client, "serverStream", peer.address), () => readSoFar(peer));
      expect(got).toEqual([0, 1, 2]);
      expect(error).toMatchObject({ code: "UNAVAILABLE", detail: "closed for today", notSent: false });
    },
  );
});

test.each([0, 8])("a stream that is reset with %i behind its trailers ends, with its error", async (code) => {
  let reset = (): void => undefined;
  const answer: Parameters<typeof rawPeer>[0] = (stream, headers) => {
    reset = () => stream.close(code);
    threeAndError(() => undefined)(stream, headers);
  };
  await withPeer(answer, async (client, peer) => {
    // Requests without an end keep the stream half open.
    const release = Promise.withResolvers<void>();
    const requests = async function* () {
      yield Uint8Array.of(1);
      await release.promise;
    };
    const call = { service, endpoint: "Lab.Chat", kind: "bidiStream", message: requests() } as const;
    const options = { address: peer.address, timeoutMs: 5000, contentType: CONTENT_TYPE };
    const { got, error } = await replies(client.stream(call, options), async () => {
      await readSoFar(peer);
      reset();
      await readSoFar(peer);
    });
    release.resolve();
    expect(got).toEqual([0, 1, 2]);
    expect(error).toMatchObject({ code: "UNAVAILABLE", detail: "closed for today" });
  });
});

test("a connection that is lost behind the trailers does not change the error", async () => {
  await withPeer(
    threeAndError(() => undefined),
    async (client, peer) => {
      const stream = open(client, "serverStream", peer.address);
      const { error } = await replies(stream, async () => {
        const sessions = [...peer.sessions].filter((session) => !session.destroyed);
        if (sessions.length > 0) await readSoFar(peer);
        for (const session of sessions) session.destroy();
      });
      expect(error).toMatchObject({ code: "UNAVAILABLE", detail: "closed for today" });
    },
  );
});

test("no more requests are asked for once the error is there, though replies are unread", async () => {
  const ended = Promise.withResolvers<void>();
  const requests = async function* () {
    try {
      for (;;) yield new Uint8Array(16_000);
    } finally {
      ended.resolve();
    }
  };
  const answer: Parameters<typeof rawPeer>[0] = (stream, headers) => {
    // Nothing of the requests is read: the sender waits for room.
    stream.pause();
    threeAndError(() => undefined)(stream, headers);
  };
  await withPeer(answer, async (client, peer) => {
    const call = { service, endpoint: "Lab.Chat", kind: "bidiStream", message: requests() } as const;
    const options = { address: peer.address, timeoutMs: 5000, contentType: CONTENT_TYPE };
    const { got, error } = await replies(client.stream(call, options), () =>
      within("the end of the requests", ended.promise),
    );
    expect(got).toEqual([0, 1, 2]);
    expect(error).toMatchObject({ detail: "closed for today" });
  });
});
