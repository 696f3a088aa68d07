import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import type { TlsOptions } from "node:tls";
import {
  BROKER_ERROR_ID,
  type BrokerEvent,
  brokerError,
  type DeliveryReport,
  decodeMessage,
  endsWithin,
  type MessageLimit,
  maxJsonBytes,
  messageSize,
  type Outcome,
  type Subscriber,
} from "@micro/broker";
import { type HostPort, type Logger, MicroError, reachableAddress } from "@micro/core";
import type { Dialect } from "./dialects.ts";
import { RETRY_HEADER, TAKEN_HEADER } from "./poster.ts";

/** What a {@link Receiver} is made of. */
export interface ReceiverOptions {
  readonly dialects: readonly Dialect[];
  readonly listen: HostPort;
  readonly advertise: HostPort | undefined;
  readonly tls: TlsOptions | undefined;
  readonly limit: MessageLimit;
  readonly maxConnections: number;
  /** Longest TLS handshake, in ms: one that never ends takes a connection away. */
  readonly handshakeTimeout: number;
  readonly report: DeliveryReport;
  readonly logger: Logger;
}

/** Longest time in which a message must have come in, in ms. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Publishers of ours give idle connections up long before. */
const KEEP_ALIVE_MS = 75_000;
/** Of the buffer of a message. */
const FIRST_BYTES = 4 * 1024;

/** The server that messages are posted to, in every dialect at once. It listens from the first use on. */
export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #server: http.Server;
  readonly #subscribers = new Map<string, Subscriber>();
  #listening: Promise<string> | undefined;
  #closing = false;

  constructor(options: ReceiverOptions) {
    this.#options = options;
    const { tls, maxConnections, handshakeTimeout } = options;
    const limits = {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: 10_000,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: 5000,
    };
    const onRequest = (request: http.IncomingMessage, response: http.ServerResponse): void => {
      // Connections that were busy when the end began are closed one by one.
      response.once("close", () => {
        if (this.#closing) this.#server.closeIdleConnections();
      });
      // It answers every failure itself.
      void this.#answer(request, response);
    };
    this.#server =
      tls === undefined
        ? http.createServer(limits, onRequest)
        : https.createServer({ ...limits, handshakeTimeout, ...tls }, onRequest);
    this.#server.maxConnections = maxConnections;
  }

  get secure(): boolean {
    return this.#options.tls !== undefined;
  }

  /** Listens, when it does not yet; resolves with the address to register. Rejects with `UNAVAILABLE`. */
  listen(): Promise<string> {
    this.#listening ??= this.#listen().catch((error: unknown) => {
      this.#listening = undefined;
      throw error;
    });
    return this.#listening;
  }

  /** Messages to `id` go to `subscriber` from now on. */
  add(id: string, subscriber: Subscriber): void {
    this.#subscribers.set(id, subscriber);
    this.#server.ref();
  }

  remove(id: string): void {
    this.#subscribers.delete(id);
    // A server that nobody can post to keeps no process alive.
    if (this.#subscribers.size === 0) this.#server.unref();
  }

  /** Stops listening; answers that are under way get `timeoutMs`. */
  async close(timeoutMs: number): Promise<void> {
    this.#closing = true;
    this.#subscribers.clear();
    await this.#listening?.catch(() => undefined);
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeIdleConnections();
    if (await endsWithin(closed, { timeoutMs })) return;
    this.#server.closeAllConnections();
    await closed;
  }

  async #listen(): Promise<string> {
    const { listen, advertise, logger } = this.#options;
    const { host, port } = listen;
    const server = this.#server;
    await new Promise<void>((resolve, reject) => {
      const onError = (cause: Error): void =>
        reject(brokerError("UNAVAILABLE", `cannot listen on broker.addresses: ${cause.message}`, { cause }));
      server.once("error", onError);
      server.listen({ port, ...(host === "" ? {} : { host }) }, () => {
        server.off("error", onError);
        resolve();
      });
    });
    server.on("error", (error) => logger.error("the server of the http broker failed", { error }));
    if (this.#subscribers.size === 0) server.unref();
    const bound = server.address() as AddressInfo;
    return reachableAddress({ host, port: bound.port }, advertise);
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    try {
      await this.#receive(request, response);
    } catch (error) {
      const { code, detail } = MicroError.from(error);
      // Go says 500 to all that is wrong with a message (spec 5.3).
      if (code === "RESOURCE_EXHAUSTED") refuse(response, 413, tooLarge(detail));
      else refuse(response, 500, brokerError("INTERNAL", detail));
    }
  }

  async #receive(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const url = request.url ?? "/";
    const [path = "/", query] = url.split("?", 2);
    if (request.method !== "POST") {
      const error = brokerError("METHOD_NOT_ALLOWED", "only POST is allowed");
      return refuse(response.setHeader("Allow", "POST"), 405, error);
    }
    const dialect = this.#options.dialects.find((each) => each.path === path);
    if (dialect === undefined) {
      return refuse(response, 404, brokerError("NOT_FOUND", `messages are posted to ${this.#paths()}`));
    }
    const { limit } = this.#options;
    const body = await readBody(request, response, maxJsonBytes(limit));
    if (body === undefined) return;
    const message = decodeMessage(body, limit);
    const topic = message.header.get(dialect.topicHeader);
    if (topic === undefined || topic === "") {
      throw brokerError(
        "INTERNAL",
        `the message has no topic: its header '${dialect.topicHeader}' is missing`,
      );
    }
    // Go's plugin puts it in for the way only (spec 5.4).
    if (dialect.topicHeader.startsWith(":")) message.header.delete(dialect.topicHeader);
    const id = new URLSearchParams(query).get("id") ?? "";
    this.#hand({ topic, message }, { id, retried: request.headers[RETRY_HEADER] !== undefined, response });
  }

  #hand(
    event: BrokerEvent,
    { id, retried, response }: { id: string; retried: boolean; response: http.ServerResponse },
  ): void {
    const subscriber = this.#subscribers.get(id);
    if (subscriber === undefined || subscriber.topic !== event.topic) {
      accept(response, 0);
      return;
    }
    const bytes = messageSize(event.message);
    const done = (outcome: Outcome): void => {
      if (outcome === "handled") {
        accept(response, 1);
        return;
      }
      if (!retried) subscriber.leave(event);
      const detail = `the subscription of '${event.topic}' ends`;
      refuse(response, 503, brokerError("UNAVAILABLE", detail));
    };
    if (subscriber.offer({ event, bytes, done })) return;
    // Publishers of ours try again and report in the end; Go's do not look at the answer (spec 5.3).
    if (!retried) subscriber.refuse(event);
    refuse(response, 429, subscriber.noRoom());
  }

  #paths(): string {
    return this.#options.dialects.map(({ path }) => `'${path}'`).join(" or ");
  }
}

