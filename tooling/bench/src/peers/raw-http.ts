import type { Socket } from "node:net";
import { BatchWriter } from "./batch-writer.ts";
import { MessageQueue } from "./message-queue.ts";
import type { Message, Peer, PeerClient, PeerStream } from "./peer.ts";
import { PendingCalls } from "./pending-calls.ts";
import { dial, listen, readChunks } from "./sockets.ts";

/**
 * The messages of the Go protocol (spec 1.1, 1.2) by the shortest code that reads and writes them, pipelined
 * on one socket: no limits, no errors, no deadlines. What our framing costs before anything is built on it.
 */
export const rawHttp: Peer = {
  name: "raw-http",
  startServer: () =>
    listen((socket) => {
      const writer = new BatchWriter(socket);
      readMessages(socket, (id, message) => {
        write(
          writer,
          "HTTP/1.1 200 OK\r\n",
          `Content-Type: application/json\r\nMicro-Id: ${id}\r\n`,
          message,
        );
      });
    }),
  connect,
};

async function connect(address: string): Promise<PeerClient> {
  const socket = await dial(address);
  const writer = new BatchWriter(socket);
  const pending = new PendingCalls();
  readMessages(socket, (id, message) => pending.settle(Number(id), message));
  socket.on("close", () => pending.fail(new Error("the connection closed")));
  const first = requestStart(address);
  return {
    call(message) {
      const reply = pending.wait(message.id);
      write(writer, first, `Micro-Id: ${message.id}\r\nTimeout: ${5_000_000_000 - message.id}\r\n`, message);
      return reply;
    },
    openStream: () => openStream(address),
    close: async () => {
      socket.destroy();
    },
  };
}

async function openStream(address: string): Promise<PeerStream> {
  const socket = await dial(address);
  const writer = new BatchWriter(socket);
  const replies = new MessageQueue();
  readMessages(socket, (_id, message) => replies.push(message));
  socket.on("close", () => replies.end());
  const first = requestStart(address);
  return {
    send: (message) => write(writer, first, "Micro-Id: 1\r\nMicro-Stream: 1\r\n", message),
    replies,
    close: async () => {
      socket.destroy();
    },
  };
}

function requestStart(address: string): string {
  return (
    `POST / HTTP/1.1\r\nHost: ${address}\r\nContent-Type: application/json\r\nMicro-Service: echo\r\n` +
    "Micro-Endpoint: Echo.Echo\r\nMicro-Method: Echo.Echo\r\n"
  );
}

function write(writer: BatchWriter, start: string, more: string, message: Message): void {
  const body = JSON.stringify(message);
  const bytes = Buffer.byteLength(body);
  const head = `${start}${more}Content-Length: ${bytes}\r\n\r\n`;
  writer.text(head + body, head.length + bytes);
}

function readMessages(socket: Socket, onMessage: (id: string, message: Message) => void): void {
  readChunks(socket, (bytes) => {
    let at = 0;
    for (;;) {
      const bodyAt = bytes.indexOf("\r\n\r\n", at) + 4;
      if (bodyAt < 4) return at;
      const head = bytes.toString("latin1", at, bodyAt - 2);
      const end = bodyAt + Number(header(head, "\r\nContent-Length: "));
      if (bytes.length < end) return at;
      onMessage(header(head, "\r\nMicro-Id: "), JSON.parse(bytes.toString("utf8", bodyAt, end)) as Message);
      at = end;
    }
  });
}

/** Looks one header up; the others are never taken apart, which a real reader cannot afford. */
function header(head: string, name: string): string {
  const at = head.indexOf(name) + name.length;
  return head.slice(at, head.indexOf("\r\n", at));
}
