import { createServer, type Socket } from "node:net";
import type { Client } from "@micro/client";
import { type CodecInstance, Codecs } from "@micro/codec";
import { jsonCodec } from "@micro/codec-json";
import { Metadata } from "@micro/core";
import { eventually, instantiate } from "@micro/core/conformance";
import { httpTransport } from "@micro/transport-http";
import { rpcClient } from "../src/index.ts";

/** A request as it came over the socket. */
export interface RawRequest {
  readonly connection: number;
  readonly start: string;
  /** Keys as they were written. */
  readonly header: Readonly<Record<string, string>>;
  readonly body: string;
  /** Writes bytes back on the same connection. */
  readonly answer: (bytes: string | Uint8Array) => void;
  /** Ends the connection. */
  readonly end: () => void;
}

/** Published messages as the broker gets them. */
export interface Published {
  readonly topic: string;
  readonly header: Record<string, string>;
  readonly body: string;
}

/** A client, and a Go server that the test plays itself. */
export interface GoWorld {
  readonly client: Client;
  /** Of the server. */
  readonly address: string;
  readonly published: readonly Published[];
  /** Connections that are open. */
  readonly open: number;
  /** Metadata of the node. */
  nodeMetadata: Record<string, string>;
  /** The next request; rejects when none comes in time. */
  next(): Promise<RawRequest>;
  stop(): Promise<void>;
}

/** Starts both. */
export async function startGoWorld(
  given: {
    /** @default JSON */
    readonly codecs?: readonly CodecInstance[];
    /** Options of the client. */
    readonly config?: { readonly poolRetries?: number; readonly retryBurst?: number };
  } = {},
): Promise<GoWorld> {
  const requests: RawRequest[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    const connection = connections++;
    sockets.add(socket);
    let pending = "";
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (chunk) => {
      pending += chunk.toString("latin1");
      for (;;) {
        const end = pending.indexOf("\r\n\r\n");
        if (end < 0) return;
        const [start = "", ...lines] = pending.slice(0, end).split("\r\n");
        const header = Object.fromEntries(lines.map((line) => line.split(/: ?(.*)/s, 2) as [string, string]));
        const length = Number(header["Content-Length"] ?? 0);
        if (pending.length < end + 4 + length) return;
        const body = pending.slice(end + 4, end + 4 + length);
        pending = pending.slice(end + 4 + length);
        const answer = (bytes: string | Uint8Array): void => void socket.write(bytes);
        requests.push({ connection, start, header, body, answer, end: () => void socket.end() });
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { readonly port: number };
  const published: Published[] = [];
  const codec = new Codecs(given.codecs ?? [await instantiate(jsonCodec)]);
  const transport = await instantiate(httpTransport);
  await transport.start?.({ signal: new AbortController().signal });
  const world = {
    nodeMetadata: { protocol: "mucp", server: "mucp", transport: "http" } as Record<string, string>,
  };
  const selector = {
    preferLocal: true,
    select: () => {
      const node = { id: "greeter-1", address: `127.0.0.1:${port}`, metadata: world.nodeMetadata };
      return { node, version: "latest", done: () => undefined };
    },
  };
  const broker = {
    name: "noted",
    publish: async (topic: string, message: { readonly header: Metadata; readonly body: Uint8Array }) => {
      const body = Buffer.from(message.body).toString();
      published.push({ topic, header: new Metadata(message.header).toJSON(), body });
    },
  };
  const client = await instantiate(rpcClient, {
    deps: { codec, transport, selector, broker: broker as never },
    scope: { name: "caller" },
    config: given.config ?? {},
  });
  return Object.assign(world, {
    client,
    address: `127.0.0.1:${port}`,
    published,
    get open() {
      return sockets.size;
    },
    next: () =>
      eventually(
        () => {
          const request = requests.shift();
          if (request === undefined) throw new Error("no request came");
          return request;
        },
        { intervalMs: 2 },
      ),
    stop: async () => {
      await client.stop?.({ graceMs: 0 });
      await transport.stop?.({ graceMs: 0 });
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

/** A reply as Go's server writes it: with what the first request of the connection said (spec 1.2). */
export function goReply(header: Readonly<Record<string, string>>, body = ""): string {
  const stale = {
    Accept: "application/json",
    "Content-Type": "application/json",
    "Foo-Bar": "baz",
    "Micro-Endpoint": "Greeter.Hello",
    "Micro-Id": "0",
    "Micro-Method": "Greeter.Hello",
    "Micro-Service": "greeter",
    Timeout: "5000000000",
    "User-Agent": "Go-http-client/1.1",
    "X-Micro-Id": "0",
  };
  const lines = Object.entries({ ...stale, ...header }).map(([key, value]) => `${key}: ${value}\r\n`);
  const length = Buffer.byteLength(body);
  return length > 0
    ? `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n${lines.join("")}\r\n${body}`
    : `HTTP/1.1 200 OK\r\n${lines.join("")}Content-Length: 0\r\n\r\n`;
}

/** The same with a body of any bytes. */
export function goReplyOf(header: Readonly<Record<string, string>>, body: Uint8Array): Uint8Array {
  const head = goReply(header).replace("Content-Length: 0\r\n", `Content-Length: ${body.length}\r\n`);
  return Buffer.concat([Buffer.from(head), body]);
}
