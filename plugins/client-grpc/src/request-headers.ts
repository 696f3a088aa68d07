import type { OutgoingHttpHeaders } from "node:http2";
import { Metadata as GrpcMetadata, type MetadataValue } from "@grpc/grpc-js";
import { type AttemptRequest, type ClientCall, clientError } from "@micro/client";
import { Metadata } from "@micro/core";
import { ACCEPT_ENCODING, OWN_KEYS, toHeaderValue } from "@micro/grpc/internal";

/** Keys of requests that the wire writes itself: what a caller's metadata says there is left out (spec 2.1). */
const REQUEST_KEYS: ReadonlySet<string> = new Set([
  ...OWN_KEYS,
  "accept-encoding",
  "connection",
  "content-length",
  "content-type",
  "host",
  "local",
  "remote",
  "timeout",
  "transfer-encoding",
  "user-agent",
]);

const LEGAL_KEY = /^[0-9a-z_.-]+$/;
/** Control characters, which no header can carry. */
const ILLEGAL_VALUE = /\p{Cc}/u;

/**
 * The headers as Node is given them. Grpc-js writes `application/grpc` over the content type of every call, whatever its
 * messages are; that assignment ends in the setter. The true one stands under another spelling, which Node brings into
 * lower case like all names. (A property that cannot be overwritten would do too, but makes the object ten times slower.)
 */
class HeaderFields {
  [name: string]: string;
  declare "content-type": string;

  constructor(contentType: string) {
    // Go's client says it again as `x-content-type`, which is only read where this one is missing (spec 2.1).
    this["Content-Type"] = contentType;
    this["grpc-accept-encoding"] = ACCEPT_ENCODING;
  }
}
Object.defineProperty(HeaderFields.prototype, "content-type", {
  set: (_grpcs: string) => {
    // Whatever it is, it is the same for all messages.
  },
});

/**
 * The headers of one call. It stands where grpc-js expects metadata, which it would copy pair by pair several times:
 * these pairs are made once, when the stream is opened.
 */
export class RequestHeaders extends GrpcMetadata {
  readonly #contentType: string;
  readonly #attemptDeadline: number;
  readonly #metadata: Metadata;
  #encoding: MetadataValue | undefined = undefined;

  /** Throws a MicroError `BAD_REQUEST` that was not sent, for metadata that HTTP/2 cannot carry. */
  constructor(
    { call, attemptDeadline }: Pick<AttemptRequest, "call" | "attemptDeadline">,
    contentType: string,
  ) {
    super();
    this.#contentType = contentType;
    this.#attemptDeadline = attemptDeadline;
    this.#metadata = userMetadata(call);
  }

  override clone(): GrpcMetadata {
    return this;
  }

  /** Grpc-js's compression filter says here what it does to the messages. */
  override set(key: string, value: MetadataValue): void {
    if (key === "grpc-encoding") this.#encoding = value;
  }

  override toHttp2Headers(): OutgoingHttpHeaders {
    const headers = new HeaderFields(this.#contentType);
    if (this.#encoding !== undefined) headers["grpc-encoding"] = String(this.#encoding);
    if (this.#attemptDeadline !== Infinity) {
      const ms = Math.max(1, Math.ceil(this.#attemptDeadline - Date.now()));
      headers["grpc-timeout"] = ms < 1e8 ? `${ms}m` : `${Math.min(99_999_999, Math.ceil(ms / 1000))}S`;
      // Nanoseconds, in whole milliseconds: the zeros are written, not computed, as the number leaves 2^53 soon.
      headers.timeout = `${ms}000000`;
    }
    const metadata = this.#metadata;
    for (let at = 0; at < metadata.size; at++) headers[metadata.keyAt(at)] = metadata.valueAt(at);
    return headers;
  }
}

function userMetadata(call: ClientCall): Metadata {
  const metadata = new Metadata();
  call.writeMetadata(metadata, REQUEST_KEYS);
  for (let at = metadata.size - 1; at >= 0; at--) {
    const key = metadata.keyAt(at);
    const value = metadata.valueAt(at);
    if (key.startsWith(":") || key.startsWith("grpc-")) metadata.delete(key);
    else if (!LEGAL_KEY.test(key) || ILLEGAL_VALUE.test(value)) throw illegal(call, key);
    else {
      const written = toHeaderValue(value);
      if (written !== value) metadata.setLower(key, written);
    }
  }
  return metadata;
}

function illegal(call: ClientCall, key: string): Error {
  return clientError(
    "BAD_REQUEST",
    `${call.label}: metadata '${key}' cannot be sent by gRPC: keys are letters, digits, '-', '_' and '.', values have no control characters; put others as base64 under a key that ends in '-bin'`,
    { notSent: true },
  );
}

const paths = new WeakMap<ClientCall["shape"], string>();

/** The path of a call: the full name of a contract with a `.proto` file, else Go Micro's mapping (spec 2.1). */
export function pathOf({ shape }: ClientCall): string {
  const known = paths.get(shape);
  if (known !== undefined) return known;
  const path = makePath(shape);
  paths.set(shape, path);
  return path;
}

function makePath({ service, endpoint, typeName }: ClientCall["shape"]): string {
  if (endpoint.startsWith("/")) return endpoint;
  const parts = endpoint.split(".");
  // Go sends it as it is; Node refuses a path that does not begin with a slash, so the server may say that it is none.
  if (parts.length !== 2) return `/${endpoint}`;
  const [type = "", method = ""] = parts;
  if (typeName !== undefined) return `/${typeName}/${method}`;
  return service === "" ? `/${type}/${method}` : `/${service}.${type}/${method}`;
}
