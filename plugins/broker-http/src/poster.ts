import http from "node:http";
import https from "node:https";
import type { ConnectionOptions } from "node:tls";
import { BROKER_ERROR_ID, brokerError } from "@micro/broker";
import { MicroError, parseAddress } from "@micro/core";
import type { Target } from "./dialects.ts";

/** What became of one POST. */
export type PostOutcome =
  /** The handler has run. */
  | { readonly kind: "taken" }
  /** The receiver knows no such subscription any more, and nothing ran. */
  | { readonly kind: "gone" }
  /** Provably no handler ran: another try is safe. */
  | { readonly kind: "refused"; readonly error: MicroError; readonly unreachable: boolean }
  /** A handler may have run, or no other try can be better. */
  | { readonly kind: "lost"; readonly error: MicroError };

/** What a {@link Poster} is made of. */
export interface PosterOptions {
  /** Longest time to connect, in ms. */
  readonly connectTimeout: number;
  /** Longest time from connecting to the answer, in ms: the handler runs in it. */
  readonly deliveryTimeout: number;
  /** Connections at a time. */
  readonly maxConnections: number;
  readonly tls: ConnectionOptions;
}

/** One message to one subscription. */
export interface Post {
  readonly target: Target;
  /** JSON of the message. */
  readonly payload: Uint8Array;
  /** Breaks it off. */
  readonly signal: AbortSignal;
  /** The operating system has all of it. */
  readonly onHandedOver: () => void;
}

/** Tells our own receivers that what they refuse is tried again; they report other publishers' messages as lost. */
export const RETRY_HEADER = "micro-retry";
/** How many subscriptions took the message, in answers of our own receivers. */
export const TAKEN_HEADER = "micro-taken";

/** Idle connections are given up before receivers do it, who would else do it while a message is on its way. */
const IDLE_MS = 15_000;
const MAX_ANSWER = 16 * 1024;

/** Posts messages over connections that are kept (spec 5.3). */
export class Poster {
  readonly #options: PosterOptions;
  readonly #plain: http.Agent;
  readonly #secure: https.Agent;

  constructor(options: PosterOptions) {
    this.#options = options;
    const agent = { keepAlive: true, timeout: IDLE_MS, maxTotalSockets: options.maxConnections };
    this.#plain = new http.Agent(agent);
    this.#secure = new https.Agent({ ...agent, ...options.tls });
  }

  /** Never rejects. */
  post(post: Post): Promise<PostOutcome> {
    try {
      return this.#post(post);
    } catch (error) {
      // An address out of the registry may be anything.
      return Promise.resolve({ kind: "lost", error: MicroError.from(error, { id: BROKER_ERROR_ID }) });
    }
  }

  /** Closes idle connections. */
  close(): void {
    this.#plain.destroy();
    this.#secure.destroy();
  }

  #post({ target, payload, signal, onHandedOver }: Post): Promise<PostOutcome> {
    const { id, address, secure, dialect } = target;
    const { connectTimeout, deliveryTimeout } = this.#options;
    const { host, port } = parseAddress(address, "subscriber address");
    const request = (secure ? https : http).request({
      agent: secure ? this.#secure : this.#plain,
      host,
      port,
      method: "POST",
      path: `${dialect.path}?id=${encodeURIComponent(id)}`,
      headers: {
        "Content-Type": "application/json",
        "Content-Length": payload.byteLength,
        [RETRY_HEADER]: "1",
      },
    });
    const failed = (detail: string, cause?: unknown) => unavailable(`${id} at ${address}: ${detail}`, cause);
    return new Promise((resolve) => {
      let assigned = false;
      let connected = false;
      let timedOut = false;
      const bound = (ms: number, what: string): NodeJS.Timeout =>
        setTimeout(() => {
          timedOut = true;
          request.destroy(new Error(`${what} within ${ms} ms`));
        }, ms);
      let timer = bound(connectTimeout, "no connection");
      const onConnected = (): void => {
        connected = true;
        clearTimeout(timer);
        timer = bound(deliveryTimeout, "no answer");
      };
      const onAbort = (): void => void request.destroy(new Error("the broker stops"));
      request.once("socket", (socket) => {
        assigned = true;
        // Nothing of the message leaves before the connection stands.
        if (socket.connecting) socket.once(secure ? "secureConnect" : "connect", onConnected);
        else onConnected();
      });
      request.once("finish", onHandedOver);
      request.once("response", (response) => {
        readOutcome(response, failed).then(resolve, (cause: unknown) => {
          resolve({ kind: "lost", error: failed(String(cause), cause) });
        });
      });
      request.on("error", (cause) => {
        const error = failed(cause.message, cause);
        if (connected) resolve({ kind: "lost", error: timedOut ? timeout(error) : error });
        else resolve({ kind: "refused", error, unreachable: assigned });
      });
      request.once("close", () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
      });
      if (signal.aborted) onAbort();
      else signal.addEventListener("abort", onAbort, { once: true });
      request.end(payload);
    });
  }
}

async function readOutcome(
  response: http.IncomingMessage,
  failed: (detail: string) => MicroError,
): Promise<PostOutcome> {
  const { statusCode: status = 0, headers } = response;
  if (status >= 200 && status < 300) {
    // The verdict is in: how the rest of the answer ends changes nothing.
    response.on("error", () => undefined).resume();
    return { kind: headers[TAKEN_HEADER] === "0" ? "gone" : "taken" };
  }
  const chunks: Buffer[] = [];
  let size = 0;
  // The request's own deadline ends this too.
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    if (size <= MAX_ANSWER) chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString();
  const said = MicroError.parse(text);
  const error = failed(`answered ${status}: ${said.detail.trim().slice(0, 500)}`);
  const busy = said.code === "RESOURCE_EXHAUSTED" || said.code === "UNAVAILABLE";
  // Only our own receivers say so, and only when no handler ran.
  if (said.id === BROKER_ERROR_ID && busy) return { kind: "refused", error, unreachable: false };
  return { kind: "lost", error };
}

function unavailable(detail: string, cause?: unknown): MicroError {
  return brokerError("UNAVAILABLE", `subscription ${detail}`, { cause });
}

function timeout({ detail, cause }: MicroError): MicroError {
  return brokerError("TIMEOUT", detail, { cause });
}
