import { createSocket } from "node:dgram";
import { eventually, within } from "@micro/core/conformance";
import { beforeEach, describe, expect, test } from "vitest";
import type { QuicConnection, QuicDriver, QuicEndpoint, QuicListenOptions, QuicStream } from "./driver.ts";
import { QUICHE_PACKAGES, quicheDriver } from "./quiche-driver.ts";
import { udpProxy } from "./testing/udp-proxy.ts";
import { loopbackCertificates, whyNoDriver } from "./testing/world.ts";

const missing = await whyNoDriver("@matrixai/quic");
beforeEach((context) => {
  if (missing !== undefined) context.skip(missing);
});

const tls = await loopbackCertificates();
const settings = {
  alpn: "test/1",
  streamWindow: 64 * 1024,
  maxStreams: 8,
  silenceTimeout: 5000,
  maxDatagramSize: 1350,
};

interface Pair {
  readonly client: QuicConnection;
  readonly server: QuicConnection;
  readonly endpoint: QuicEndpoint;
}

const quiet = { onStream: () => undefined, onStreamsAvailable: () => undefined, onClosed: () => undefined };

async function listen(driver: QuicDriver, options: Partial<QuicListenOptions> = {}): Promise<QuicEndpoint> {
  return await driver.listen({
    ...settings,
    cert: tls.cert,
    key: tls.key,
    host: "127.0.0.1",
    port: 0,
    requestCert: false,
    maxConnections: 10,
    handshakeTimeout: 5000,
    onConnection: (connection) => connection.attach(quiet),
    onWarning: () => undefined,
    ...options,
  });
}

async function connect(driver: QuicDriver, port: number, alpn = settings.alpn): Promise<QuicConnection> {
  return await driver.connect({
    ...settings,
    alpn,
    ca: tls.ca,
    host: "127.0.0.1",
    port,
    serverName: "127.0.0.1",
    verify: "ca",
    signal: AbortSignal.timeout(5000),
  });
}

async function withPair(driver: QuicDriver, body: (pair: Pair) => Promise<void>): Promise<void> {
  const accepted = Promise.withResolvers<QuicConnection>();
  const endpoint = await listen(driver, { onConnection: accepted.resolve });
  try {
    const client = await connect(driver, endpoint.port);
    await body({ client, server: await within("the connection", accepted.promise), endpoint });
    client.close({ code: 0, reason: "the test is over", lingerMs: 0 });
  } finally {
    await endpoint.close();
  }
}

/** The events of a stream as they come. */
function watch(stream: QuicStream): { readonly events: string[]; next(event: string): Promise<void> } {
  const events: string[] = [];
  const waiting = new Map<string, () => void>();
  const note = (event: string): void => {
    events.push(event);
    waiting.get(event)?.();
  };
  stream.handler = {
    onReadable: () => note("readable"),
    onWritable: () => note("writable"),
    onReset: (code) => note(`reset ${code}`),
    onStopped: (code) => note(`stopped ${code}`),
  };
  return {
    events,
    next: (event) =>
      within(
        event,
        new Promise<void>((resolve) => (events.includes(event) ? resolve() : waiting.set(event, resolve))),
      ),
  };
}

