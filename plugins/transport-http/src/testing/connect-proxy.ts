import { createServer, type IncomingMessage } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { within } from "@micro/core/conformance";

/** A proxy that makes tunnels, and what it was asked. */
export interface ConnectProxy {
  /** `http://127.0.0.1:port`, or https. */
  readonly url: string;
  readonly port: number;
  /** Requests as they came. */
  readonly asked: { readonly target: string; readonly headers: IncomingMessage["headers"] }[];
  /** Resolves when no connection to it and no tunnel is open. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

/** What {@link connectProxy} takes. */
export interface ConnectProxyOptions {
  /** Makes it a proxy of https. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Value of `Proxy-Authorization` without which it answers 407. */
  readonly authorization?: string;
  /** Answers this instead of making a tunnel. */
  readonly answer?: (socket: Duplex) => void;
}

/** A proxy of node:http on a free port, to which every name means 127.0.0.1. */
export async function connectProxy({
  tls,
  authorization,
  answer,
}: ConnectProxyOptions = {}): Promise<ConnectProxy> {
  const server = tls === undefined ? createServer() : createSecureServer(tls);
  const asked: ConnectProxy["asked"] = [];
  const open = new Set<Duplex>();
  const waiting = new Set<() => void>();
  const watch = (socket: Duplex): void => {
    open.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      open.delete(socket);
      if (open.size === 0) for (const each of waiting) each();
    });
  };
  server.on("connection", (socket: Socket) => watch(socket));
  server.on("tlsClientError", () => undefined);
  server.on("connect", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    asked.push({ target: request.url ?? "", headers: request.headers });
    socket.on("error", () => undefined);
    if (answer !== undefined) {
      // To see the end, which node:http leaves half open.
      socket.resume().on("end", () => socket.end());
      answer(socket);
      return;
    }
    if (authorization !== undefined && request.headers["proxy-authorization"] !== authorization) {
      socket.end("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=a\r\n\r\nno");
      return;
    }
    const port = Number(/:(\d+)$/.exec(request.url ?? "")?.[1]);
    // Else small packets wait for the acknowledgement of those before them, for 40 ms or so.
    const target = connect({ host: "127.0.0.1", port, noDelay: true }, () => {
      socket.write("HTTP/1.1 200 Connection established\r\nProxy-Agent: test\r\n\r\n");
      target.write(head);
      socket.pipe(target).pipe(socket);
    });
    watch(target);
    target.on("close", () => socket.destroy());
    socket.on("close", () => target.destroy());
    target.on("error", () => socket.end("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\nnope"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    port,
    asked,
    idle: () =>
      within(
        "a proxy without connections",
        new Promise<void>((resolve) => {
          if (open.size === 0) resolve();
          else waiting.add(resolve);
        }),
      ),
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
