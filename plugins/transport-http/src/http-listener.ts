import net from "node:net";
import tls, { type TlsOptions } from "node:tls";
import { parseAddress } from "@micro/core";
import {
  type IncomingExchange,
  type Listener,
  SERVER_ID,
  transportError,
  unavailable,
} from "@micro/transport";
import { endpoint } from "./connection.ts";
import { Handshakes } from "./handshakes.ts";
import { ServerConnection } from "./server-connection.ts";
import type { TransportContext } from "./session-parts.ts";

/** What a listener is made of. */
export interface ListenerOptions {
  readonly context: TransportContext;
  /** Undefined where connections are plain. */
  readonly tls: TlsOptions | undefined;
  readonly onExchange: (exchange: IncomingExchange) => void;
  /** Called when it is closed. */
  readonly onClosed: (listener: HttpListener) => void;
}

/** How long a listener that closes waits for peers that have read of it. */
const PEERS_HANG_UP_MS = 1000;

/** Accepts connections of Go's clients and our own on one address. */
export class HttpListener implements Listener {
  readonly #options: ListenerOptions;
  readonly #server: net.Server;
  readonly #connections = new Set<ServerConnection>();
  readonly #handshakes: Handshakes | undefined;
  #address = "";
  #draining = false;
  #closed: Promise<void> | undefined;
  #refused = 0;
  /** Look whether what they wait for has come. */
  readonly #waiting = new Set<() => void>();

  constructor(options: ListenerOptions) {
    this.#options = options;
    const { context } = options;
    const accept = (socket: net.Socket) => this.#accept(socket);
    if (options.tls === undefined) this.#server = net.createServer({ noDelay: true }, accept);
    else {
      // Node has no handshake without an end: 0 stands for its own, of two minutes.
      const { headerTimeout } = context.settings;
      const handshakeTimeout = Number.isFinite(headerTimeout) ? headerTimeout : 0;
      this.#server = tls.createServer({ handshakeTimeout, ...options.tls }, (socket) => accept(socket));
      this.#handshakes = new Handshakes(this.#server, context.logger);
    }
    this.#server.maxConnections = context.settings.maxConnections;
    this.#server.on("drop", () => {
      // Once, then every thousandth time: whoever floods us shall not flood the log.
      if (this.#refused++ % 1000 !== 0) return;
      const { maxConnections } = context.settings;
      context.logger.warn("connections are refused: transport.max_connections is reached", {
        maxConnections,
        refused: this.#refused,
      });
    });
  }

  get address(): string {
    return this.#address;
  }

  /** Binds `host:port`. Rejects with `CONFLICT` when it is taken, with `UNAVAILABLE` when it is not ours. */
  async listen(address: string): Promise<void> {
    const { host, port } = parseAddress(address);
    const server = this.#server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error: NodeJS.ErrnoException) => {
        const taken = error.code === "EADDRINUSE";
        const detail = taken
          ? `the address ${address} is taken`
          : `cannot listen on ${address}: ${error.message}`;
        reject(transportError(taken ? "CONFLICT" : "UNAVAILABLE", detail, { id: SERVER_ID, cause: error }));
      });
      server.listen({ port, ...(host === "" ? {} : { host }) }, resolve);
    });
    server.removeAllListeners("error");
    server.on("error", (error) =>
      this.#options.context.logger.error("a listener failed", { error, address }),
    );
    const bound = server.address();
    if (bound === null || typeof bound === "string") throw unavailable(`${address} was not bound`);
    this.#address = endpoint(host === "" || host === "localhost" ? bound.address : host, bound.port);
  }

  /** Makes handshakes from now on with these options; connections that are open go on. Of a listener with TLS only. */
  renew(options: TlsOptions): void {
    if (this.#server instanceof tls.Server) this.#server.setSecureContext(options);
  }

  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    // Its callback comes when the last connection has closed: `close` waits for it.
    this.#closed = new Promise((resolve) => this.#server.close(() => resolve()));
    for (const connection of this.#connections) connection.drain();
  }

  async close(options: { readonly graceMs?: number } = {}): Promise<void> {
    this.drain();
    const graceMs = options.graceMs ?? 0;
    const until = performance.now() + graceMs;
    await this.#idle(graceMs);
    // A busy peer reads late that this side drains, and may send calls until then: it is given time to hang up itself.
    await this.#peersGone(Math.min(PEERS_HANG_UP_MS, until - performance.now()));
    const reason = unavailable("the server was closed", { id: SERVER_ID });
    for (const connection of this.#connections) {
      connection.close(reason, Math.max(0, until - performance.now()));
    }
    this.#handshakes?.close();
    await this.#closed;
    this.#options.onClosed(this);
  }

  /** Resolves when nothing runs, or when the time is over. */
  #idle(timeoutMs: number): Promise<void> {
    return this.#until(() => this.#running() === 0, timeoutMs);
  }

  /** Resolves when the peers that close by themselves have done so, or when the time is over. */
  #peersGone(timeoutMs: number): Promise<void> {
    return this.#until(() => ![...this.#connections].some(({ closesItself }) => closesItself), timeoutMs);
  }

  #until(holds: () => boolean, timeoutMs: number): Promise<void> {
    if (timeoutMs <= 0 || holds()) return Promise.resolve();
    return new Promise((resolve) => {
      const look = (): void => {
        if (holds()) done();
      };
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#waiting.add(look);
    });
  }

  #changed(): void {
    for (const look of this.#waiting) look();
  }

  #running(): number {
    let running = 0;
    for (const connection of this.#connections) running += connection.running;
    return running;
  }

  #accept(socket: net.Socket): void {
    if (this.#draining) {
      socket.destroy();
      return;
    }
    const connection = new ServerConnection(socket, {
      context: this.#options.context,
      onExchange: this.#options.onExchange,
      onIdle: () => this.#changed(),
      onClosed: (closed) => {
        this.#connections.delete(closed);
        this.#changed();
      },
    });
    this.#connections.add(connection);
  }
}
