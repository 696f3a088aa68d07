import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import type { Logger } from "@micro/core";
import type { Packet } from "dns-packet";
import multicastDns from "multicast-dns";
import type { Family } from "./interfaces.ts";

const RECEIVE_BUFFER_BYTES = 1024 * 1024;
const HOP_LIMIT = 255;

/** One socket with the multicast-dns instance that reads and writes packets on it. */
export interface Port {
  readonly socket: Socket;
  readonly mdns: multicastDns.MulticastDNS & Sender;
  /** Sends to the group go one after the other: the interface is a setting of the socket. */
  queue: Promise<unknown>;
}

/** The method behind `query` and `respond` that its types leave out: announcements are answers without AA (spec 3.2). */
interface Sender {
  send(packet: Packet, to: { port: number; address: string }, done: (error?: Error | null) => void): void;
}

/** A socket bound to all addresses: bound to one, it would hear nothing that is sent to the group. */
export async function openPort(family: Family, port: number, logger: Logger): Promise<Port> {
  const socket = createSocket({ type: family, reuseAddr: port !== 0, ipv6Only: family === "udp6" });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      // Exclusive: workers of node:cluster would share one socket, and each packet would reach one of them.
      socket.bind({ port, address: family === "udp4" ? "0.0.0.0" : "::", exclusive: true }, () => {
        socket.off("error", reject);
        resolve();
      });
    });
    socket.setMulticastTTL(HOP_LIMIT);
    socket.setMulticastLoopback(true);
  } catch (cause) {
    socket.close();
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`UDP port ${port} could not be opened (${text})`, { cause });
  }
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
  } catch (error) {
    logger.debug("mdns: the receive buffer keeps its size", { error });
  }
  // Membership, bind and timers are ours: multicast-dns joins one interface or all and keeps a timer that holds the process.
  const mdns = multicastDns({ socket, port, multicast: false, bind: false }) as Port["mdns"];
  mdns.on("warning", (error) => logger.debug("mdns: a packet could not be read", { error }));
  mdns.on("error", (error) => logger.warn("mdns: socket error", { error }));
  gate(socket);
  return { socket, mdns, queue: Promise.resolve() };
}

/** Lets only packets in that are long enough for what their header counts: the decoder trusts these numbers. */
function gate(socket: Socket): void {
  const decoders = socket.listeners("message") as ((message: Buffer, from: RemoteInfo) => void)[];
  socket.removeAllListeners("message");
  socket.on("message", (message, from) => {
    if (message.length < 12) return;
    const questions = message.readUInt16BE(4);
    const records = message.readUInt16BE(6) + message.readUInt16BE(8) + message.readUInt16BE(10);
    if (12 + questions * 5 + records * 11 > message.length) return;
    for (const decode of decoders) decode(message, from);
  });
}

/** Resolves when the system has taken the packet. */
export function sendPacket(port: Port, packet: Packet, to: { port: number; address: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    port.mdns.send(packet, to, (error) => (error ? reject(error) : resolve()));
  });
}

/** Closes the socket; idempotent. */
export function closePort(port: Port): Promise<void> {
  return new Promise((resolve) => port.mdns.destroy(() => resolve()));
}
