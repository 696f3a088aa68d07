import type { Socket } from "node:net";
import { BatchWriter } from "./batch-writer.ts";
import { MessageQueue } from "./message-queue.ts";
import type { Message, Peer, PeerClient, PeerStream } from "./peer.ts";
import { PendingCalls } from "./pending-calls.ts";
import { dial, listen, readChunks } from "./sockets.ts";

/** JSON behind a 32-bit length, nothing else: what a socket and JSON cost, the floor for everybody. */
export const rawTcp: Peer = {
  name: "raw-tcp",
  startServer: () =>
    listen((socket) => {
      const writer = new BatchWriter(socket);
      readFrames(socket, (message) => writeFrame(writer, message));
    }),
  connect,
};

async function connect(address: string): Promise<PeerClient> {
  const socket = await dial(address);
  const writer = new BatchWriter(socket);
  const pending = new PendingCalls();
  readFrames(socket, (message) => pending.settle(message.id, message));
  socket.on("close", () => pending.fail(new Error("the connection closed")));
  return {
    call(message) {
      const reply = pending.wait(message.id);
      writeFrame(writer, message);
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
  readFrames(socket, (message) => replies.push(message));
  socket.on("close", () => replies.end());
  return {
    send: (message) => writeFrame(writer, message),
    replies,
    close: async () => {
      socket.destroy();
    },
  };
}

function writeFrame(writer: BatchWriter, message: Message): void {
  const body = JSON.stringify(message);
  const bytes = Buffer.byteLength(body);
  writer.uint32(bytes);
  writer.text(body, bytes);
}

function readFrames(socket: Socket, onMessage: (message: Message) => void): void {
  readChunks(socket, (bytes) => {
    let at = 0;
    while (bytes.length - at >= 4) {
      const length = bytes.readUInt32BE(at);
      if (bytes.length - at - 4 < length) break;
      onMessage(JSON.parse(bytes.toString("utf8", at + 4, at + 4 + length)) as Message);
      at += 4 + length;
    }
    return at;
  });
}
