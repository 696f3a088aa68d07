import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { connect, createServer as createTcpServer, type Socket } from "node:net";
import type { Client } from "@micro/client";
import { bytesCodec } from "@micro/codec-bytes";
import { jsonCodec } from "@micro/codec-json";
import { protobufCodec } from "@micro/codec-protobuf";
import { createService, defineService } from "@micro/core";
import { frame } from "@micro/grpc/internal";
import { memoryRegistry } from "@micro/registry-memory";
import { randomSelector } from "@micro/selector";
import { grpcClient } from "../src/index.ts";

/** Runs `body` with a client of these options. */
export async function withClient(options: object, body: (client: Client) => Promise<void>): Promise<void> {
  const service = await createService(defineService({ name: "caller" }), {
    plugins: [jsonCodec, protobufCodec, bytesCodec, memoryRegistry, randomSelector, grpcClient],
    client: { poolRetries: 0, ...options },
  });
  await service.start();
  try {
    await body(service.client);
  } finally {
    await service.stop();
  }
}

/** What a peer in plain HTTP/2 has of its callers. */
export interface RawPeer {
  readonly address: string;
  /** Headers of the calls, in their order. */
  readonly calls: IncomingHttpHeaders[];
  /** Bodies of the calls that have ended. */
  readonly bodies: Buffer[];
  readonly sessions: Set<ServerHttp2Session>;
  close(): Promise<void>;
}

/** A server that writes what a test says, byte by byte if need be. */
export async function rawPeer(
  answer: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void,
): Promise<RawPeer> {
  const calls: IncomingHttpHeaders[] = [];
  const bodies: Buffer[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
    session.on("error", () => undefined);
  });
  server.on("stream", (stream, headers) => {
    calls.push(headers);
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => bodies.push(Buffer.concat(chunks)));
    stream.on("error", () => undefined);
    answer(stream, headers);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const bound = server.address();
  return {
    address: `127.0.0.1:${typeof bound === "object" ? bound?.port : 0}`,
    calls,
    bodies,
    sessions,
    close: async () => {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Answers with messages and trailers. */
export function reply(
  stream: ServerHttp2Stream,
  messages: readonly Uint8Array[],
  trailers: Readonly<Record<string, string>> = { "grpc-status": "0" },
): void {
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers(trailers));
  for (const message of messages) stream.write(frame(message));
  stream.end();
}

/** Answers with a status alone. */
export function fail(stream: ServerHttp2Stream, status: Readonly<Record<string, string>>): void {
  const headers = { ":status": 200, "content-type": "application/grpc", ...status };
  stream.respond(headers, { endStream: true });
}

/** A TCP listener that does what a test says with each connection. */
export async function tcpPeer(onSocket: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    onSocket(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const bound = server.address();
  return {
    address: `127.0.0.1:${typeof bound === "object" ? bound?.port : 0}`,
    sockets,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** A way to a peer on which nothing passes any more once it is blocked. */
export async function openPipe(address: string) {
  const all: Socket[] = [];
  const peer = await tcpPeer((near) => {
    const far = connect(Number(address.split(":")[1]), "127.0.0.1");
    all.push(near, far);
    far.on("error", () => undefined);
    near.pipe(far);
    far.pipe(near);
  });
  return {
    ...peer,
    block: () => {
      for (const socket of all) socket.unpipe().pause();
    },
    close: async () => {
      for (const socket of all) socket.destroy();
      await peer.close();
    },
  };
}
