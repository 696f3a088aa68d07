import { connect, createServer, type Socket } from "node:net";
import { within } from "@micro/core/conformance";

/** A socket whose text can be waited for. */
export interface RawPeer {
  readonly socket: Socket;
  /** Everything that came so far, as latin1. */
  readonly text: string;
  write(text: string): void;
  /** Resolves when what came matches. */
  sees(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves when so many replies or requests with a `Micro-Id` came. */
  counts(messages: number): Promise<void>;
  /** Resolves with everything that came when the connection is closed. */
  closed(): Promise<string>;
  destroy(): void;
}

/** Wraps a socket. */
export function rawPeer(socket: Socket): RawPeer {
  let text = "";
  let over = false;
  const checks = new Set<() => void>();
  const check = (): void => {
    for (const each of checks) each();
  };
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    check();
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    over = true;
    check();
  });
  const until = <T>(what: string, test: () => T | undefined): Promise<T> =>
    within(
      what,
      new Promise<T>((resolve) => {
        const each = (): void => {
          const result = test();
          if (result === undefined) return;
          checks.delete(each);
          resolve(result);
        };
        checks.add(each);
        each();
      }),
    );
  return {
    socket,
    get text() {
      return text;
    },
    write: (part) => void socket.write(Buffer.from(part, "latin1")),
    sees: (pattern) => until(`bytes like ${pattern}`, () => pattern.exec(text) ?? undefined),
    counts: async (messages) => {
      await until(`${messages} messages`, () =>
        text.split("\r\nMicro-Id: ").length > messages ? true : undefined,
      );
    },
    closed: () => until("the end of the connection", () => (over ? text : undefined)),
    destroy: () => socket.destroy(),
  };
}

/** Connects to `host:port`. */
export async function rawClient(address: string): Promise<RawPeer> {
  const at = address.lastIndexOf(":");
  const socket = connect(Number(address.slice(at + 1)), address.slice(0, at));
  await within("a connection", new Promise((resolve) => socket.once("connect", resolve)));
  return rawPeer(socket);
}

/** A server whose connections a test plays itself. */
export interface RawServer {
  readonly address: string;
  /** The next connection that comes, or came and was not taken. */
  next(): Promise<RawPeer>;
  close(): Promise<void>;
}

/** Listens on loopback. */
export async function rawServer(): Promise<RawServer> {
  const sockets = new Set<Socket>();
  const peers: RawPeer[] = [];
  const takers: ((peer: RawPeer) => void)[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    const peer = rawPeer(socket);
    const taker = takers.shift();
    if (taker === undefined) peers.push(peer);
    else taker(peer);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("not bound");
  return {
    address: `127.0.0.1:${bound.port}`,
    next: () => {
      const peer = peers.shift();
      if (peer !== undefined) return Promise.resolve(peer);
      return within("a connection", new Promise<RawPeer>((resolve) => takers.push(resolve)));
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
