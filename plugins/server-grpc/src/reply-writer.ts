import type { IncomingHttpHeaders } from "node:http2";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { ServerInterceptingCallInterface } from "@grpc/grpc-js";
import { asBuffer } from "@micro/codec";
import { type Metadata, MicroError } from "@micro/core";
import { ACCEPT_ENCODING, frame } from "@micro/grpc/internal";
import { ReadyHeaders } from "./http2-headers.ts";
import { outgoingFields } from "./outgoing-metadata.ts";

/** What a {@link ReplyWriter} is made of. */
export interface ReplyWriterOptions {
  readonly service: string;
  /** Largest reply before compression. */
  readonly maxBytes: number;
  /** Compress for clients that can read it. */
  readonly gzip: boolean;
}

const compress = promisify(gzip);
/** Below it the frame of gzip costs more than it saves. */
const WORTH_COMPRESSING = 1024;

/** How the messages of all calls are written. */
export class ReplyWriter {
  readonly #options: ReplyWriterOptions;
  readonly #headers = new Map<string, ReadyHeaders>();

  constructor(options: ReplyWriterOptions) {
    this.#options = options;
  }

  /** The message as grpc-js takes it. Throws a MicroError `RESOURCE_EXHAUSTED` for one that is too large. */
  checked(body: Uint8Array): Buffer {
    const { maxBytes, service } = this.#options;
    if (body.length <= maxBytes) return asBuffer(body);
    throw new MicroError({
      id: service,
      code: "RESOURCE_EXHAUSTED",
      detail: `a message of ${body.length} bytes is larger than server.max_send_message_size (${maxBytes})`,
    });
  }

  /** Writes the headers of a reply. True when its messages must go through {@link ReplyWriter.packed}. */
  begin(
    base: ServerInterceptingCallInterface,
    {
      contentType,
      asked,
      said,
    }: {
      readonly contentType: string;
      readonly asked: IncomingHttpHeaders;
      /** What the handler said. */
      readonly said: Metadata | undefined;
    },
  ): boolean {
    const packs = this.#options.gzip && acceptsGzip(asked);
    const encoding = packs ? "gzip" : "identity";
    const key = `${contentType} ${encoding}`;
    let headers = this.#headers.get(key);
    if (headers === undefined) {
      // The same few for all calls: content types are those of a closed list.
      headers = new ReadyHeaders({
        "content-type": contentType,
        "grpc-encoding": encoding,
        "grpc-accept-encoding": ACCEPT_ENCODING,
      });
      this.#headers.set(key, headers);
    }
    if (packs) writesFrames(base);
    base.sendMetadata(
      said === undefined
        ? headers
        : new ReadyHeaders({ ...outgoingFields(said), ...headers.toHttp2Headers() }),
    );
    return packs;
  }

  /** The whole frame of a message, compressed when that is worth it. */
  async packed(body: Buffer): Promise<Buffer> {
    const worth = body.length >= WORTH_COMPRESSING;
    const content = worth ? await compress(body) : body;
    return frame(content, worth ? 1 : 0);
  }
}

function acceptsGzip(headers: IncomingHttpHeaders): boolean {
  return String(headers["grpc-accept-encoding"] ?? "")
    .split(",")
    .some((name) => name.trim() === "gzip");
}

/**
 * Grpc-js servers cannot compress: they put an uncompressed frame around each message in `serializeMessage`. A call that
 * compresses makes its frames itself.
 */
function writesFrames(base: ServerInterceptingCallInterface): void {
  const hooked = base as unknown as { serializeMessage: (framed: Buffer) => Buffer };
  hooked.serializeMessage = (framed) => framed;
}
