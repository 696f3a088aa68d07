import type { Http2Session, IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { Server, ServerInterceptingCallInterface, ServerInterceptor } from "@grpc/grpc-js";
import { keepWhileDraining } from "./draining-ping.ts";

/** A call as grpc-js hands it over before anything of it was read. */
export interface IncomingGrpcCall {
  /** Grpc-js's side of the call: framing, decompression, flow control, trailers. */
  readonly base: ServerInterceptingCallInterface;
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
}

type StreamHandler = (interceptors: unknown, stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

/** The one private member of grpc-js that is used here. */
interface Hooked {
  _streamHandler: StreamHandler;
}

/** The one registered method: every call is brought under its path. */
const ANY_PATH = "/micro/any";
const pass = (bytes: Buffer): Buffer => bytes;

/**
 * Takes every call of a grpc-js server, whatever its path and content type.
 *
 * Grpc-js routes by exact path only, and tells handlers neither the path of an unknown method nor the content type. Go
 * Micro routes by the last part of the path and chooses the codec by the content type (spec 2.1). So the headers are read
 * one step earlier, in `_streamHandler`, which grpc-js calls for each new stream (without channelz); it is then given
 * headers that lead to one registered method. The server's interceptor gets the call inside of that step and keeps it:
 * what grpc-js would do for its own handlers (an emitter and two streams per call) is never made. The version of grpc-js
 * is pinned, and a server without that member is refused at the start.
 */
export class CallIntake {
  /** For the options of the server. */
  readonly interceptor: ServerInterceptor;
  readonly #sessions = new WeakSet<Http2Session>();
  #current: { readonly stream: ServerHttp2Stream; readonly headers: IncomingHttpHeaders } | undefined;

  constructor(onCall: (call: IncomingGrpcCall) => void) {
    const take = (_method: unknown, base: ServerInterceptingCallInterface) => {
      const current = this.#current;
      const start = (): void => {
        if (current !== undefined) onCall({ base, ...current });
      };
      return { start };
    };
    // Grpc-js asks nothing but `start` of what stands for the call.
    this.interceptor = take as unknown as ServerInterceptor;
  }

  /** To be called before the server is given connections. */
  attach(server: Server): void {
    server.register(ANY_PATH, () => undefined, pass, pass, "bidi");
    const hooked = server as unknown as Hooked;
    const original: unknown = hooked._streamHandler;
    if (typeof original !== "function") {
      throw new TypeError("this version of @grpc/grpc-js is not the one that server-grpc was made for");
    }
    hooked._streamHandler = (interceptors, stream, headers) => {
      const { session } = stream;
      if (session !== undefined && !this.#sessions.has(session)) {
        this.#sessions.add(session);
        keepWhileDraining(session);
      }
      this.#current = { stream, headers };
      try {
        (original as StreamHandler).call(server, interceptors, stream, reduced(headers));
      } finally {
        this.#current = undefined;
      }
    };
  }
}

/** What grpc-js needs of the headers: deadlines and metadata are ours, and it would copy all of them. */
function reduced(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const encoding = headers["grpc-encoding"];
  const result: IncomingHttpHeaders = { ":path": ANY_PATH, "content-type": "application/grpc" };
  if (encoding !== undefined) result["grpc-encoding"] = encoding;
  return result;
}
