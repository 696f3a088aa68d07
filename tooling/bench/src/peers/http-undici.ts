import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { Pool } from "undici";
import { readLines } from "./lines.ts";
import { MessageQueue } from "./message-queue.ts";
import type { Message, Peer, PeerClient, PeerServer, PeerStream } from "./peer.ts";

/** node:http with undici's pool: the usual way to call a service by HTTP and JSON. */
export const httpUndici: Peer = { name: "http-undici", startServer, connect };

async function startServer(): Promise<PeerServer> {
  const server = createServer((request, response) => {
    if (request.url === "/stream") echoLines(request, response);
    else echo(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

function echo(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const message = JSON.parse(Buffer.concat(chunks).toString()) as Message;
    const body = JSON.stringify(message);
    response.writeHead(200, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
    });
    response.end(body);
  });
}

function echoLines(request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  response.flushHeaders();
  readLines(request, (lines) => {
    response.cork();
    for (const line of lines) response.write(`${JSON.stringify(JSON.parse(line))}\n`);
    response.uncork();
  });
  request.on("end", () => response.end());
  // The benchmark ends a stream by breaking its connection.
  request.on("error", () => response.destroy());
}

async function connect(address: string): Promise<PeerClient> {
  const pool = new Pool(address);
  return {
    async call(message) {
      const { body } = await pool.request({
        method: "POST",
        path: "/",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(message),
      });
      return (await body.json()) as Message;
    },
    openStream: async () => openStream(pool),
    close: () => pool.destroy(),
  };
}

function openStream(pool: Pool): PeerStream {
  const replies = new MessageQueue();
  const stream: Duplex = pool.pipeline({ method: "POST", path: "/stream" }, ({ body }) => body);
  readLines(stream, (lines) => {
    for (const line of lines) replies.push(JSON.parse(line) as Message);
  });
  stream.on("error", (error: Error) => replies.end(error));
  stream.on("close", () => replies.end());
  return {
    send(message) {
      stream.write(`${JSON.stringify(message)}\n`);
    },
    replies,
    close: async () => {
      stream.destroy();
    },
  };
}
