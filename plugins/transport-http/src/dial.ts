import type { Socket } from "node:net";
import { MicroError } from "@micro/core";
import { CLIENT_ID, notSent, type Session, unavailable } from "@micro/transport";
import { connect, type Route, routeName, routeTo } from "./connect.ts";
import { GoSession } from "./go-session.ts";
import { MuxSession } from "./mux-session.ts";
import type { ProxyChoice } from "./proxy.ts";
import type { TransportContext } from "./session-parts.ts";
import type { TlsSettings } from "./tls-options.ts";

/** What {@link dial} takes beside the address. */
export interface DialSettings {
  readonly context: TransportContext;
  readonly tls: TlsSettings | undefined;
  /** Undefined where nothing is dialled through a proxy. */
  readonly proxy: ProxyChoice | undefined;
  /** Whether the peer's metadata says that it multiplexes. */
  readonly multiplex: boolean;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly onSession: (session: Session) => void;
  readonly onClosed: (session: Session) => void;
}

/** Connects to `address` and finds out what the peer can. Every error it rejects with is `notSent`. */
export async function dial(address: string, settings: DialSettings): Promise<Session> {
  const { context, onClosed, onSession, signal, timeoutMs } = settings;
  const route = routeTo(address, settings.proxy);
  const stop = new AbortController();
  const late = () =>
    stop.abort(notSent("TIMEOUT", `no connection to ${routeName(route)} within ${timeoutMs} ms`));
  const timer = setTimeout(late, timeoutMs);
  const givenUp = () => stop.abort(notSent("CANCELLED", `dialling ${address} was given up`, signal?.reason));
  signal?.addEventListener("abort", givenUp, { once: true });
  if (signal?.aborted) givenUp();
  try {
    let session: Session | undefined;
    if (settings.multiplex) {
      session = await openMux(route, settings, stop.signal);
    }
    if (session === undefined) {
      const socket = await connectTo(route, settings, stop.signal);
      session = new GoSession({ socket, address, context, onClosed });
    }
    onSession(session);
    return session;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", givenUp);
  }
}

/** Undefined when the peer turns out not to multiplex: its metadata is out of date. */
async function openMux(
  route: Route,
  settings: DialSettings,
  signal: AbortSignal,
): Promise<MuxSession | undefined> {
  const { address } = route;
  const { context, onClosed } = settings;
  const socket = await connectTo(route, settings, signal);
  const session = new MuxSession({ socket, address, context, onClosed });
  try {
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => reject(signal.reason as Error);
      signal.addEventListener("abort", onAbort, { once: true });
      session.handshake((error) => {
        signal.removeEventListener("abort", onAbort);
        if (error === undefined) resolve();
        else reject(error);
      });
    });
    return session;
  } catch (error) {
    session.destroy(error instanceof Error ? error : unavailable(String(error)));
    if (!MicroError.is(error) || error.code !== "BAD_REQUEST") throw asNotSent(error);
    context.logger.warn(
      "a peer does not multiplex though its metadata says so; one call at a time is sent to it",
      {
        address,
      },
    );
    return undefined;
  }
}

function connectTo(route: Route, { tls, context }: DialSettings, signal: AbortSignal): Promise<Socket> {
  return connect(route, { tls, maxHeaderSize: context.settings.maxHeaderSize, signal });
}

function asNotSent(error: unknown): MicroError {
  const from = MicroError.from(error, { id: CLIENT_ID, code: "UNAVAILABLE" });
  return from.notSent ? from : notSent("UNAVAILABLE", from.detail, error);
}
