import net from "node:net";
import tls from "node:tls";
import { MicroError, parseAddress } from "@micro/core";
import type { Session } from "@micro/transport";
import { CLIENT_ID, transportError, unavailable } from "./errors.ts";
import { GoSession } from "./go-session.ts";
import { MuxSession } from "./mux-session.ts";
import type { TransportContext } from "./session-parts.ts";
import { clientTls, type TlsSettings } from "./tls-options.ts";

/** What {@link dial} takes beside the address. */
export interface DialSettings {
  readonly context: TransportContext;
  readonly tls: TlsSettings | undefined;
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
  const stop = new AbortController();
  const late = () => stop.abort(notSent("TIMEOUT", `no connection to ${address} within ${timeoutMs} ms`));
  const timer = setTimeout(late, timeoutMs);
  const givenUp = () => stop.abort(notSent("CANCELLED", `dialling ${address} was given up`, signal?.reason));
  signal?.addEventListener("abort", givenUp, { once: true });
  if (signal?.aborted) givenUp();
  try {
    let session: Session | undefined;
    if (settings.multiplex) {
      session = await openMux(address, settings, stop.signal);
    }
    if (session === undefined) {
      const socket = await connect(address, settings.tls, stop.signal);
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
  address: string,
  { context, tls: tlsSettings, onClosed }: DialSettings,
  signal: AbortSignal,
): Promise<MuxSession | undefined> {
  const socket = await connect(address, tlsSettings, signal);
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

function connect(
  address: string,
  settings: TlsSettings | undefined,
  signal: AbortSignal,
): Promise<net.Socket> {
  const { host, port } = parseAddress(address);
  const target = { host: host === "" ? "localhost" : host, port };
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const plain = { ...target, noDelay: true };
    const socket =
      settings === undefined
        ? net.connect(plain)
        : tls.connect({ ...plain, ...clientTls(settings, target.host) });
    const onAbort = (): void => {
      done();
      socket.destroy();
      reject(signal.reason as Error);
    };
    const onError = (error: Error): void => {
      done();
      socket.destroy();
      reject(notSent("UNAVAILABLE", `cannot connect to ${address}: ${describe(error)}`, error));
    };
    const onConnect = (): void => {
      done();
      resolve(socket);
    };
    const ready = settings === undefined ? "connect" : "secureConnect";
    const done = (): void => {
      signal.removeEventListener("abort", onAbort);
      socket.off("error", onError);
      socket.off("close", onClose);
      socket.off(ready, onConnect);
      // What a destroyed socket still says is of no interest.
      socket.on("error", () => undefined);
    };
    const onClose = () => onError(new Error("the peer closed the connection"));
    signal.addEventListener("abort", onAbort, { once: true });
    socket.on("error", onError);
    socket.on("close", onClose);
    socket.on(ready, onConnect);
  });
}

/** Several addresses of one name were tried: the text of each. */
function describe(error: Error): string {
  if (error instanceof AggregateError) {
    return error.errors
      .map((each: unknown) => (each instanceof Error ? each.message : String(each)))
      .join("; ");
  }
  return error.message;
}

function notSent(code: "TIMEOUT" | "CANCELLED" | "UNAVAILABLE", detail: string, cause?: unknown): MicroError {
  return transportError(code, detail, { notSent: true, cause });
}

function asNotSent(error: unknown): MicroError {
  const from = MicroError.from(error, { id: CLIENT_ID, code: "UNAVAILABLE" });
  return from.notSent ? from : notSent("UNAVAILABLE", from.detail, error);
}
