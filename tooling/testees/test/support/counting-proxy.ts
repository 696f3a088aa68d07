import { once } from "node:events";
import net from "node:net";

/** Passes bytes on and counts them. */
export interface CountingProxy {
  readonly port: string;
  /** Bytes from the client to the server so far. */
  readonly up: number;
  /** Bytes from the server to the client so far. */
  readonly down: number;
  stop(): Promise<void>;
}

/** Starts a proxy in front of `port` of this machine. */
export async function startCountingProxy(port: string): Promise<CountingProxy> {
  const count = { up: 0, down: 0 };
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const peer = net.connect(Number(port), "127.0.0.1");
    for (const socket of [client, peer]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        client.destroy();
        peer.destroy();
      });
    }
    client.on("data", ({ length }) => (count.up += length));
    peer.on("data", ({ length }) => (count.down += length));
    client.pipe(peer).pipe(client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: String((server.address() as net.AddressInfo).port),
    get up() {
      return count.up;
    },
    get down() {
      return count.down;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
