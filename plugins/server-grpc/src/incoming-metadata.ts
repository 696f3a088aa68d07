import { isUtf8 } from "node:buffer";
import type { IncomingHttpHeaders } from "node:http2";
import { Metadata } from "@micro/core";
import type { IncomingGrpcCall } from "./incoming.ts";

/** What belongs to the framing or to the deadline: handlers do not see it (spec 2.1). */
const OWN_KEYS: ReadonlySet<string> = new Set([
  ":method",
  ":path",
  ":scheme",
  "accept-encoding",
  "grpc-accept-encoding",
  "grpc-encoding",
  "grpc-timeout",
  "te",
  "timeout",
  "x-content-type",
]);

/** Handler metadata (spec 2.1): the headers, and both ends of the connection. Values of `-bin` keys are base64 texts. */
export function handlerMetadata({ headers, base }: IncomingGrpcCall): Metadata {
  const metadata = new Metadata();
  for (const key of Object.keys(headers)) {
    const value = headers[key];
    if (value === undefined || OWN_KEYS.has(key)) continue;
    metadata.setLower(key, readText(typeof value === "string" ? value : value.join(", ")));
  }
  const { localAddress, localPort } = base.getConnectionInfo();
  metadata.setLower("local", endpoint(localAddress, localPort));
  return metadata.setLower("remote", remoteOf(base));
}

const NOT_ASCII = /[\u0080-\uffff]/;

/** Node reads each byte as one character. Other bytes than ASCII are UTF-8, as Go writes it, where they can be. */
function readText(value: string): string {
  if (!NOT_ASCII.test(value)) return value;
  const bytes = Buffer.from(value, "latin1");
  return isUtf8(bytes) ? bytes.toString("utf8") : value;
}

/** Socket address of the peer. */
export function remoteOf(base: IncomingGrpcCall["base"]): string {
  const { remoteAddress, remotePort } = base.getConnectionInfo();
  return endpoint(remoteAddress, remotePort);
}

function endpoint(address: string | undefined, port: number | undefined): string {
  if (address === undefined) return "unknown";
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Bytes of a header block, as HTTP/2 counts them (RFC 9113, 6.5.2) without the 32 of each pair. */
export function sizeOfHeaders(headers: IncomingHttpHeaders): number {
  let size = 0;
  for (const key of Object.keys(headers)) size += key.length + (headers[key]?.length ?? 0);
  return size;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/**
 * The deadline of a call, in ms since the epoch: the earlier of `grpc-timeout` and Go Micro's `timeout` in nanoseconds
 * (spec 2.1). A `timeout` that is no number is ignored; undefined for a `grpc-timeout` that is none.
 */
export function deadlineOf(headers: IncomingHttpHeaders): number | undefined {
  const { "grpc-timeout": own, timeout } = headers;
  let ms = Infinity;
  if (own !== undefined) {
    const text = String(own);
    const unit = UNIT_MS[text.at(-1) ?? ""];
    if (unit === undefined || !/^\d{1,8}.$/.test(text)) return undefined;
    ms = Number(text.slice(0, -1)) * unit;
  }
  if (timeout !== undefined) {
    const given = Number(timeout) / 1e6;
    if (given > 0) ms = Math.min(ms, given);
  }
  return ms === Infinity ? Infinity : Date.now() + ms;
}
