import type { Codec, Codecs } from "@micro/codec";
import { type Logger, Metadata, MicroError } from "@micro/core";
import {
  decodeRequest,
  notUnary,
  type RunningCore,
  type ServerListener,
  type ServerWire,
} from "@micro/server";
import type { IncomingExchange, Transport } from "@micro/transport";
import { handlerMetadata, RpcCall } from "./rpc-call.ts";
import { EMPTY, errorHeader, replyHeader } from "./rpc-replies.ts";
import { refuseStream, serveStream } from "./rpc-stream.ts";

/** What {@link rpcWire} is made of. */
export interface RpcWireOptions {
  readonly service: string;
  readonly transport: Transport;
  readonly codecs: Codecs;
  readonly logger: Logger;
}

/** Content type of a request that names none (spec 1.3). */
const DEFAULT_CONTENT_TYPE = "application/protobuf";

/** The wire of Go Micro's rpc server (spec 1.2 to 1.12). */
export function rpcWire(options: RpcWireOptions): ServerWire {
  const { transport } = options;
  return {
    protocol: "mucp",
    metadata: transport.metadata,
    listen: (address, core): Promise<ServerListener> => {
      const receiver = new Receiver(options, core);
      return transport
        .listen(address, (exchange) => receiver.receive(exchange))
        .then((listener) => ({
          address: listener.address,
          drain: () => listener.drain(),
          close: (closing) => listener.close(closing),
        }));
    },
  };
}

/** Reads what a first message asks for. */
class Receiver {
  readonly #options: RpcWireOptions;
  readonly #core: RunningCore;

  constructor(options: RpcWireOptions, core: RunningCore) {
    this.#options = options;
    this.#core = core;
  }

  /** Never throws: it is called by the transport's read loop. */
  receive(exchange: IncomingExchange): void {
    const { codecs } = this.#options;
    const { header } = exchange.first;
    const contentType = header.get("content-type") || DEFAULT_CONTENT_TYPE;
    const codec = codecs.find(contentType);
    try {
      if (codec === undefined) this.#unsupported(exchange, contentType);
      else if (header.get("micro-topic")) void this.#event(exchange, contentType);
      else this.#call(exchange, codec, contentType);
    } catch (error) {
      this.#options.logger.error("could not take a request", { error, remote: exchange.remote });
    }
  }

  #call(exchange: IncomingExchange, codec: Codec, contentType: string): void {
    const { service, logger } = this.#options;
    const { dispatcher } = this.#core;
    const { header, body } = exchange.first;
    // Each stands for the other when one is missing (spec 1.3).
    const route = dispatcher.route(header.get("micro-endpoint") || header.get("micro-method") || "");
    const options = { codec, contentType, service, logger };
    if (header.get("micro-stream")) {
      const refusal = dispatcher.refusal();
      if (MicroError.is(route)) refuseStream(exchange, route, options);
      else if (refusal === undefined) void serveStream(exchange, route, { ...options, dispatcher });
      else refuseStream(exchange, dispatcher.refusalError(refusal), { ...options, refusal });
      return;
    }
    const call = new RpcCall(exchange, { ...options, route: MicroError.is(route) ? undefined : route });
    if (MicroError.is(route)) {
      call.fail(route);
      return;
    }
    if (route.kind !== "unary") {
      call.fail(notUnary(route));
      return;
    }
    let message: unknown;
    try {
      message = decodeRequest(codec, body, route);
    } catch (error) {
      call.fail(MicroError.from(error, { id: service }));
      return;
    }
    dispatcher.unary(route, call, message);
  }

  /** A 200 in plain text and without Micro-Error, as Go says it (spec 1.11). */
  #unsupported(exchange: IncomingExchange, contentType: string): void {
    const id = exchange.first.header.get("micro-id") ?? "";
    const body = Buffer.from(`Unsupported Content-Type: ${contentType}`);
    exchange.reply({ header: replyHeader("text/plain", id), body });
  }

  /** An event over the rpc transport: answered without a body when all subscribers have had it (spec 1.10). */
  async #event(exchange: IncomingExchange, contentType: string): Promise<void> {
    const { service, logger } = this.#options;
    const { first, remote } = exchange;
    const topic = first.header.get("micro-topic") ?? "";
    const id = first.header.get("micro-id") ?? "";
    let header = replyHeader(contentType, id);
    try {
      const message = { header: new Metadata(first.header), body: first.body };
      const origin = { metadata: handlerMetadata(exchange), deadline: Infinity, remote };
      const taken = await this.#core.subscriptions.deliver(topic, message, origin);
      if (!taken) logger.debug("an event has no subscriber", { topic, remote });
    } catch (error) {
      header = errorHeader(MicroError.from(error, { id: service }), { contentType, id });
    }
    try {
      exchange.reply({ header, body: EMPTY });
    } catch (error) {
      logger.warn("could not answer an event", { error, topic, remote });
    }
  }
}
