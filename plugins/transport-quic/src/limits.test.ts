import { Metadata, MicroError } from "@micro/core";
import { eventually, within } from "@micro/core/conformance";
import { beforeEach, expect, test } from "vitest";
import type { QuicConnection, QuicStream } from "./driver.ts";
import { ALPN, FrameKind, FrameWriter } from "./frames.ts";
import { quicheDriver } from "./quiche-driver.ts";
import { call, loopbackCertificates, message, textOf, whyNoDriver, withTransport } from "./testing/world.ts";

const missing = await whyNoDriver();
beforeEach((context) => {
  if (missing !== undefined) context.skip(missing);
});

const tls = await loopbackCertificates();

async function errorOf(promise: Promise<unknown>): Promise<MicroError> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!MicroError.is(outcome)) throw new Error(`a MicroError was expected, not ${String(outcome)}`);
  return outcome;
}

/** A client that writes what it likes. */
async function rawClient(address: string): Promise<QuicConnection> {
  const driver = await quicheDriver("@matrixai/quic");
  const connection = await driver.connect({
    alpn: ALPN,
    streamWindow: 64 * 1024,
    maxStreams: 4,
    silenceTimeout: 10_000,
    maxDatagramSize: 1350,
    host: "127.0.0.1",
    port: Number(address.split(":")[1]),
    serverName: "127.0.0.1",
    verify: "none",
    signal: AbortSignal.timeout(5000),
  });
  connection.attach({
    onStream: () => undefined,
    onStreamsAvailable: () => undefined,
    onClosed: () => undefined,
  });
  return connection;
}

/** What became of a stream of a raw client. */
interface RawStream {
  readonly stream: QuicStream;
  /** Bytes of `bytes` that were taken so far. */
  readonly written: () => number;
  /** The first thing the peer did: `reset 3`, or the bytes of its answer. */
  readonly answer: Promise<string>;
}

function rawStream(connection: QuicConnection, bytes: Uint8Array): RawStream {
  const stream = connection.open();
  if (stream === undefined) throw new Error("the server allows no stream");
  const { promise, resolve } = Promise.withResolvers<string>();
  const target = Buffer.alloc(1024);
  let written = 0;
  const write = (): void => {
    written += stream.write(bytes.subarray(written), false);
  };
  stream.handler = {
    onReadable: () => {
      const length = stream.read(target);
      if (length > 0) resolve(target.toString("latin1", 0, length));
    },
    onWritable: write,
    onReset: (code) => resolve(`reset ${code}`),
    onStopped: () => undefined,
  };
  write();
  stream.read(target);
  return { stream, written: () => written, answer: within("the server's answer", promise, 12_000) };
}

function frame(body: Uint8Array, header: Readonly<Record<string, string>> = {}): Buffer {
  const writer = new FrameWriter({ maxHeaders: 1000, maxHeaderSize: 1e6, maxMessageSize: 1e9 });
  return Buffer.concat(writer.write(FrameKind.call, { header: new Metadata(header), body }));
}

test("a request over the server's limit is refused, and provably not begun; the connection goes on", async () => {
  await withTransport({ tls, maxMessageSize: "10KiB", maxHeaders: 8, maxHeaderSize: "1KiB" }, ({ listen }) =>
    withTransport({ tls }, async ({ dial }) => {
      const session = await dial(await listen());
      const large = await errorOf(call(session, message(new Uint8Array(1024 * 1024))));
      expect(large).toMatchObject({ code: "RESOURCE_EXHAUSTED", notSent: true });
      expect(large.detail).toMatch(/1048576 bytes is larger than transport.max_message_size, 10240/);
      const long = await errorOf(call(session, message("", { a: "x".repeat(2000) })));
      expect(long).toMatchObject({ code: "RESOURCE_EXHAUSTED", notSent: true });
      expect(long.detail).toMatch(/max_header_size, 1024/);
      const headers = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`k${at}`, ""]));
      expect((await errorOf(call(session, message("", headers)))).detail).toMatch(/max_headers, 8/);
      expect(textOf(await call(session, message("small")))).toBe("small");
    }),
  );
});

test("a reply over the client's limit ends its call alone, and says that a repetition is not safe", async () => {
  await withTransport({ tls }, ({ listen }) =>
    withTransport({ tls, maxMessageSize: "10KiB" }, async ({ dial }) => {
      const listener = await listen((exchange) => {
        exchange.reply(message(textOf(exchange.first) === "large" ? new Uint8Array(1024 * 1024) : "ok"));
      });
      const session = await dial(listener);
      const error = await errorOf(call(session, message("large")));
      expect(error).toMatchObject({ code: "RESOURCE_EXHAUSTED", notSent: false });
      expect(error.detail).toMatch(/max_message_size, 10240/);
      expect(textOf(await call(session, message("small")))).toBe("ok");
    }),
  );
});

test("a header that cannot be sent fails its call, or says so in place of the reply", async () => {
  await withTransport({ tls }, async ({ listen, dial }) => {
    const session = await dial(await listen((exchange) => exchange.reply(message("", { "no name": "x" }))));
    expect(await errorOf(call(session, message("", { "no name": "x" })))).toMatchObject({
      code: "BAD_REQUEST",
      notSent: true,
    });
    const error = await errorOf(call(session, message("")));
    expect(error).toMatchObject({ code: "BAD_REQUEST", notSent: false });
    expect(error.detail).toMatch(/"no name" is no header name/);
  });
});

