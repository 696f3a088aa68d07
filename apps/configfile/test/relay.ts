import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { pipeline } from "node:stream/promises";

/** Something between a client and a server that sees their connections. */
export interface Relay {
  readonly address: string;
  /** Connections that are open now. */
  readonly open: ReadonlySet<Socket>;
  close(): Promise<void>;
}

/** Hands on to `host:port` what comes, both ways. */
export async function relayTo(address: string): Promise<Relay> {
  const [host = "", port = ""] = address.split(":");
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    const behind = connect(Number(port), host);
    // A connection that breaks is one that is closed: which end began says nothing here.
    void Promise.allSettled([pipeline(socket, behind), pipeline(behind, socket)]);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    open,
    async close() {
      server.close();
      for (const socket of open) socket.destroy();
      await once(server, "close");
    },
  };
}
