import { connect, type Socket } from "node:net";
import { type CodecInstance, Codecs } from "@micro/codec";
import { bytesCodec } from "@micro/codec-bytes";
import { jsonCodec } from "@micro/codec-json";
import type { HandlerBinding, Logger, LogMessage, SubscriberBinding } from "@micro/core";
import { nullLogger } from "@micro/core";
import { eventually, instantiate } from "@micro/core/conformance";
import type { Server } from "@micro/server";
import { httpTransport } from "@micro/transport-http";
import { rpcServer } from "../src/index.ts";

/** A message as it came over the socket. */
export interface RawMessage {
  readonly start: string;
  /** Keys as they were written. */
  readonly header: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A server over http and what a peer needs to speak to it in bytes. */
export interface World {
  readonly server: Server;
  readonly logged: readonly string[];
  /** Connects a peer of its own. */
  peer(): Promise<Peer>;
  stop(): Promise<void>;
}

/** A peer that writes and reads bytes. */
export interface Peer {
  readonly socket: Socket;
  write(bytes: string | Uint8Array): void;
  /** The next message; rejects when none comes in time. */
  next(): Promise<RawMessage>;
  /** Messages that came and were not read. */
  readonly unread: readonly RawMessage[];
  close(): void;
}

/** A codec that stands for protobuf: its messages are bytes. */
const rawProtobuf = {
  name: "raw-protobuf",
  contentTypes: ["application/protobuf"],
  encode: (value: unknown) => (value instanceof Uint8Array ? value : new Uint8Array(0)),
  decode: (bytes: Uint8Array) => bytes,
};

/** Starts a server with these handlers. */
export async function startWorld(given: {
  readonly handlers?: readonly HandlerBinding[];
  readonly subscribers?: readonly SubscriberBinding[];
  /** @default JSON, bytes, and one that stands for protobuf */
  readonly codecs?: readonly CodecInstance[];
  /** Options of the server. */
  readonly config?: { readonly maxConcurrent?: number };
}): Promise<World> {
  const logged: string[] = [];
  const note = (message: LogMessage): void =>
    void logged.push(typeof message === "string" ? message : message());
  const logger: Logger = { ...nullLogger, warn: note, error: note, child: () => logger };
  const codec = new Codecs(
    given.codecs ?? [await instantiate(jsonCodec), await instantiate(bytesCodec), rawProtobuf],
  );
  const transport = await instantiate(httpTransport, { deps: { logger } });
  const registry = { name: "none", register: async () => undefined, deregister: async () => undefined };
  const broker = {
    name: "none",
    subscribe: async () => ({ unsubscribe: async () => undefined }),
    publish: async () => undefined,
  };
  const server = await instantiate(rpcServer, {
    config: { address: "127.0.0.1:0", ...given.config },
    // The server asks nothing else of them.
    deps: { codec, transport, logger, registry: registry as never, broker },
    scope: { name: "greeter", handlers: given.handlers ?? [], subscribers: given.subscribers ?? [], logger },
  });
  const signal = new AbortController().signal;
  await transport.start?.({ signal });
  await server.start?.({ signal });
  const peers: Peer[] = [];
  return {
    server,
    logged,
    peer: async () => {
      const peer = await connectPeer(server.address ?? "");
      peers.push(peer);
      return peer;
    },
    stop: async () => {
      for (const peer of peers) peer.close();
      await server.stop?.({ graceMs: 0 });
      await transport.stop?.({ graceMs: 0 });
    },
  };
}

async function connectPeer(address: string): Promise<Peer> {
  const socket = connect(Number(address.split(":")[1]), "127.0.0.1");
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  const unread: RawMessage[] = [];
  let pending = "";
  socket.on("error", () => undefined);
  socket.on("data", (chunk) => {
    pending += chunk.toString("latin1");
    for (let message = take(); message !== undefined; message = take()) unread.push(message);
  });
  const take = (): RawMessage | undefined => {
    const end = pending.indexOf("\r\n\r\n");
    if (end < 0) return undefined;
    const [start = "", ...lines] = pending.slice(0, end).split("\r\n");
    const header = Object.fromEntries(lines.map((line) => line.split(/: ?(.*)/s, 2) as [string, string]));
    const length = Number(header["Content-Length"] ?? 0);
    if (pending.length < end + 4 + length) return undefined;
    const body = pending.slice(end + 4, end + 4 + length);
    pending = pending.slice(end + 4 + length);
    return { start, header, body };
  };
  return {
    socket,
    unread,
    write: (bytes) => void socket.write(bytes),
    next: () =>
      eventually(
        () => {
          const message = unread.shift();
          if (message === undefined) throw new Error(`no message came; pending: ${JSON.stringify(pending)}`);
          return message;
        },
        { intervalMs: 2 },
      ),
    close: () => socket.destroy(),
  };
}

/** A request as Go's client writes it (spec 1.2); an empty body goes out chunked. */
export function goRequest(
  header: Readonly<Record<string, string>>,
  body = "",
  type = "application/json",
): string {
  const framing = body === "" ? "Transfer-Encoding: chunked" : `Content-Length: ${Buffer.byteLength(body)}`;
  const all = { Accept: type, "Content-Type": type, ...header };
  const lines = Object.entries(all)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${value}`);
  return [
    "POST / HTTP/1.1",
    "Host: 127.0.0.1:18090",
    "User-Agent: Go-http-client/1.1",
    framing,
    ...lines,
    "",
    body === "" ? "0\r\n\r\n" : body,
  ].join("\r\n");
}

/** The same with a body of any bytes. */
export function goRequestOf(
  header: Readonly<Record<string, string>>,
  body: Uint8Array,
  type: string,
): Uint8Array {
  const [head = ""] = goRequest(header, "", type).split("\r\n\r\n", 1);
  const framed = head.replace("Transfer-Encoding: chunked", `Content-Length: ${body.length}`);
  return Buffer.concat([Buffer.from(`${framed}\r\n\r\n`), body]);
}
