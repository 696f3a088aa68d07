import {
  type Codec,
  type Codecs,
  type EnvelopeCodec,
  hasEnvelope,
  LEGACY_ENVELOPES,
  type Wrapped,
} from "@micro/codec";
import { type Logger, Metadata, MicroError } from "@micro/core";
import {
  decodeRequest,
  notUnary,
  type Route,
  type RunningCore,
  type Server,
  type ServerListener,
  type ServerWire,
} from "@micro/server";
import type { IncomingExchange, Transport } from "@micro/transport";
import { DEBUG_HEALTH, healthReply, healthRoute } from "./debug-health.ts";
import { handlerMetadata, RpcCall, type RpcCallOptions } from "./rpc-call.ts";
import { CallEnvelope, isLegacy } from "./rpc-envelope.ts";
import { deadlineOf, EMPTY, errorHeader, replyBase, replyHeader } from "./rpc-replies.ts";
import { refuseStream, serveStream } from "./rpc-stream.ts";

/** What {@link rpcWire} is made of. */
export interface RpcWireOptions {
  readonly service: string;
  readonly transport: Transport;
  readonly codecs: Codecs;
  readonly logger: Logger;
  /** How the server is now. */
  readonly state: () => Server["health"]["state"];
}

/** Content type of a request that names none (spec 1.3). */
const DEFAULT_CONTENT_TYPE = "application/protobuf";
/** Of a method that an envelope names. */
const MAX_METHOD_LENGTH = 1024;

