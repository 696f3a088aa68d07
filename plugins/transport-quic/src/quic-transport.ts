import { definePlugin, MicroError, option, parseAddress } from "@micro/core";
import { logger } from "@micro/logger";
import {
  type DialOptions,
  type IncomingExchange,
  type Listener,
  notSent,
  type Session,
  type Transport,
  transport,
} from "@micro/transport";
import type { QuicConnection, QuicDriver, QuicSettings } from "./driver.ts";
import { ALPN, StreamCode } from "./frames.ts";
import { QuicListener } from "./quic-listener.ts";
import { QuicSession } from "./quic-session.ts";
import { defaultDriver, isQuicDriver, QUICHE_PACKAGES, quicheDriver } from "./quiche-driver.ts";
import type { TransportContext } from "./settings.ts";
import {
  FINGERPRINT_KEY,
  makeCertificate,
  type OwnCertificate,
  readTls,
  serverNameOf,
  type TlsSettings,
  tlsSection,
  verification,
} from "./tls-options.ts";

/** Streams that a server may open towards its client: it says `drain` on one. */
const SERVER_STREAMS = 4;
const SCRATCH_BYTES = 64 * 1024;

/**
 * The `quic` transport, experimental: one QUIC connection per peer, a QUIC stream for each call and each stream, TLS 1.3
 * always. Between our own peers only; frames.ts describes the wire.
 */
export const quicTransport = definePlugin(transport, {
  name: "quic",
  config: {
    driver: option.choice(["auto", ...QUICHE_PACKAGES], {
      description: "Package that brings QUIC; `auto` takes the first that works here",
      default: "auto",
    }),
    ownDriver: option.value<QuicDriver>(isQuicDriver, {
      description: "Another implementation of QUIC, from code only; it wins over `driver`",
      expects: "a QuicDriver: {name, listen, connect}",
    }),
    tls: tlsSection,
    maxHeaderSize: option.size({ description: "Largest header block of one message", default: "16KiB" }),
    maxHeaders: option.integer({ description: "Most headers of one message", default: 100, min: 8 }),
    handshakeTimeout: option.duration({
      description: "Longest time of a handshake, on the listening side",
      default: "5s",
    }),
    readTimeout: option.duration({
      description: "Longest time from the first to the last byte of one message, while its reader takes them",
      default: "30s",
    }),
    idleTimeout: option.duration({
      description: "Longest time of a connection on which nothing runs; 0 for any",
      default: 0,
    }),
    pingTimeout: option.duration({
      description:
        "Silence of a peer after which its connection is given up; it is pinged three times as often",
      default: "10s",
    }),
    maxConnections: option.integer({
      description: "Most connections of a listener",
      default: 10_000,
      min: 1,
    }),
    maxConcurrent: option.integer({
      description: "Most exchanges that run at once on one connection",
      default: 1000,
      min: 1,
    }),
    maxWriteBuffer: option.size({
      description: "Most bytes that wait to be sent on one connection",
      default: "64MiB",
    }),
    maxReadBuffer: option.size({
      description: "Most bytes of messages that have begun to come on one connection",
      default: "64MiB",
    }),
    streamWindow: option.size({
      description: "Bytes of one stream that may be on their way before its reader has taken them",
      default: "256KiB",
    }),
    maxDatagramSize: option.integer({
      description: "Largest UDP payload to send, in bytes: more only where every path carries it",
      default: 1350,
      min: 1200,
      max: 65_507,
    }),
  },
  needs: [logger],
  create: async ({ config, deps }) => {
    const { tls, driver, ownDriver, dialTimeout, addresses: _, ...settings } = config;
    return new QuicTransport({
      tls: await readTls(tls),
      driver: ownDriver ?? (driver === "auto" ? await defaultDriver() : await quicheDriver(driver)),
      dialTimeout,
      context: { settings, logger: deps.logger, scratch: new Uint8Array(SCRATCH_BYTES) },
    });
  },
});

interface QuicTransportOptions {
  readonly context: TransportContext;
  readonly tls: TlsSettings;
  readonly driver: QuicDriver;
  readonly dialTimeout: number;
}

