import { createSocket } from "node:dgram";
import { createAuthority } from "@micro/certificates";
import { type Logger, Metadata, MicroError, nullLogger } from "@micro/core";
import { instantiate } from "@micro/core/conformance";
import type { IncomingExchange, Listener, Session, Transport, TransportMessage } from "@micro/transport";
import { quicTransport } from "../quic-transport.ts";
import { defaultDriver, type QuichePackage, quicheDriver } from "../quiche-driver.ts";

/** Options of the plugin. */
export type Config = NonNullable<
  NonNullable<
    Parameters<
      typeof instantiate<
        typeof quicTransport.component,
        "quic",
        typeof quicTransport.config,
        typeof quicTransport.needs
      >
    >[1]
  >["config"]
>;

/** Certificates of an authority of the test's own, for loopback. */
export async function loopbackCertificates(): Promise<{ ca: string; cert: string; key: string }> {
  const authority = await createAuthority();
  const { cert, key } = await authority.issue({ hosts: ["127.0.0.1", "localhost", "::1"] });
  return { ca: authority.cert, cert, key };
}

/** Why tests cannot run on this platform: no package brings QUIC for it, or not this one. Undefined where they can. */
export async function whyNoDriver(name?: QuichePackage): Promise<string | undefined> {
  try {
    await (name === undefined ? defaultDriver() : quicheDriver(name));
    return undefined;
  } catch (error) {
    return MicroError.from(error).detail;
  }
}

/** A transport and what tests need around it; everything is given back at the end. */
export interface World {
  readonly transport: Transport;
  /** Messages logged at warn and above, with their fields. */
  readonly logged: string[];
  readonly listen: (onExchange?: (exchange: IncomingExchange) => void, address?: string) => Promise<Listener>;
  readonly dial: (listener: { readonly address: string }) => Promise<Session>;
}

/** Runs `body` with a transport of these options. */
export async function withTransport(config: Config, body: (world: World) => Promise<void>): Promise<void> {
  const logged: string[] = [];
  const note: Logger["warn"] = (text, fields) => {
    const { error } = (typeof fields === "object" ? fields : {}) as { readonly error?: unknown };
    logged.push(`${typeof text === "string" ? text : text()} ${error instanceof Error ? error.message : ""}`);
  };
  const logger: Logger = { ...nullLogger, warn: note, error: note };
  const transport = await instantiate(quicTransport, { config, deps: { logger } });
  try {
    await body({
      transport,
      logged,
      listen: (onExchange = echo, address = "127.0.0.1:0") => transport.listen(address, onExchange),
      dial: ({ address }) => transport.dial(address, { metadata: transport.metadata }),
    });
  } finally {
    await transport.stop?.({ graceMs: 0 });
  }
}

/** Answers a call with its body. */
export function echo(exchange: IncomingExchange): void {
  exchange.reply({ header: new Metadata({ "Content-Type": "text/plain" }), body: exchange.first.body });
}

/** A message of text or bytes. */
export function message(
  body: string | Uint8Array = "",
  header: Readonly<Record<string, string>> = {},
): TransportMessage {
  return {
    header: new Metadata({ "Content-Type": "text/plain", ...header }),
    body: typeof body === "string" ? Buffer.from(body) : body,
  };
}

/** One call as a promise. */
export function call(session: Session, request: TransportMessage): Promise<TransportMessage> {
  return new Promise((resolve, reject) => {
    session.call(request, (error, reply) => (reply === undefined ? reject(error) : resolve(reply)));
  });
}

/** The text of a body. */
export const textOf = ({ body }: TransportMessage): string => Buffer.from(body).toString();

/** A UDP socket that takes datagrams and never says anything. */
export async function silentPeer(): Promise<{ readonly address: string; close(): Promise<void> }> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${socket.address().port}`,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}