/** Success is 200 without a body (spec 5.3); the header is for publishers of ours. */
function accept(response: http.ServerResponse, taken: number): void {
  if (response.destroyed) return;
  response.writeHead(200, { "Content-Length": 0, [TAKEN_HEADER]: String(taken) }).end();
}

/** Not 429: the same message would be refused again. */
function tooLarge(detail: string): MicroError {
  return new MicroError({
    id: BROKER_ERROR_ID,
    code: "RESOURCE_EXHAUSTED",
    httpCode: 413,
    status: "Request Entity Too Large",
    detail,
  });
}

/** The error JSON of Go (spec 1.11) with its id `go.micro.broker`. */
function refuse(response: http.ServerResponse, status: number, error: MicroError): void {
  if (response.headersSent || response.destroyed) return;
  const body = Buffer.from(JSON.stringify(error));
  // What of the request was not read would be taken for the next one.
  const close = response.req.complete ? {} : { Connection: "close" };
  response
    .writeHead(status, { "Content-Type": "application/json", "Content-Length": body.byteLength, ...close })
    .end(body);
}

/** Undefined when the publisher broke off, or was told that it is too much. */
async function readBody(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  const tooMuch = (): void => {
    const detail = `the message is larger than the option 'max_message_size' of the receiving broker allows (${maxBytes} bytes of JSON)`;
    refuse(response, 413, tooLarge(detail));
    // The rest is not worth reading; the answer still gets out.
    request.resume();
  };
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) {
    tooMuch();
    return undefined;
  }
  // One buffer that grows: a publisher may send its message byte by byte, and each chunk costs as much as a hundred.
  let body = Buffer.alloc(0);
  let size = 0;
  return new Promise((resolve) => {
    request.on("data", (chunk: Buffer) => {
      const at = size;
      size += chunk.byteLength;
      if (size <= maxBytes) {
        if (size > body.byteLength)
          body = grown(body, { at, to: Math.min(maxBytes, Math.max(FIRST_BYTES, 2 * size)) });
        chunk.copy(body, at);
      } else if (at <= maxBytes) {
        body = Buffer.alloc(0);
        tooMuch();
        resolve(undefined);
      }
    });
    request.once("end", () => resolve(size > maxBytes ? undefined : body.subarray(0, size)));
    request.on("error", () => resolve(undefined));
    request.once("close", () => resolve(undefined));
  });
}

/** A buffer of `to` bytes that begins with the first `at` ones of `body`. */
function grown(body: Buffer, { at, to }: { readonly at: number; readonly to: number }): Buffer<ArrayBuffer> {
  const larger = Buffer.allocUnsafeSlow(to);
  body.copy(larger, 0, 0, at);
  return larger;
}
