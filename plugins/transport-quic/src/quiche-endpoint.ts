import { randomBytes } from "node:crypto";
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { formatAddress } from "@micro/core";
import { Datagrams, widenBuffers } from "./datagrams.ts";
import type { QuicEndpoint, QuicListenOptions } from "./driver.ts";
import type { HostPort, QuicheBinding, QuicheConfig, QuicheHeader } from "./quiche-binding.ts";
import { listenConfig } from "./quiche-config.ts";
import { CONNECTION_REFUSED } from "./quiche-errors.ts";
import { QuicheLink } from "./quiche-link.ts";
import { ResetTokens } from "./reset-token.ts";
import { RetryTokens } from "./retry-token.ts";

const SMALLEST_INITIAL = 1200;
/** Bit of the first byte of a packet with a long header (RFC 9000, 17.2). */
const LONG_HEADER = 0x80;

/** Binds a socket and takes connections on it. */
export async function listenQuiche(
  binding: QuicheBinding,
  options: QuicListenOptions,
): Promise<QuicEndpoint> {
  const config = listenConfig(binding, options);
  const { host, port } = options;
  const address = host === "" || isIP(host) !== 0 ? host : (await lookup(host)).address;
  const type = address === "" || isIP(address) === 6 ? "udp6" : "udp4";
  const socket = createSocket({
    type,
    // Answers come from numeric addresses: nothing to look up, and no turn to wait for it.
    lookup: (name, _, found) => found(null, name, isIP(name)),
  });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.bind({ port, ...(address === "" ? {} : { address }) }, () => {
        socket.off("error", reject);
        resolve();
      });
    });
  } catch (error) {
    socket.close();
    throw error;
  }
  widenBuffers(socket);
  return new QuicheEndpoint(binding, config, { options, socket });
}

interface Bound {
  readonly options: QuicListenOptions;
  readonly socket: Socket;
}

/** A listening socket and its connections, found by the connection id that each packet begins with. */
class QuicheEndpoint implements QuicEndpoint {
  readonly host: string;
  readonly port: number;
  readonly #binding: QuicheBinding;
  readonly #config: QuicheConfig;
  readonly #options: QuicListenOptions;
  readonly #socket: Socket;
  readonly #datagrams: Datagrams;
  readonly #links = new Map<string, QuicheLink>();
  readonly #tokens = new RetryTokens();
  readonly #resets: ResetTokens;
  #draining = false;
  #refused = 0;
  #closed: Promise<void> | undefined;

  constructor(binding: QuicheBinding, config: QuicheConfig, { options, socket }: Bound) {
    this.#binding = binding;
    this.#config = config;
    this.#options = options;
    this.#socket = socket;
    this.#datagrams = new Datagrams(socket, options.maxDatagramSize);
    this.#resets = new ResetTokens(options.key);
    const { address, port } = socket.address();
    this.host = address;
    this.port = port;
    socket.on("message", (datagram, from) => this.#receive(datagram, from));
    // An unconnected socket hardly has errors of its own: what cannot be sent is told to whoever sends it.
    socket.on("error", (error) => options.onWarning("the socket of a listener failed", { error }));
  }

  drain(): void {
    this.#draining = true;
  }

  close(): Promise<void> {
    this.#draining = true;
    this.#closed ??= new Promise((resolve) => {
      for (const link of this.#links.values()) link.gone(undefined);
      this.#socket.close(() => resolve());
    });
    return this.#closed;
  }

