import { once } from "node:events";
import net from "node:net";
import tls, { type TlsOptions } from "node:tls";
import { type ConnectionInjector, Server, ServerCredentials } from "@grpc/grpc-js";
import { formatAddress, type Logger, MicroError, parseAddress } from "@micro/core";
import type { ServerListener } from "@micro/server";
import { CallIntake, type IncomingGrpcCall } from "./incoming.ts";

/** What a {@link GrpcListener} is made of. */
export interface ListenerOptions {
  readonly onCall: (call: IncomingGrpcCall) => void;
  /** Called when nothing new is served any more. */
  readonly onClosing: () => void;
  readonly tls: TlsOptions | undefined;
  readonly maxConnections: number;
  readonly maxStreams: number;
  readonly maxReceiveBytes: number;
  readonly keepaliveTimeMs: number;
  readonly keepaliveTimeoutMs: number;
  readonly handshakeTimeoutMs: number;
  readonly logger: Logger;
}

/** No connection outlives its listener by more, whatever its peer does. */
const FOREVER_MS = 2 ** 31 - 1;
/** Whoever floods us shall not flood the log. */
const WARN_EVERY_MS = 1000;

interface HandshakeError extends Error {
  /** OpenSSL's word, where it has one. */
  readonly reason?: string;
}

/**
 * Accepts connections and hands them to grpc-js. Listening is done here and not by grpc-js, which knows no limit of
 * connections, no time limit of a TLS handshake, and cannot end a connection whose peer does not answer.
 */
export class GrpcListener implements ServerListener {
  readonly #server: net.Server;
  readonly #grpc: Server;
  readonly #injector: ConnectionInjector;
  readonly #onClosing: () => void;
  readonly #sockets = new Set<net.Socket>();
  #address = "";
  #dropped = 0;
  #handshakesFailed = 0;
  #warnAgainAt = 0;
  #closed: Promise<void> | undefined;

  constructor(options: ListenerOptions) {
    this.#onClosing = options.onClosing;
    const intake = new CallIntake(options.onCall);
    this.#grpc = new Server({
      interceptors: [intake.interceptor],
      // Its bookkeeping costs a tenth of a call, and its way past the intake is another.
      "grpc.enable_channelz": 0,
      "grpc.max_concurrent_streams": options.maxStreams,
      "grpc.max_receive_message_length": options.maxReceiveBytes,
      // Checked by the reply writer, which can name the option.
      "grpc.max_send_message_length": -1,
      "grpc.keepalive_time_ms": options.keepaliveTimeMs,
      "grpc.keepalive_timeout_ms": options.keepaliveTimeoutMs,
    });
    intake.attach(this.#grpc);
    this.#injector = this.#grpc.createConnectionInjector(ServerCredentials.createInsecure());
    this.#server = this.#listening(options);
    this.#server.maxConnections = options.maxConnections;
    this.#server.on("connection", (socket: net.Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    this.#server.on("drop", () => {
      // Once, then every thousandth time.
      if (this.#dropped++ % 1000 !== 0) return;
      options.logger.warn(`connections are refused: server.max_connections is ${options.maxConnections}`);
    });
  }

  get address(): string {
    return this.#address;
  }

  /** Rejects with a MicroError `CONFLICT` when the address is taken, with `UNAVAILABLE` when it cannot be bound otherwise. */
  async listen(address: string): Promise<this> {
    const { host, port } = parseAddress(address, "server.address");
    try {
      this.#server.listen({ port, ...(host === "" ? {} : { host }) });
      await once(this.#server, "listening");
    } catch (cause) {
      const taken = (cause as NodeJS.ErrnoException).code === "EADDRINUSE";
      const detail = taken
        ? `the address ${address} is taken`
        : `cannot listen on ${address}: ${MicroError.from(cause).detail}`;
      throw new MicroError({
        id: "go.micro.server",
        code: taken ? "CONFLICT" : "UNAVAILABLE",
        detail,
        cause,
      });
    }
    // The address of a TCP server is no text.
    const bound = this.#server.address() as net.AddressInfo;
    this.#address = formatAddress({ host: bound.address, port: bound.port });
    return this;
  }

  /** GOAWAY on every connection: peers finish what runs and go elsewhere with the rest. */
  drain(): void {
    this.#injector.drain(FOREVER_MS);
  }

  close({ graceMs }: { readonly graceMs: number }): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  async #close(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.#onClosing();
    this.#injector.drain(FOREVER_MS);
    this.#injector.destroy();
    const timer = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, graceMs);
    await closed;
    clearTimeout(timer);
    this.#grpc.forceShutdown();
  }

  #listening({ tls: settings, handshakeTimeoutMs, logger }: ListenerOptions): net.Server {
    if (settings === undefined) {
      return net.createServer({ noDelay: true }, (socket) => this.#injector.injectConnection(socket));
    }
    const server = tls.createServer({ handshakeTimeout: handshakeTimeoutMs, ...settings }, (socket) => {
      if (socket.alpnProtocol === "h2") {
        socket.setNoDelay(true);
        this.#injector.injectConnection(socket);
      } else socket.destroy();
    });
    return server.on("tlsClientError", (error: HandshakeError, socket: tls.TLSSocket) => {
      const remote = socket.remoteAddress;
      socket.destroy();
      this.#handshakesFailed++;
      const now = performance.now();
      if (now < this.#warnAgainAt) return;
      this.#warnAgainAt = now + WARN_EVERY_MS;
      // OpenSSL's reason says it; its message names source files, and the stack is always the same.
      const reason = error.reason ?? error.message;
      logger.warn(`a TLS handshake failed: ${reason}`, { remote, failed: this.#handshakesFailed });
    });
  }
}