/** The next stream that the peer opens. */
function nextStream(connection: QuicConnection): Promise<QuicStream> {
  const { promise, resolve } = Promise.withResolvers<QuicStream>();
  connection.attach({ ...quiet, onStream: resolve });
  return within("a stream", promise);
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe.each(QUICHE_PACKAGES)("a driver on %s", (name) => {
  beforeEach(async (context) => {
    const why = await whyNoDriver(name);
    if (why !== undefined) context.skip(why);
  });

  test("connects both ends, with a stream in both directions", async () => {
    await withPair(await quicheDriver(name), async ({ client, server, endpoint }) => {
      expect(client.remote).toBe(`127.0.0.1:${endpoint.port}`);
      expect(server.remote).toBe(client.local);
      expect(client.maxStreams).toBe(8);
      client.attach(quiet);
      const opened = nextStream(server);
      const near = client.open() as QuicStream;
      expect(near.write(bytes("ping"), true)).toBe(4);
      const far = await opened;
      const target = new Uint8Array(10);
      expect(far.read(target)).toBe(4);
      expect(far.read(target)).toBe(-1);
      expect(far.write(bytes("pong!"), true)).toBe(5);
      const seen = watch(near);
      expect(near.read(target)).toBe(0);
      await seen.next("readable");
      expect(near.read(target)).toBe(5);
      expect(near.read(target)).toBe(-1);
    });
  });

  test("a writer is stopped by the reader's window and goes on when there was reading", async () => {
    await withPair(await quicheDriver(name), async ({ client, server }) => {
      client.attach(quiet);
      const opened = nextStream(server);
      const near = client.open() as QuicStream;
      const seen = watch(near);
      const body = new Uint8Array(3 * settings.streamWindow).fill(7);
      let written = 0;
      // The congestion window lets a part through at first, and more with each confirmation.
      near.handler = {
        ...near.handler,
        onWritable: () => {
          written += near.write(body.subarray(written), true);
        },
      };
      near.handler.onWritable();
      const far = await opened;
      await eventually(() => expect(written).toBe(settings.streamWindow));
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(written).toBe(settings.streamWindow);
      const target = new Uint8Array(4096);
      let read = 0;
      const ended = Promise.withResolvers<void>();
      const drainAll = (): void => {
        for (;;) {
          const length = far.read(target);
          if (length === 0) return;
          if (length < 0) {
            ended.resolve();
            return;
          }
          read += length;
        }
      };
      far.handler = { ...watch(far), ...far.handler, onReadable: drainAll };
      drainAll();
      await within("the rest", ended.promise);
      expect(read).toBe(body.length);
      expect(seen.events).not.toContain("stopped 0");
    });
  });

  test("resets and stops arrive with their codes, also where nobody reads", async () => {
    await withPair(await quicheDriver(name), async ({ client, server }) => {
      client.attach(quiet);
      const opened = nextStream(server);
      const near = client.open() as QuicStream;
      near.write(bytes("x"), false);
      const far = await opened;
      const seenFar = watch(far);
      const seenNear = watch(near);
      far.read(new Uint8Array(1));
      // Nothing reads at the far end from here on.
      near.reset(42);
      await seenFar.next("reset 42");
      near.stop(43);
      // Who is stopped learns of it when it writes.
      await within(
        "stopped",
        (async () => {
          while (!seenFar.events.includes("stopped 43")) {
            far.write(bytes("y"), false);
            await new Promise((resolve) => setTimeout(resolve, 5));
          }
        })(),
      );
      expect(seenNear.events).toEqual([]);
    });
  });

  test("more streams than the peer allows have to wait, and are told when they may come", async () => {
    await withPair(await quicheDriver(name), async ({ client, server }) => {
      const available = Promise.withResolvers<void>();
      client.attach({ ...quiet, onStreamsAvailable: available.resolve });
      server.attach({
        ...quiet,
        onStream: (stream) => {
          stream.handler = {
            onReadable: () => {
              const target = new Uint8Array(16);
              let got = stream.read(target);
              while (got > 0) got = stream.read(target);
              if (got < 0) stream.write(new Uint8Array(0), true);
            },
            onWritable: () => undefined,
            onReset: () => undefined,
            onStopped: () => undefined,
          };
        },
      });
      const streams = Array.from({ length: settings.maxStreams }, () => client.open() as QuicStream);
      expect(client.open()).toBeUndefined();
      for (const stream of streams) {
        stream.handler = {
          ...watch(stream),
          ...stream.handler,
          onReadable: () => void stream.read(new Uint8Array(1)),
        };
        stream.write(bytes("x"), true);
      }
      await within("more streams", available.promise);
      expect(client.open()).toBeDefined();
    });
  });

  test("another protocol is refused in the handshake, in words", async () => {
    const driver = await quicheDriver(name);
    const warnings: string[] = [];
    const endpoint = await listen(driver, {
      onWarning: (text, { error }) => warnings.push(`${text}: ${(error as Error).message}`),
    });
    await expect(connect(driver, endpoint.port, "other/1")).rejects.toThrow(/no_application_protocol/);
    await endpoint.close();
    expect(warnings.join()).toMatch(/handshake failed.*no_application_protocol/);
  });

  test("a restarted server tells clients of its predecessor at once", async () => {
    const driver = await quicheDriver(name);
    const first = await listen(driver);
    const client = await connect(driver, first.port);
    const closed = Promise.withResolvers<Error | undefined>();
    client.attach({ ...quiet, onClosed: closed.resolve });
    // As if the process were killed: nobody says goodbye.
    await first.close();
    const second = await listen(driver, { port: first.port });
    client.open()?.write(bytes("is anybody there?"), false);
    expect((await within("the end", closed.promise, 2000))?.message).toMatch(/restarted/);
    await second.close();
  });

  test("a server that is gone is noticed as soon as something is sent to it", async () => {
    const driver = await quicheDriver(name);
    const endpoint = await listen(driver);
    const client = await connect(driver, endpoint.port);
    const closed = Promise.withResolvers<Error | undefined>();
    client.attach({ ...quiet, onClosed: closed.resolve });
    await endpoint.close();
    client.open()?.write(bytes("is anybody there?"), false);
    expect((await within("the end", closed.promise, 2000))?.message).toMatch(/nobody listens there/);
  });
});

test("whatever comes to a listener's port, it goes on serving", async () => {
  const driver = await quicheDriver("@matrixai/quic");
  const endpoint = await listen(driver);
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.connect(endpoint.port, "127.0.0.1", resolve));
  let asked = 0;
  let answered = 0;
  socket.on("message", (datagram) => (answered += datagram.length));
  let seed = 1;
  const random = (): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed & 0xff;
  };
  for (let round = 0; round < 2000; round++) {
    const datagram = Uint8Array.from({ length: 5 + ((round * 7) % 1300) }, random);
    // Every kind of first byte and of version.
    datagram[0] = round & 0xff;
    if (round % 3 === 0) datagram.set([0, 0, 0, round % 2], 1);
    // The lengths of both connection ids, mostly possible ones.
    if (round % 2 === 0 && datagram.length > 30) {
      datagram[5] = round % 23;
      datagram[6 + (round % 23)] = 20;
    }
    asked += datagram.length;
    await new Promise((resolve) => socket.send(datagram, resolve));
  }
  const client = await connect(driver, endpoint.port);
  client.close({ code: 0, reason: "", lingerMs: 0 });
  socket.close();
  await endpoint.close();
  // Whoever writes the address of somebody else on what it sends gains nothing.
  expect(answered).toBeLessThan(asked);
});

test("a connection that is closed while its handshake is not confirmed says so once, and not without end", async () => {
  const driver = await quicheDriver("@matrixai/quic");
  const endpoint = await listen(driver);
  const proxy = await udpProxy(`127.0.0.1:${endpoint.port}`);
  let up = 0;
  proxy.pass = (way) => way === "down" || ++up > 0;
  const client = await connect(driver, Number(proxy.address.split(":")[1]));
  client.attach(quiet);
  client.close({ code: 0, reason: "enough", lingerMs: 1000 });
  // The timer for lost packets is due before the turn in which the connection would be closed: quiche has probes to send.
  const until = performance.now() + 200;
  while (performance.now() < until);
  const asked = up;
  await eventually(() => expect(up).toBeGreaterThan(asked));
  await eventually(async () => {
    const before = up;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(up).toBe(before);
  });
  expect(up).toBeLessThan(40);
  await proxy.close();
  await endpoint.close();
});