  #receive(datagram: Buffer, info: RemoteInfo): void {
    const first = datagram[0];
    if (first === undefined || this.#closed !== undefined) return;
    const from = { host: info.address.replace(/%.*$/, ""), port: info.port };
    if ((first & LONG_HEADER) === 0) {
      // A short header is its first byte and the id that this side chose.
      const id = datagram.subarray(1, 1 + this.#binding.MAX_CONN_ID_LEN);
      const known = this.#links.get(keyOf(id));
      if (known !== undefined) known.receive(datagram, from);
      else this.#reset(id, datagram.length, from);
      return;
    }
    let header: QuicheHeader;
    try {
      header = this.#binding.Header.fromSlice(datagram, this.#binding.MAX_CONN_ID_LEN);
    } catch {
      // Not QUIC: anybody may send anything to a UDP port.
      return;
    }
    const link = this.#links.get(keyOf(header.dcid));
    if (link !== undefined) link.receive(datagram, from);
    // A client's first datagrams are padded (RFC 9000, 14.1): nobody is answered with more than was sent.
    else if (datagram.length < SMALLEST_INITIAL) return;
    else if (!this.#binding.versionIsSupported(header.version)) this.#negotiate(header, from);
    else if (header.ty === this.#binding.Type.Initial) this.#onInitial(datagram, header, from);
  }

  #reset(id: Uint8Array, length: number, from: HostPort): void {
    const answer = this.#resets.answer(id, length);
    if (answer === undefined) return;
    this.#datagrams.space().set(answer);
    this.#datagrams.send(answer.length, from);
  }

  #negotiate({ scid, dcid }: QuicheHeader, from: HostPort): void {
    const length = this.#binding.negotiateVersion(scid, dcid, this.#datagrams.space());
    this.#datagrams.send(length, from);
  }

  #onInitial(datagram: Buffer, header: QuicheHeader, from: HostPort): void {
    const { scid, dcid, token, version } = header;
    const remote = formatAddress(from);
    if (token === undefined || token.length === 0) {
      const newId = randomBytes(this.#binding.MAX_CONN_ID_LEN);
      const minted = this.#tokens.mint(dcid, { remote, scid: newId });
      const length = this.#binding.retry(scid, dcid, newId, minted, version, this.#datagrams.space());
      this.#datagrams.send(length, from);
      return;
    }
    const odcid = this.#tokens.open(token, { remote, scid: dcid });
    if (odcid === undefined) return;
    const refusal = this.#refusal();
    const link = this.#accept(Buffer.from(dcid), odcid, from);
    link.receive(datagram, from);
    if (refusal !== undefined) link.refuse(CONNECTION_REFUSED, refusal);
  }

  #refusal(): string | undefined {
    if (this.#draining) return "the server shuts down";
    const { maxConnections, onWarning } = this.#options;
    if (this.#links.size < maxConnections) return undefined;
    // Once, then every thousandth time: whoever floods us shall not flood the log.
    if (this.#refused++ % 1000 === 0) {
      onWarning("connections are refused: transport.max_connections is reached", {
        maxConnections,
        refused: this.#refused,
      });
    }
    return "the server has as many connections as it takes";
  }

  #accept(scid: Buffer, odcid: Uint8Array, from: HostPort): QuicheLink {
    const { handshakeTimeout, onConnection, onWarning, silenceTimeout } = this.#options;
    const local = { host: this.host, port: this.port };
    const remote = formatAddress(from);
    const key = keyOf(scid);
    this.#config.setStatelessResetToken(this.#resets.of(scid));
    const conn = this.#binding.Connection.accept(scid, odcid, local, from, this.#config);
    const timer = setTimeout(() => {
      link.gone(
        new Error(`a handshake took longer than transport.handshake_timeout, ${handshakeTimeout} ms`),
      );
    }, handshakeTimeout).unref();
    const link: QuicheLink = new QuicheLink({
      binding: this.#binding,
      conn,
      role: 1,
      local,
      remote: from,
      names: { local: formatAddress(local), remote },
      silenceTimeout,
      // The client pings: one side is enough.
      pings: false,
      space: () => this.#datagrams.space(),
      transmit: (length, to) => this.#datagrams.send(length, to),
      onEstablished: () => {
        clearTimeout(timer);
        onConnection(link);
      },
      onGone: (reason) => {
        clearTimeout(timer);
        this.#links.delete(key);
        if (reason !== undefined && !link.established)
          onWarning("a QUIC handshake failed", { error: reason, remote });
      },
    });
    this.#links.set(key, link);
    return link;
  }
}

function keyOf(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString("latin1");
}