/** The wire of Go Micro's rpc server (spec 1.2 to 1.12). */
export function rpcWire(options: RpcWireOptions): ServerWire {
  const { transport } = options;
  return {
    protocol: "mucp",
    metadata: transport.metadata,
    addressing: transport.addressing,
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

/** A call whose envelope is still to be opened. */
interface WrappedCall {
  readonly codec: EnvelopeCodec;
  readonly contentType: string;
  /** Empty when the header names none. */
  readonly endpoint: string;
}

/** What a first message asks for. */
interface FoundCall {
  readonly codec: Codec;
  readonly contentType: string;
  readonly endpoint: string;
  /** Without its envelope. */
  readonly body: Uint8Array;
  readonly envelope: CallEnvelope | undefined;
}

/** What calls of one endpoint in one content type share. */
interface PlainCall extends RpcCallOptions {
  readonly route: Route;
}

/** Reads what a first message asks for. */
class Receiver {
  readonly #options: RpcWireOptions;
  readonly #core: RunningCore;
  /** The envelopes of requests in Go's old protocol, by the content type they give. */
  readonly #legacy: ReadonlyMap<string, EnvelopeCodec>;
  /** Of the last call that came without an envelope: the next one is mostly the same but for its message. */
  #last: PlainCall | undefined;

  constructor(options: RpcWireOptions, core: RunningCore) {
    this.#options = options;
    this.#core = core;
    this.#legacy = legacyEnvelopes(options.codecs);
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
    const { header, body } = exchange.first;
    // Each stands for the other when one is missing (spec 1.3).
    const endpoint = header.get("micro-endpoint") || header.get("micro-method") || "";
    if (hasEnvelope(codec)) this.#wrapped(exchange, { codec, contentType, endpoint });
    else {
      const legacy = this.#legacy.get(contentType);
      if (legacy !== undefined && isLegacy(header, endpoint)) {
        this.#wrapped(exchange, { codec: legacy, contentType, endpoint });
      } else this.#start(exchange, { codec, contentType, endpoint, body, envelope: undefined });
    }
  }

  /** A call in an envelope: the method is in there too, but the header counts (spec 1.6). */
  #wrapped(exchange: IncomingExchange, { codec, contentType, endpoint }: WrappedCall): void {
    const { envelope: format } = codec;
    const { header, body } = exchange.first;
    // The first frame of a stream only starts the handler: Go sends it without a body when there is nothing to say.
    const opens = body.length === 0 && header.get("micro-stream") !== undefined && endpoint !== "";
    let request: Wrapped | undefined;
    let problem: MicroError | undefined;
    try {
      if (!opens) request = checkedMethod(format.unwrap(body, "request"), contentType);
    } catch (error) {
      problem = MicroError.from(error);
    }
    const said = request ?? { method: endpoint, id: header.get("micro-id") ?? "" };
    const envelope = new CallEnvelope(format, said);
    const call = { codec, contentType, endpoint: endpoint || (request?.method ?? ""), envelope };
    if (problem === undefined) this.#start(exchange, { ...call, body: request?.payload ?? EMPTY });
    else this.#refuse(exchange, call, this.#unreadable(call, problem));
  }

  /** Where a plain type was only taken for an envelope, nothing said what to call (spec 1.8). */
  #unreadable({ codec, contentType, endpoint }: WrappedCall, problem: MicroError): MicroError {
    const route = this.#core.dispatcher.route(endpoint);
    if (!(contentType in codec.envelope.payloads) && MicroError.is(route)) return route;
    const { code, detail } = problem;
    return new MicroError({ id: this.#options.service, code, detail, cause: problem });
  }

  #start(exchange: IncomingExchange, found: FoundCall): void {
    const { service, logger } = this.#options;
    const { dispatcher } = this.#core;
    const { codec, endpoint, body } = found;
    const route = dispatcher.route(endpoint);
    if (MicroError.is(route)) {
      if (!this.#answered(exchange, found)) this.#refuse(exchange, found, route);
      return;
    }
    if (exchange.first.header.get("micro-stream")) {
      void serveStream(exchange, route, { ...found, service, logger, dispatcher });
      return;
    }
    const call = new RpcCall(exchange, this.#shared(found, route));
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

  #shared({ codec, contentType, envelope }: FoundCall, route: Route): RpcCallOptions {
    const { service, logger } = this.#options;
    if (envelope !== undefined) return { codec, contentType, envelope, service, logger, route };
    const last = this.#last;
    if (last !== undefined && last.route === route && last.contentType === contentType) return last;
    this.#last = { codec, contentType, base: replyBase(contentType), envelope, service, logger, route };
    return this.#last;
  }

  /** Health is told past limits and middleware, as over gRPC, and to whoever asks: it runs no handler of the service. */
  #answered(exchange: IncomingExchange, found: FoundCall): boolean {
    if (found.endpoint !== DEBUG_HEALTH || exchange.first.header.get("micro-stream")) return false;
    const { service, logger, state } = this.#options;
    const call = new RpcCall(exchange, { ...found, service, logger, route: healthRoute(service) });
    call.reply(healthReply(state()));
    return true;
  }

  #refuse(exchange: IncomingExchange, found: Omit<FoundCall, "body">, error: MicroError): void {
    const { service, logger } = this.#options;
    const options = { ...found, service, logger, route: undefined };
    if (exchange.first.header.get("micro-stream")) refuseStream(exchange, error, options);
    else new RpcCall(exchange, options).fail(error);
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
    const { dispatcher, subscriptions } = this.#core;
    const refusal = dispatcher.refusal();
    let header = replyHeader(contentType, id);
    try {
      if (refusal !== undefined) throw dispatcher.refusalError(refusal);
      const message = { header: new Metadata(first.header), body: first.body };
      const deadline = deadlineOf(first.header.get("timeout"));
      const origin = { metadata: handlerMetadata(exchange), deadline, remote };
      const taken = await subscriptions.deliver(topic, message, origin);
      if (!taken) logger.debug("an event has no subscriber", { topic, remote });
    } catch (error) {
      header = errorHeader(MicroError.from(error, { id: service }), { contentType, id, refusal });
    }
    try {
      exchange.reply({ header, body: EMPTY });
    } catch (error) {
      logger.warn("could not answer an event", { error, topic, remote });
    }
  }
}

/** An error names the method in a header, which has less room than a body. */
function checkedMethod(request: Wrapped, contentType: string): Wrapped {
  const { length } = request.method;
  if (length <= MAX_METHOD_LENGTH) return request;
  const detail = `${contentType} body: its method has ${length} characters, more than ${MAX_METHOD_LENGTH}`;
  throw new MicroError({ code: "BAD_REQUEST", detail });
}

function legacyEnvelopes(codecs: Codecs): ReadonlyMap<string, EnvelopeCodec> {
  const found = new Map<string, EnvelopeCodec>();
  for (const [contentType, envelope] of LEGACY_ENVELOPES) {
    const codec = codecs.find(envelope);
    if (codec !== undefined && hasEnvelope(codec)) found.set(contentType, codec);
  }
  return found;
}
