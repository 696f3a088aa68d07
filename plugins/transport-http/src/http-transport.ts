import type { ConnectionOptions } from "node:tls";
import { definePlugin, option } from "@micro/core";
import { logger } from "@micro/logger";
import {
  type DialOptions,
  type IncomingExchange,
  type Listener,
  SERVER_ID,
  type Session,
  type Transport,
  transport,
  transportError,
} from "@micro/transport";
import { ConnectionWatch } from "./connection.ts";
import { dial } from "./dial.ts";
import { HeaderLines } from "./header-writer.ts";
import { HttpListener } from "./http-listener.ts";
import { MUX_KEY, MUX_METADATA } from "./mux-frames.ts";
import { type KeyPair, type OwnCertificate, ownCertificate } from "./own-certificate.ts";
import { chooseProxy, type ProxyChoice } from "./proxy.ts";
import type { TransportContext } from "./session-parts.ts";
import { isTlsOverrides, readTls, type TlsOverrides, type TlsSettings, tlsSection } from "./tls-options.ts";

const isConnectionOptions = (value: unknown): value is ConnectionOptions =>
  typeof value === "object" && value !== null;
const isEnvironment = (value: unknown): value is Readonly<Record<string, string | undefined>> =>
  typeof value === "object" && value !== null;

/**
 * Go Micro's http transport (spec 1.1): one message is one HTTP/1.1 message on a raw socket. Between two of our own
 * peers many calls and streams share one connection; a Go peer is given one exchange at a time on each.
 */
export const httpTransport = definePlugin(transport, {
  name: "http",
  config: {
    tls: tlsSection,
    tlsOptions: option.value<TlsOverrides>(isTlsOverrides, {
      description: "Options of Node's TLS for `server` and `client`, from code only; they win over `tls`",
      expects: "{server?: TlsOptions, client?: ConnectionOptions}",
    }),
    proxy: option.string({
      description:
        "URL of the proxy to dial through, 'http://user:password@host:port', or 'none'; HTTPS_PROXY of the environment when not set",
    }),
    noProxy: option.list({
      description:
        "Names, addresses and networks that are dialled directly; NO_PROXY of the environment when not set",
    }),
    proxyTls: option.value<ConnectionOptions>(isConnectionOptions, {
      description: "Options of Node's TLS for a proxy of https, from code only",
      expects: "ConnectionOptions of node:tls",
    }),
    env: option.value<Readonly<Record<string, string | undefined>>>(isEnvironment, {
      description: "Environment variables with HTTPS_PROXY and NO_PROXY. The process's when not set",
      expects: "a map of texts",
    }),
    multiplex: option.boolean({
      description: "Let calls share connections with peers that can; off, every peer is treated as Go's",
      default: true,
    }),
    maxHeaderSize: option.size({ description: "Largest header block of one message", default: "16KiB" }),
    maxHeaders: option.integer({ description: "Most headers of one message", default: 100, min: 8 }),
    headerTimeout: option.duration({
      description: "Longest time from accept to the end of the first header block; 0 for any",
      default: "5s",
    }),
    readTimeout: option.duration({
      description: "Longest time from the first to the last byte of one message",
      default: "30s",
    }),
    writeTimeout: option.duration({
      description: "Longest time that a peer may take no bytes; 0 for any",
      default: "30s",
    }),
    idleTimeout: option.duration({
      description: "Longest silence of a connection on which nothing runs; 0 for any",
      default: 0,
    }),
    pingTimeout: option.duration({
      description:
        "Silence of a multiplexing peer, while calls wait, before it is pinged; as long again, and it is given up",
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
      description: "Most bytes that wait for one peer to read them",
      default: "64MiB",
    }),
    streamWindow: option.size({
      description: "Bytes of one stream that may be on their way before its reader has taken them",
      default: "256KiB",
    }),
  },
  needs: [logger],
  create: async ({ config, deps }) => {
    const { tls: section, tlsOptions, dialTimeout, addresses: _, ...others } = config;
    const { proxy, noProxy, proxyTls, env, ...rest } = others;
    const settings = {
      ...rest,
      headerTimeout: orAny(rest.headerTimeout),
      readTimeout: orAny(rest.readTimeout),
      writeTimeout: orAny(rest.writeTimeout),
      idleTimeout: orAny(rest.idleTimeout),
      pingTimeout: orAny(rest.pingTimeout),
    };
    const { headerTimeout, readTimeout, writeTimeout, pingTimeout, idleTimeout } = settings;
    const shortest = Math.min(headerTimeout, readTimeout, writeTimeout, pingTimeout, idleTimeout, 4000);
    return new HttpTransport({
      tls: await readTls(section, tlsOptions),
      proxy: chooseProxy({ proxy, noProxy, proxyTls, env: env ?? process.env }),
      dialTimeout,
      context: {
        settings,
        logger: deps.logger,
        lines: new HeaderLines(),
        watch: new ConnectionWatch(Math.max(10, shortest / 4)),
      },
    });
  },
});

/** A time that is never over, where 0 was given. */
const orAny = (ms: number): number => (ms === 0 ? Number.POSITIVE_INFINITY : ms);

interface HttpTransportOptions {
  readonly context: TransportContext;
  readonly tls: TlsSettings | undefined;
  readonly proxy: ProxyChoice | undefined;
  readonly dialTimeout: number;
}

class HttpTransport implements Transport {
  readonly name = "http";
  readonly metadata: Readonly<Record<string, string>>;
  readonly #options: HttpTransportOptions;
  readonly #listeners = new Set<HttpListener>();
  readonly #sessions = new Set<Session>();

  constructor(options: HttpTransportOptions) {
    this.#options = options;
    this.metadata = options.context.settings.multiplex ? MUX_METADATA : {};
  }

  async listen(address: string, onExchange: (exchange: IncomingExchange) => void): Promise<Listener> {
    const { context, tls } = this.#options;
    const own = await this.#ownCertificate(address, (pair) => listener.renew({ ...tls?.server, ...pair }));
    const listener = new HttpListener({
      context,
      tls: own === undefined ? tls?.server : { ...tls?.server, ...own.pair },
      onExchange,
      onClosed: (closed) => {
        own?.stop();
        this.#listeners.delete(closed);
      },
    });
    try {
      await listener.listen(address);
    } catch (error) {
      own?.stop();
      throw error;
    }
    this.#listeners.add(listener);
    return listener;
  }

  /** Undefined where none is needed. */
  async #ownCertificate(
    address: string,
    onRenewed: (pair: KeyPair) => void,
  ): Promise<OwnCertificate | undefined> {
    const { context, tls } = this.#options;
    if (tls === undefined || tls.certificate === "given") return undefined;
    if (tls.certificate === "missing") {
      const detail =
        "cannot listen with TLS: transport.tls.cert and transport.tls.key (or cert_file and key_file) are not set";
      throw transportError("BAD_REQUEST", detail, { id: SERVER_ID });
    }
    return await ownCertificate(address, { logger: context.logger, onRenewed });
  }

  async dial(address: string, options: DialOptions = {}): Promise<Session> {
    const { context, tls, proxy, dialTimeout } = this.#options;
    const multiplex = context.settings.multiplex && options.metadata?.[MUX_KEY] === MUX_METADATA[MUX_KEY];
    return await dial(address, {
      context,
      tls,
      proxy,
      multiplex,
      timeoutMs: options.timeoutMs ?? dialTimeout,
      signal: options.signal,
      onSession: (session) => this.#sessions.add(session),
      onClosed: (session) => this.#sessions.delete(session),
    });
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