class QuicTransport implements Transport {
  readonly name = "quic";
  /** Filled in by the first `listen` that makes a certificate: nodes are registered after that. */
  readonly metadata: Record<string, string> = {};
  readonly #options: QuicTransportOptions;
  readonly #listeners = new Set<QuicListener>();
  readonly #sessions = new Set<Session>();
  #own: Promise<OwnCertificate> | undefined;

  constructor(options: QuicTransportOptions) {
    this.#options = options;
  }

  async listen(address: string, onExchange: (exchange: IncomingExchange) => void): Promise<Listener> {
    const { context, driver, tls } = this.#options;
    const { handshakeTimeout, maxConcurrent, maxConnections } = context.settings;
    const { cert, key } = await this.#certificate(address);
    const listener = new QuicListener({
      context,
      onExchange,
      onClosed: (closed) => this.#listeners.delete(closed),
    });
    await listener.listen(address, (target, onConnection) =>
      driver.listen({
        ...this.#settings(maxConcurrent),
        ...target,
        cert,
        key,
        requestCert: tls.requestCert,
        maxConnections,
        handshakeTimeout,
        onConnection,
        onWarning: (text, fields) => context.logger.warn(text, fields),
      }),
    );
    this.#listeners.add(listener);
    return listener;
  }

  async dial(address: string, options: DialOptions = {}): Promise<Session> {
    const { context, dialTimeout } = this.#options;
    const timeoutMs = options.timeoutMs ?? dialTimeout;
    const stop = new AbortController();
    const late = () => stop.abort(notSent("TIMEOUT", `no connection to ${address} within ${timeoutMs} ms`));
    const timer = setTimeout(late, timeoutMs);
    const { signal } = options;
    const givenUp = () =>
      stop.abort(notSent("CANCELLED", `dialling ${address} was given up`, signal?.reason));
    signal?.addEventListener("abort", givenUp, { once: true });
    if (signal?.aborted) givenUp();
    try {
      const connection = await this.#connect(address, options.metadata ?? {}, stop.signal);
      if (stop.signal.aborted) {
        connection.close({ code: StreamCode.done, reason: "not needed any more", lingerMs: 0 });
        throw stop.signal.reason;
      }
      const onClosed = (closed: Session) => this.#sessions.delete(closed);
      const session = new QuicSession(connection, { context, address, onClosed });
      this.#sessions.add(session);
      return session;
    } catch (error) {
      if (MicroError.is(error)) throw error;
      throw notSent("UNAVAILABLE", `cannot connect to ${address}: ${MicroError.from(error).detail}`, error);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", givenUp);
    }
  }

  async #connect(
    address: string,
    metadata: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<QuicConnection> {
    const { driver, tls } = this.#options;
    const { host, port } = parseAddress(address);
    const target = host === "" ? "localhost" : host;
    signal.throwIfAborted();
    const { cert, key } = tls;
    return await driver.connect({
      ...this.#settings(SERVER_STREAMS),
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
      host: target,
      port,
      serverName: serverNameOf(tls, target),
      verify: verification(tls, metadata),
      signal,
    });
  }

  #settings(maxStreams: number): QuicSettings {
    const { context, tls } = this.#options;
    const { maxDatagramSize, pingTimeout, streamWindow } = context.settings;
    return {
      alpn: ALPN,
      streamWindow,
      maxStreams,
      silenceTimeout: pingTimeout,
      maxDatagramSize,
      ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    };
  }

  async #certificate(address: string): Promise<{ readonly cert: string; readonly key: string }> {
    const { cert, key } = this.#options.tls;
    if (cert !== undefined && key !== undefined) return { cert, key };
    this.#own ??= makeCertificate(address);
    const own = await this.#own;
    this.metadata[FINGERPRINT_KEY] = own.fingerprint;
    return own;
  }

  drain(): void {
    for (const listener of this.#listeners) listener.drain();
  }

  async stop(options: { readonly graceMs?: number } = {}): Promise<void> {
    await Promise.all([
      ...Array.from(this.#listeners, (listener) => listener.close(options)),
      ...Array.from(this.#sessions, (session) => session.close(options)),
    ]);
  }
}
