import { createHash, randomBytes, X509Certificate } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { formatAddress } from "@micro/core";
import { Datagrams, widenBuffers } from "./datagrams.ts";
import type { QuicConnection, QuicConnectOptions } from "./driver.ts";
import { StreamCode } from "./frames.ts";
import type { HostPort, QuicheBinding, QuicheConfig } from "./quiche-binding.ts";
import { connectConfig } from "./quiche-config.ts";
import { QuicheLink } from "./quiche-link.ts";

/** Refusals of the peer's host in a row, without a datagram of the peer between, after which nobody is there. */
const REFUSALS = 3;

/** Connects to the first address of the host that answers. */
export async function dialQuiche(
  binding: QuicheBinding,
  options: QuicConnectOptions,
): Promise<QuicConnection> {
  const { host, port, signal } = options;
  const config = connectConfig(binding, options);
  signal.throwIfAborted();
  const addresses = await lookup(host, { all: true });
  let failure = new Error(`${host} has no address`);
  for (const { address } of addresses) {
    signal.throwIfAborted();
    try {
      return await dialOne(binding, config, { options, to: { host: address, port } });
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error), { cause: error });
    }
  }
  throw failure;
}

interface Target {
  readonly options: QuicConnectOptions;
  readonly to: HostPort;
}

async function dialOne(
  binding: QuicheBinding,
  config: QuicheConfig,
  { options, to }: Target,
): Promise<QuicConnection> {
  const { serverName, signal } = options;
  const socket = createSocket({ type: isIP(to.host) === 6 ? "udp6" : "udp4" });
  let link: QuicheLink | undefined;
  try {
    await connectSocket(socket, to);
    signal.throwIfAborted();
    return await new Promise<QuicConnection>((resolve, reject) => {
      const fail = (error: Error): void => {
        signal.removeEventListener("abort", onAbort);
        reject(error);
      };
      const onAbort = () => fail(signal.reason as Error);
      signal.addEventListener("abort", onAbort, { once: true });
      const made = makeLink(binding, config, { socket, options, to }, (problem) => {
        if (problem !== undefined) {
          fail(problem);
          return;
        }
        signal.removeEventListener("abort", onAbort);
        resolve(made);
      });
      link = made;
      made.start();
    });
  } catch (error) {
    // A certificate for another name, or an attempt that took too long: the peer is told that it is over.
    if (link === undefined) socket.close();
    else link.close({ code: StreamCode.cancelled, reason: "the attempt was given up", lingerMs: 0 });
    throw describe(error, serverName);
  }
}

function makeLink(
  binding: QuicheBinding,
  config: QuicheConfig,
  target: Target & { readonly socket: Socket },
  done: (problem: Error | undefined) => void,
): QuicheLink {
  const { socket, options, to } = target;
  const { serverName, silenceTimeout } = options;
  const datagrams = new Datagrams(socket, options.maxDatagramSize);
  const bound = socket.address();
  const local = { host: bound.address, port: bound.port };
  // An IP is no server name (RFC 6066): it is compared with the certificate after the handshake.
  const name = isIP(serverName) === 0 ? serverName : undefined;
  const scid = randomBytes(binding.MAX_CONN_ID_LEN);
  const conn = binding.Connection.connect(name, scid, local, to, config);
  let refusals = 0;
  const link = new QuicheLink({
    binding,
    conn,
    role: 0,
    local,
    remote: to,
    names: { local: formatAddress(local), remote: formatAddress(to) },
    silenceTimeout,
    pings: true,
    space: () => datagrams.space(),
    transmit: (length) => datagrams.send(length),
    onEstablished: () => done(certificateProblem(conn.peerCertChain(), options)),
    onGone: (reason) => {
      socket.close();
      if (!link.established) done(reason ?? new Error("the connection was closed"));
    },
  });
  socket.on("message", (datagram) => {
    refusals = 0;
    link.receive(datagram, to);
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "ECONNREFUSED" || !link.established || ++refusals >= REFUSALS) {
      link.gone(new Error(`nobody listens there: ${error.message}`, { cause: error }));
    } else link.ping();
  });
  return link;
}

function connectSocket(socket: Socket, { host, port }: HostPort): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.connect(port, host, () => {
      socket.off("error", reject);
      widenBuffers(socket);
      resolve();
    });
  });
}

/** What BoringSSL has not looked at. */
function certificateProblem(
  chain: readonly Uint8Array[] | null,
  { serverName, verify }: QuicConnectOptions,
): Error | undefined {
  if (verify === "none") return undefined;
  const leaf = chain?.[0];
  if (leaf === undefined) return new Error("the peer showed no certificate");
  if (verify === "ca") {
    if (isIP(serverName) === 0 || new X509Certificate(leaf).checkIP(serverName) !== undefined)
      return undefined;
    return new Error(`the peer's certificate is not for ${serverName}`);
  }
  const found = createHash("sha256").update(leaf).digest("hex");
  if (found === verify.fingerprint.replaceAll(":", "").toLowerCase()) return undefined;
  return new Error("the peer's certificate is not the one that its node announces");
}

function describe(error: unknown, serverName: string): unknown {
  if (!(error instanceof Error) || !error.message.includes("bad_certificate")) return error;
  return new Error(`${error.message} (${serverName} was expected)`, { cause: error });
}
