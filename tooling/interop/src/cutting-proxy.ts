import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/**
 * A TCP proxy before `target` that passes every byte on by itself and writes header names in lower case, both ways: what
 * a network may do, at its worst.
 */
export class CuttingProxy implements AsyncDisposable {
  readonly address: string;
  readonly #sockets: Set<Socket>;
  readonly #close: () => Promise<unknown>;

  private constructor(address: string, sockets: Set<Socket>, close: () => Promise<unknown>) {
    this.address = address;
    this.#sockets = sockets;
    this.#close = close;
  }

  static async start(target: string): Promise<CuttingProxy> {
    const sockets = new Set<Socket>();
    const { hostname, port } = new URL(`tcp://${target}`);
    const server = createServer((near) => {
      const far = connect(Number(port), hostname);
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(socket.setNoDelay(true));
        socket.on("error", () => other.destroy());
        socket.on("close", () => sockets.delete(socket));
        void passOn(socket, other);
      }
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    return new CuttingProxy(address, sockets, () => once(server.close(), "close"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await this.#close();
  }
}

async function passOn(from: Socket, to: Socket): Promise<void> {
  let head = Buffer.alloc(0);
  let inBody = false;
  try {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      let bytes = chunk;
      if (!inBody) {
        // The names of the first message only: rows make one call through a proxy.
        head = Buffer.concat([head, chunk]);
        const end = head.indexOf("\r\n\r\n");
        if (end < 0) continue;
        inBody = true;
        const names = head
          .toString("latin1", 0, end)
          .replaceAll(/(?<=\r\n)[^:\r\n]+(?=:)/g, (name) => name.toLowerCase());
        bytes = Buffer.concat([Buffer.from(names, "latin1"), head.subarray(end)]);
      }
      for (const byte of bytes) {
        to.write(Uint8Array.of(byte));
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    to.end();
  } catch {
    // The other side has gone; so will this one.
    to.destroy();
  }
}
