import net from "node:net";
import tls from "node:tls";
import { parseAddress } from "@micro/core";
import { notSent } from "@micro/transport";
import type { HttpProxy, ProxyChoice } from "./proxy.ts";
import { clientTls, distrust, type TlsSettings } from "./tls-options.ts";
import { openTunnel } from "./tunnel.ts";

/** Where {@link connect} goes, and which way. */
export interface Route {
  /** As it was dialled. */
  readonly address: string;
  readonly host: string;
  readonly port: number;
  readonly proxy: HttpProxy | undefined;
}

/** What {@link connect} takes beside the route. */
export interface ConnectOptions {
  readonly tls: TlsSettings | undefined;
  /** Most bytes that a proxy may answer. */
  readonly maxHeaderSize: number;
  readonly signal: AbortSignal;
}

/** The way to `address`. Throws `BAD_REQUEST` for what is no address, and for a proxy that cannot be used. */
export function routeTo(address: string, choice: ProxyChoice | undefined): Route {
  const { host: written, port } = parseAddress(address);
  const host = written === "" ? "localhost" : written;
  return { address, host, port, proxy: choice?.({ host, port }) };
}

/** What errors call the peer: `host:port`, and the proxy on the way. */
export function routeName({ address, proxy }: Route): string {
  return proxy === undefined ? address : `${address} through the proxy ${proxy.name} (${proxy.from})`;
}

/** A socket to the end of the route, encrypted where `tls` is set. Every error it rejects with is `notSent`. */
export async function connect(route: Route, options: ConnectOptions): Promise<net.Socket> {
  const { host, port, proxy } = route;
  const { tls: settings, signal } = options;
  if (proxy === undefined) {
    const plain = { host, port, noDelay: true };
    if (settings === undefined) {
      return await ready(() => net.connect(plain), { event: "connect", route, signal });
    }
    const open = () => tls.connect({ ...plain, ...clientTls(settings, host) });
    return await ready(open, { event: "secureConnect", route, signal });
  }
  const socket = await toProxy(proxy, route, signal);
  // The proxy is told a host even where the address has none.
  const address = net.isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
  await openTunnel(socket, { address, proxy, maxHeaderSize: options.maxHeaderSize, signal });
  if (settings === undefined) return socket;
  try {
    // `host` beside the socket is what the certificate is compared with.
    const open = () => tls.connect({ ...clientTls(settings, host), host, socket });
    return await ready(open, { event: "secureConnect", route, signal });
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function toProxy(proxy: HttpProxy, route: Route, signal: AbortSignal): Promise<net.Socket> {
  const { host, port, tls: options } = proxy;
  const plain = { host, port, noDelay: true };
  if (options === undefined) return ready(() => net.connect(plain), { event: "connect", route, signal });
  const name = net.isIP(host) === 0 && options.servername === undefined ? { servername: host } : {};
  const open = () => tls.connect({ ...plain, ...name, ...options });
  return ready(open, { event: "secureConnect", route, signal, ofProxy: true });
}

interface Readiness {
  readonly event: "connect" | "secureConnect";
  readonly route: Route;
  readonly signal: AbortSignal;
  /** Whether a certificate that is not trusted is the proxy's. @default false */
  readonly ofProxy?: boolean;
}

/** Opens a socket and waits for it. */
function ready(open: () => net.Socket, { event, route, signal, ofProxy }: Readiness): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const socket = open();
    const onAbort = (): void => {
      done();
      socket.destroy();
      reject(signal.reason as Error);
    };
    const onError = (error: Error): void => {
      done();
      socket.destroy();
      const advice = ofProxy === true ? distrustOfProxy(error) : distrust(error);
      reject(
        notSent("UNAVAILABLE", `cannot connect to ${routeName(route)}: ${describe(error)}${advice}`, error),
      );
    };
    const onReady = (): void => {
      done();
      resolve(socket);
    };
    const done = (): void => {
      signal.removeEventListener("abort", onAbort);
      socket.off("error", onError);
      socket.off("close", onClose);
      socket.off(event, onReady);
      // What a destroyed socket still says is of no interest.
      socket.on("error", () => undefined);
    };
    const onClose = () => onError(new Error("the peer closed the connection"));
    signal.addEventListener("abort", onAbort, { once: true });
    socket.on("error", onError);
    socket.on("close", onClose);
    socket.on(event, onReady);
  });
}

const distrustOfProxy = (error: Error): string =>
  distrust(error) === ""
    ? ""
    : " (the proxy's certificate: name its authority in NODE_EXTRA_CA_CERTS or transport.proxyTls)";

/** Several addresses of one name were tried: the text of each. */
function describe(error: Error): string {
  if (error instanceof AggregateError) {
    return error.errors
      .map((each: unknown) => (each instanceof Error ? each.message : String(each)))
      .join("; ");
  }
  return error.message;
}
