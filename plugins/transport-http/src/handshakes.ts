import type { Server, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Logger } from "@micro/core";
import { endpoint } from "./connection.ts";
import { LimitedWarning } from "./limited-warning.ts";

/** The TLS handshakes of a listener that are not done: who fails is logged, who stays is closed with the listener. */
export class Handshakes {
  /** By the peer's address, which no other connection of the listener has. */
  readonly #open = new Map<string, Socket>();
  /** Peers that hung up and whose failure has not been told yet. */
  readonly #gone: string[] = [];
  readonly #warning: LimitedWarning;
  #closed = false;

  constructor(server: Server, logger: Logger) {
    this.#warning = new LimitedWarning(logger, { message: "a TLS handshake failed" });
    server.on("connection", (socket: Socket) => this.#begin(socket));
    server.on("secureConnection", (socket: TLSSocket) => this.#open.delete(addressOf(socket)));
    server.on("tlsClientError", (error: Error, socket: TLSSocket) => {
      this.#failed(error, addressOf(socket));
      socket.destroy();
    });
  }

  /** Ends those that are not done, and tells of no more. */
  close(): void {
    this.#closed = true;
    for (const socket of this.#open.values()) socket.destroy();
    this.#open.clear();
    this.#gone.length = 0;
    this.#warning.close();
  }

  #begin(socket: Socket): void {
    const remote = addressOf(socket);
    this.#open.set(remote, socket);
    socket.on("close", () => {
      if (this.#open.get(remote) !== socket) return;
      this.#open.delete(remote);
      if (this.#gone.push(remote) > MAX_GONE) this.#gone.shift();
    });
  }

  /** The socket of the error does not know its peer when that has hung up: it is the one closed before, or right now. */
  #failed(error: Error, known: string): void {
    if (this.#closed) return;
    const remote = known || this.#gone.shift() || this.#closing();
    if (remote !== undefined) this.#open.delete(remote);
    this.#warning.warn({ remote: remote ?? "unknown", reason: reasonOf(error) });
  }

  #closing(): string | undefined {
    for (const [remote, socket] of this.#open) if (socket.destroyed) return remote;
    return undefined;
  }
}

const MAX_GONE = 100;
const MAX_REASON = 200;

const addressOf = (socket: Socket): string => endpoint(socket.remoteAddress, socket.remotePort);

/** One line. OpenSSL's messages name files of its source; its `reason` says what it means. */
function reasonOf(error: Error): string {
  const { code, reason } = error as { readonly code?: unknown; readonly reason?: unknown };
  if (code === "ERR_SSL_HTTP_REQUEST") return "the client speaks without TLS";
  const text = typeof reason === "string" ? reason : error.message;
  return text.replace(/\s+/g, " ").trim().slice(0, MAX_REASON);
}
