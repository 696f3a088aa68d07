import { deflateSync, inflateSync } from "node:zlib";
import { MicroError } from "@micro/core";
import { parseEndpoints, parseMetadata, type ServiceRecord } from "@micro/registry";

/** What the TXT record of one node says: everything but the id and the address. */
export type NodeText = Omit<ServiceRecord, "nodes"> & {
  /** Metadata of the node. */
  readonly nodeMetadata: Readonly<Record<string, string>>;
};

const CHUNK_BYTES = 255;

/**
 * The strings of the TXT record: hex(zlib(JSON)) in chunks of at most 255 bytes, JSON keys capitalised (spec 3.2).
 * Metadata of the service itself goes under a key that Go ignores, and only when there is some.
 * Throws `BAD_REQUEST` when the JSON is larger than `maxBytes`.
 */
export function encodeText(text: NodeText, maxBytes: number): Buffer[] {
  const json = JSON.stringify({
    Service: text.name,
    Version: text.version,
    Endpoints: text.endpoints.map(({ name, request, response, metadata }) => ({
      name,
      request,
      response,
      metadata: sorted(metadata),
    })),
    Metadata: sorted(text.nodeMetadata),
    ...(Object.keys(text.metadata).length === 0 ? {} : { ServiceMetadata: sorted(text.metadata) }),
  });
  const size = Buffer.byteLength(json);
  if (size > maxBytes) {
    throw new MicroError({
      code: "BAD_REQUEST",
      id: "go.micro.registry",
      detail: `the record of '${text.name}' has ${size} bytes, and max_record_size allows ${maxBytes}: give it fewer endpoints or less metadata, or raise max_record_size in every process`,
    });
  }
  const hex = Buffer.from(deflateSync(json).toString("hex"), "latin1");
  const chunks: Buffer[] = [];
  for (let at = 0; at < hex.length; at += CHUNK_BYTES) chunks.push(hex.subarray(at, at + CHUNK_BYTES));
  return chunks;
}

/**
 * Reads the strings of a TXT record. Throws an Error that says what is wrong with it: not hex, not zlib, more than
 * `maxBytes` when inflated, not JSON, no service name in it, or a malformed endpoint.
 */
export function decodeText(chunks: readonly Uint8Array[], maxBytes: number): NodeText {
  const hex = Buffer.concat(chunks).toString("latin1");
  if (hex.length % 2 !== 0 || !/^[0-9a-f]+$/i.test(hex)) throw new Error("the TXT record is not hexadecimal");
  const json: unknown = JSON.parse(inflate(Buffer.from(hex, "hex"), maxBytes).toString("utf8"));
  const fields = (typeof json === "object" && json !== null ? json : {}) as Readonly<Record<string, unknown>>;
  if (typeof fields.Service !== "string" || fields.Service === "") {
    throw new Error("the TXT record names no service");
  }
  return {
    name: fields.Service,
    version: typeof fields.Version === "string" ? fields.Version : "",
    metadata: parseMetadata(fields.ServiceMetadata),
    endpoints: parseEndpoints(fields.Endpoints),
    nodeMetadata: parseMetadata(fields.Metadata),
  };
}

function inflate(packed: Buffer, maxBytes: number): Buffer {
  try {
    return inflateSync(packed, { maxOutputLength: maxBytes });
  } catch (cause) {
    const tooLarge = cause instanceof Error && "code" in cause && cause.code === "ERR_BUFFER_TOO_LARGE";
    throw new Error(
      tooLarge
        ? `the TXT record inflates to more than max_record_size (${maxBytes} bytes)`
        : "the TXT record is not zlib",
      { cause },
    );
  }
}

/** Go writes maps with sorted keys; so do we, and equal records have equal bytes. */
function sorted(map: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}
