import { createSocket, type RemoteInfo } from "node:dgram";

/** Which way a datagram goes. */
export type Way = "up" | "down";

/** A network between a client and a server, which tests spoil. */
export interface UdpProxy {
  /** Where the client dials. */
  readonly address: string;
  /** Decides on each datagram: false loses it. @default everything passes */
  pass: (way: Way, datagram: Buffer) => boolean;
  /** Milliseconds that each datagram takes. @default 0 */
  delayMs: number;
  close(): Promise<void>;
}

/** Starts a proxy for one client of `target`, `127.0.0.1:port`. */
export async function udpProxy(target: string): Promise<UdpProxy> {
  const port = Number(target.split(":")[1]);
  const near = createSocket("udp4");
  const far = createSocket("udp4");
  let client: RemoteInfo | undefined;
  let open = true;
  await new Promise<void>((resolve) => near.bind(0, "127.0.0.1", resolve));
  await new Promise<void>((resolve) => far.bind(0, "127.0.0.1", resolve));
  const proxy: UdpProxy = {
    address: `127.0.0.1:${near.address().port}`,
    pass: () => true,
    delayMs: 0,
    close: async () => {
      open = false;
      await Promise.all([near, far].map((socket) => new Promise<void>((resolve) => socket.close(resolve))));
    },
  };
  const forward = (way: Way, datagram: Buffer): void => {
    if (!proxy.pass(way, datagram)) return;
    const send = (): void => {
      if (!open) return;
      if (way === "up") far.send(datagram, port, "127.0.0.1");
      else if (client !== undefined) near.send(datagram, client.port, client.address);
    };
    if (proxy.delayMs === 0) send();
    else setTimeout(send, proxy.delayMs);
  };
  near.on("message", (datagram, from) => {
    client = from;
    forward("up", datagram);
  });
  far.on("message", (datagram) => forward("down", datagram));
  return proxy;
}
