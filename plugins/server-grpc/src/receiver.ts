import type { IncomingHttpHeaders } from "node:http2";
import { status } from "@grpc/grpc-js";
import type { Codecs } from "@micro/codec";
import { Deadlines, type Logger, MicroError } from "@micro/core";
import { ENCODINGS, wireTypes } from "@micro/grpc/internal";
import type { Dispatcher, RequestCodec, Route } from "@micro/server";
import type { BuiltIns } from "./built-in.ts";
import { isGrpc, wireTypeOf } from "./content-type.ts";
import { GrpcCall } from "./grpc-call.ts";
import { errorStatus, type GrpcStatus, plainStatus } from "./grpc-status.ts";
import { serveStream } from "./grpc-stream.ts";
import type { IncomingGrpcCall } from "./incoming.ts";
import { deadlineOf, sizeOfHeaders } from "./incoming-metadata.ts";
import { RawCall } from "./raw-call.ts";
import type { ReplyWriter } from "./reply-writer.ts";

/** What a {@link Receiver} works with. */
export interface ReceiverOptions {
  readonly service: string;
  readonly dispatcher: Dispatcher;
  readonly codecs: Codecs;
  readonly writer: ReplyWriter;
  readonly maxMetadataBytes: number;
  /** The standard services that are switched on. */
  readonly builtIns: BuiltIns;
  /** What reads and writes the protobuf messages of routes that no `.proto` file describes. */
  readonly derived: ReadonlyMap<Route, RequestCodec>;
  readonly logger: Logger;
}

const { INTERNAL, UNIMPLEMENTED } = status;
const PROTOBUF = wireTypes.proto.codecType;

/** Finds out what a call asks for. */
export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #waits = new Deadlines();

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  /** Never throws: it is called by the read loop of the connection. */
  receive(incoming: IncomingGrpcCall): void {
    try {
      this.#receive(incoming);
    } catch (error) {
      this.#options.logger.error("could not take a call", { error, path: incoming.headers[":path"] });
      incoming.stream.destroy();
    }
  }

  #receive(incoming: IncomingGrpcCall): void {
    const { headers } = incoming;
    const { service, dispatcher, codecs, derived, writer, maxMetadataBytes } = this.#options;
    const contentType = headers["content-type"] ?? "";
    if (!isGrpc(contentType)) {
      incoming.stream.respond({ ":status": 415 }, { endStream: true });
      return;
    }
    if (headers[":method"] !== "POST") {
      incoming.stream.respond({ ":status": 405, allow: "POST" }, { endStream: true });
      return;
    }
    const type = wireTypeOf(contentType);
    const codec = type === undefined ? undefined : codecs.find(type.codecType);
    const path = headers[":path"] ?? "";
    const builtIn = this.#options.builtIns.get(path);
    if (builtIn !== undefined && type?.codecType === PROTOBUF) {
      new RawCall(incoming, builtIn.handler(), type.contentType);
      return;
    }
    const framing = { contentType: type?.contentType ?? "application/grpc" };
    if (type === undefined || codec === undefined) {
      refuse(incoming, errorStatus(this.#unsupported(contentType), { ...framing, asked: headers }));
      return;
    }
    const encoding = headers["grpc-encoding"] ?? "identity";
    if (!ENCODINGS.has(String(encoding))) {
      // Grpc-js would hand over the message as it is.
      const text = `grpc-encoding '${String(encoding).slice(0, 40)}' is not known: use ${[...ENCODINGS].join(", ")}`;
      refuse(incoming, plainStatus(UNIMPLEMENTED, text, framing));
      return;
    }
    if (sizeOfHeaders(headers) > maxMetadataBytes) {
      const detail = `the metadata is larger than server.max_metadata_size (${maxMetadataBytes} bytes)`;
      const error = new MicroError({ id: service, code: "RESOURCE_EXHAUSTED", detail });
      refuse(incoming, errorStatus(error, { ...framing, asked: headers }));
      return;
    }
    const route = routeOf(path, dispatcher);
    if (typeof route === "string") {
      refuse(incoming, plainStatus(UNIMPLEMENTED, route, framing));
      return;
    }
    const deadline = deadlineOf(headers);
    if (deadline === undefined) {
      refuse(incoming, plainStatus(INTERNAL, `grpc-timeout '${timeoutOf(headers)}' is none`, framing));
      return;
    }
    const own = type.codecType === PROTOBUF ? derived.get(route) : undefined;
    const waits = this.#waits;
    const options = { dispatcher, route, codec: own ?? codec, service, deadline, waits, writer, ...framing };
    if (route.kind === "unary") {
      new GrpcCall(incoming, options);
      return;
    }
    const refusal = dispatcher.refusal();
    if (refusal === undefined) void serveStream(incoming, options);
    else
      refuse(
        incoming,
        errorStatus(dispatcher.refusalError(refusal), { ...framing, refusal, asked: headers }),
      );
  }

  /** Spec 2.1: a sub-type that is not known is an Internal error of `go.micro.server`. */
  #unsupported(contentType: string): MicroError {
    const known = this.#options.codecs.contentTypes.join(", ") || "none";
    return new MicroError({
      id: "go.micro.server",
      code: "INTERNAL",
      detail: `no codec for content type '${contentType}': this server has codecs for ${known}`,
    });
  }
}

/** Answers a call of which nothing is read. */
export function refuse({ base }: IncomingGrpcCall, last: GrpcStatus): void {
  base.start({
    onReceiveMetadata: () => base.sendStatus(last),
    onReceiveMessage: () => undefined,
    onReceiveHalfClose: () => undefined,
    onCancel: () => undefined,
  });
}

/**
 * The route of a path, or why there is none, in Go's words. What stands before the last dot of the service is ignored:
 * clients of any package reach the handler (spec 2.1).
 */
function routeOf(path: string, dispatcher: Dispatcher): Route | string {
  const slash = path.lastIndexOf("/");
  if (slash < 1 || path.charCodeAt(0) !== 47) return `malformed method name: ${JSON.stringify(path)}`;
  const method = path.slice(slash + 1);
  const service = path.slice(1, slash);
  const type = service.slice(service.lastIndexOf(".") + 1);
  const route = dispatcher.route(`${type}.${method}`);
  if (!MicroError.is(route)) return route;
  for (const { endpoint } of dispatcher.routes) {
    if (endpoint.startsWith(`${type}.`)) return `unknown service ${type}.${method}`;
  }
  return `unknown service ${type}`;
}

function timeoutOf(headers: IncomingHttpHeaders): string {
  return String(headers["grpc-timeout"]).slice(0, 20);
}
