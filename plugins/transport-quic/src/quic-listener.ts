import { formatAddress, parseAddress } from "@micro/core";
import {
  type IncomingExchange,
  type Listener,
  SERVER_ID,
  transportError,
  unavailable,
} from "@micro/transport";
import type { QuicConnection, QuicEndpoint } from "./driver.ts";
import { ServerConnection } from "./server-connection.ts";
import type { TransportContext } from "./settings.ts";

/** What a listener is made of. */
export interface ListenerOptions {
  readonly context: TransportContext;
  readonly onExchange: (exchange: IncomingExchange) => void;
  /** Called when it is closed. */
  readonly onClosed: (listener: QuicListener) => void;
}

/** Binds the socket of a listener; `onConnection` is told of its connections. */
export type Bind = (
  target: { readonly host: string; readonly port: number },
  onConnection: (connection: QuicConnection) => void,
) => Promise<QuicEndpoint>;

/** How long a listener that closes waits for peers that have read of it. */
const PEERS_HANG_UP_MS = 1000;

/** Takes connections on one address. */
export class QuicListener implements Listener {
  readonly #options: ListenerOptions;
  readonly #connections = new Set<ServerConnection>();
  #endpoint: QuicEndpoint | undefined;
  #address = "";
  #draining = false;
  #onChange: (() => void) | undefined;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  get address(): string {
    return this.#address;
  }

  /** Binds `host:port`. Rejects with `CONFLICT` when it is taken, with `UNAVAILABLE` when it is not ours. */
  async listen(address: string, bind: Bind): Promise<void> {
    const { host, port } = parseAddress(address);
    try {
      this.#endpoint = await bind({ host, port }, (connection) => this.#accept(connection));
    } catch (cause) {
      const error = cause as NodeJS.ErrnoException;
      const taken = error.code === "EADDRINUSE";
      const detail = taken
        ? `the address ${address} is taken`
        : `cannot listen on ${address}: ${error.message}`;
      throw transportError(taken ? "CONFLICT" : "UNAVAILABLE", detail, { id: SERVER_ID, cause });
    }
    const bound = this.#endpoint;
    this.#address = formatAddress({
      host: host === "" || host === "localhost" ? bound.host : host,
      port: bound.port,
    });
  }

  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    this.#endpoint?.drain();
    for (const connection of this.#connections) connection.drain();
  }

  async close(options: { readonly graceMs?: number } = {}): Promise<void> {
    this.drain();
    const graceMs = options.graceMs ?? 0;
    const until = performance.now() + graceMs;
    await this.#settled(graceMs, () => this.#running() === 0);
    // Peers close by themselves when they have read that this side drains: then nothing they were sent is lost.
    await this.#settled(
      Math.min(PEERS_HANG_UP_MS, until - performance.now()),
      () => this.#connections.size === 0,
    );
    const reason = unavailable("the server was closed", { id: SERVER_ID });
    const left = Math.max(0, until - performance.now());
    for (const connection of this.#connections) connection.close(reason, left);
    await this.#settled(left, () => this.#connections.size === 0);
    await this.#endpoint?.close();
    this.#options.onClosed(this);
  }

  /** Resolves when `check` is true, or when the time is over. */
  #settled(timeoutMs: number, check: () => boolean): Promise<void> {
    if (timeoutMs <= 0 || check()) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#onChange = () => {
        if (!check()) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #running(): number {
    let running = 0;
    for (const connection of this.#connections) running += connection.running;
    return running;
  }

  #accept(connection: QuicConnection): void {
    const { context, onExchange } = this.#options;
    const made = new ServerConnection(connection, {
      context,
      local: this.#address,
      onExchange,
      onIdle: () => this.#onChange?.(),
      onClosed: (closed) => {
        this.#connections.delete(closed);
        this.#onChange?.();
      },
    });
    this.#connections.add(made);
    // Its handshake had begun before this side drained.
    if (this.#draining) made.drain();
  }
}
