import { type Logger, Metadata, nullLogger } from "@micro/core";
import { instantiate } from "@micro/core/conformance";
import type { IncomingExchange, Session, Transport, TransportMessage } from "@micro/transport";
import { httpTransport } from "../http-transport.ts";
import { type RawPeer, rawClient, rawServer } from "./raw-peer.ts";

type Config = NonNullable<
  NonNullable<
    Parameters<
      typeof instantiate<
        typeof httpTransport.component,
        "http",
        typeof httpTransport.config,
        typeof httpTransport.needs
      >
    >[1]
  >["config"]
>;

/** A transport and what tests need around it; everything is given back at the end. */
export interface World {
  readonly transport: Transport;
  /** Messages logged at warn and above. */
  readonly logged: string[];
  listen(
    onExchange?: (exchange: IncomingExchange) => void,
  ): Promise<{ readonly address: string; close(): Promise<void>; drain(): void }>;
  client(address: string): Promise<RawPeer>;
  server(): ReturnType<typeof rawServer>;
}

/** Runs `body` with a transport of these options. */
export async function withTransport(config: Config, body: (world: World) => Promise<void>): Promise<void> {
  const logged: string[] = [];
  const note = (message: string | (() => string)): void => {
    logged.push(typeof message === "string" ? message : message());
  };
  const logger: Logger = { ...nullLogger, warn: note, error: note };
  const transport = await instantiate(httpTransport, { config, deps: { logger } });
  const ends: (() => unknown)[] = [];
  try {
    await body({
      transport,
      logged,
      listen: (onExchange = echo) => transport.listen("127.0.0.1:0", onExchange),
      client: async (address) => {
        const peer = await rawClient(address);
        ends.push(() => peer.destroy());
        return peer;
      },
      server: async () => {
        const server = await rawServer();
        ends.push(() => server.close());
        return server;
      },
    });
  } finally {
    for (const end of ends) await end();
    await transport.stop?.({ graceMs: 0 });
  }
}

/** Answers a call with its body. */
export function echo(exchange: IncomingExchange): void {
  exchange.reply({ header: new Metadata({ "Content-Type": "text/plain" }), body: exchange.first.body });
}

/** A message of text. */
export function message(body = "", header: Readonly<Record<string, string>> = {}): TransportMessage {
  return { header: new Metadata({ "Content-Type": "text/plain", ...header }), body: Buffer.from(body) };
}

/** One call as a promise. */
export function call(session: Session, request: TransportMessage): Promise<TransportMessage> {
  return new Promise((resolve, reject) => {
    session.call(request, (error, reply) => (reply === undefined ? reject(error) : resolve(reply)));
  });
}

/** A request as Go writes it. */
export function post(header: Readonly<Record<string, string | number>>, body = ""): string {
  const lines = Object.entries({ "Content-Length": body.length, ...header }).map(
    ([key, value]) => `${key}: ${value}\r\n`,
  );
  return `POST / HTTP/1.1\r\nHost: a\r\n${lines.join("")}\r\n${body}`;
}

/** A reply as Go writes it. */
export function ok(header: Readonly<Record<string, string | number>>, body = ""): string {
  return post(header, body).replace("POST / HTTP/1.1\r\nHost: a", "HTTP/1.1 200 OK");
}

/** The text of a body. */
export const textOf = ({ body }: TransportMessage): string => Buffer.from(body).toString();