test("what waits for a peer that does not read is bounded by max_write_buffer", async () => {
  await withTransport({ tls, maxWriteBuffer: "1MiB", streamWindow: "64KiB" }, async ({ listen, dial }) => {
    const session = await dial(await listen(() => undefined));
    const stream = await session.open();
    const chunk = new Uint8Array(256 * 1024);
    const sendAll = async (): Promise<void> => {
      for (let at = 0; at < 40; at++) void stream.send(message(chunk));
    };
    const error = await errorOf(sendAll());
    expect(error).toMatchObject({ code: "RESOURCE_EXHAUSTED" });
    expect(error.detail).toMatch(/max_write_buffer, 1048576 bytes/);
    expect(await errorOf(call(session, message(chunk)))).toMatchObject({
      code: "RESOURCE_EXHAUSTED",
      notSent: true,
    });
    stream.abort(new Error("the test is over"));
    // What was given up waits no longer.
    const reply = errorOf(call(session, message(chunk)));
    await session.close();
    expect(await reply).toMatchObject({ code: "UNAVAILABLE" });
  });
});

test("messages that begin and do not end are held up to max_read_buffer, then wait in the network", async () => {
  let arrived = 0;
  const config = { tls, maxMessageSize: "1MiB", maxReadBuffer: "2MiB", streamWindow: "64KiB" } as const;
  await withTransport(config, async ({ listen }) => {
    const listener = await listen((exchange) => {
      arrived++;
      exchange.reply(message("ok"));
    });
    const connection = await rawClient(listener.address);
    const whole = frame(new Uint8Array(1024 * 1024).fill(1));
    const streams = Array.from({ length: 10 }, () => rawStream(connection, whole.subarray(0, -1)));
    const total = (): number => streams.reduce((sum, { written }) => sum + written(), 0);
    await eventually(() => expect(total()).toBeGreaterThan(2 * 1024 * 1024));
    let last = -1;
    while (last !== total()) {
      last = total();
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    // Two whole ones, and of the other eight what windows and one read hold.
    expect(last).toBeLessThan(2.1 * 1024 * 1024 + 8 * (64 + 64 + 8) * 1024);
    expect(arrived).toBe(0);
    const finish = async ({ stream, written, answer }: RawStream): Promise<void> => {
      await eventually(() => expect(written()).toBe(whole.length - 1), { timeoutMs: 10_000 });
      await eventually(() => expect(stream.write(whole.subarray(-1), true)).toBe(1));
      expect(await answer).toContain("ok");
    };
    await Promise.all(streams.map(finish));
    expect(arrived).toBe(10);
    connection.close({ code: 0, reason: "", lingerMs: 0 });
  });
});

test("a message that does not come to its end is given up after read_timeout, alone", async () => {
  await withTransport({ tls, readTimeout: "150ms" }, async ({ listen, logged }) => {
    const listener = await listen();
    const connection = await rawClient(listener.address);
    const bytes = frame(Buffer.from("hello"));
    for (const length of [1, 8, bytes.length - 1]) {
      expect(await rawStream(connection, bytes.subarray(0, length)).answer).toBe("reset 3");
    }
    expect(logged.join()).toMatch(/read_timeout, 150 ms/);
    expect(await rawStream(connection, bytes).answer).toContain("hello");
    connection.close({ code: 0, reason: "", lingerMs: 0 });
  });
});

test("what is no frame ends its stream alone, and is logged", async () => {
  await withTransport({ tls }, async ({ listen, logged }) => {
    const listener = await listen();
    const connection = await rawClient(listener.address);
    expect(await rawStream(connection, Buffer.from("GET / HTTP/1.1\r\n\r\n")).answer).toBe("reset 2");
    expect(logged.join()).toMatch(/broke the framing: 71 is no kind of frame/);
    // A second request on the stream of a call, and a stream that begins with something else than a message.
    const second = Buffer.concat([frame(Buffer.from("a")), Buffer.from([4, 0, 0, 0, 0, 0, 0, 0])]);
    await rawStream(connection, second).answer;
    expect(await rawStream(connection, Buffer.from([5, 0, 0, 0, 0, 0, 0, 0])).answer).toBe("reset 2");
    expect(await rawStream(connection, frame(Buffer.from("still here"))).answer).toContain("still here");
    connection.close({ code: 0, reason: "", lingerMs: 0 });
  });
});

test("an exchange callback that throws fails its call, and nothing else", async () => {
  await withTransport({ tls }, async ({ listen, dial, logged }) => {
    const session = await dial(
      await listen((exchange) => {
        if (textOf(exchange.first) === "bad") throw new Error("oops");
        exchange.reply(message("fine"));
      }),
    );
    const error = await errorOf(call(session, message("bad")));
    expect(error).toMatchObject({ code: "INTERNAL", notSent: false });
    expect(error.detail).toMatch(/oops/);
    expect(logged.join()).toMatch(/receiver of an exchange failed oops/);
    expect(textOf(await call(session, message("good")))).toBe("fine");
  });
});
