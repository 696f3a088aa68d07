import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { PeerServer } from "./peer.ts";

/** Listens on a free port of 127.0.0.1 and closes every connection with the server. */
export async function listen(onSocket: (socket: Socket) => void): Promise<PeerServer> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // A client that goes away resets its connection; "close" follows and does the work.
    socket.on("error", () => socket.destroy());
    onSocket(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Connects to `host:port`. */
export async function dial(address: string): Promise<Socket> {
  const { host, port } = splitAddress(address);
  const socket = connect({ host, port, noDelay: true });
  await once(socket, "connect");
  return socket;
}

/** Splits `host:port`. */
export function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(":");
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
}

/** Hands on each chunk with what the reader left of the one before; the reader returns how much it used. */
export function readChunks(socket: Socket, read: (bytes: Buffer) => number): void {
  let rest: Buffer | undefined;
  socket.on("data", (chunk: Buffer) => {
    const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
    const used = read(bytes);
    rest = used === bytes.length ? undefined : bytes.subarray(used);
  });
}
