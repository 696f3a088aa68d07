import type { OutgoingHttpHeaders } from "node:http2";
import { Metadata } from "@grpc/grpc-js";

/**
 * Headers that are written as they are. Grpc-js copies and checks every pair of a plain `Metadata` several times per
 * call; these were checked when they were made.
 */
export class ReadyHeaders extends Metadata {
  readonly #headers: OutgoingHttpHeaders;

  constructor(headers: OutgoingHttpHeaders) {
    super();
    this.#headers = headers;
  }

  override clone(): Metadata {
    return this;
  }

  override toHttp2Headers(): OutgoingHttpHeaders {
    return this.#headers;
  }
}
