import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A TCP proxy before a server: what stands between two machines, and can fail. */
export interface TcpProxy extends AsyncDisposable {
  /** `127.0.0.1:41234`. */
  readonly address: string;
  /** Connections that it carries. */
  readonly connections: number;
  /** Nothing passes any more in either direction, and nobody is told, until the returned function is called. */
  partition(): () => void;
  /** The server's bytes are not passed on until the returned function is called: a client that does not keep up. */
  holdAnswers(): () => void;
  /** Breaks all connections. */
  cut(): void;
}

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

/** Starts a proxy on a free port of the loopback interface. Dispose of it. */
export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(`tcp://${target}`);
  const pairs = new Set<Pair>();
  let silent = false;
  let held = false;

  /** Sockets that are not read fill up, and their senders wait: nothing is lost that TCP would not lose. */
  const settle = ({ near, far }: Pair): void => {
    if (silent) near.pause();
    else near.resume();
    if (silent || held) far.pause();
    else far.resume();
  };
  const settleAll = (): void => {
    for (const pair of pairs) settle(pair);
  };

  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    const pair = { near, far };
    pairs.add(pair);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.setNoDelay(true);
      from.on("data", (bytes: Buffer) => {
        if (to.write(bytes)) return;
        from.pause();
        to.once("drain", () => settle(pair));
      });
      from.on("error", () => to.destroy());
      from.on("close", () => {
        pairs.delete(pair);
        to.destroy();
      });
    }
    settle(pair);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port: bound } = server.address() as AddressInfo;

  const cut = (): void => {
    for (const { near, far } of pairs) {
      near.destroy();
      far.destroy();
    }
  };
  return {
    address: `127.0.0.1:${bound}`,
    get connections() {
      return pairs.size;
    },
    partition() {
      silent = true;
      settleAll();
      return () => {
        silent = false;
        settleAll();
      };
    },
    holdAnswers() {
      held = true;
      settleAll();
      return () => {
        held = false;
        settleAll();
      };
    },
    cut,
    async [Symbol.asyncDispose]() {
      cut();
      server.close();
      if (server.listening) await once(server, "close");
    },
  };
}
