import { isUtf8 } from "node:buffer";
import {
  asBuffer,
  type Envelope,
  type EnvelopeFormat,
  unencodable,
  visitWireFields,
  type WireField,
  WireType,
  type Wrapped,
} from "@micro/codec";
import { MicroError } from "@micro/core";
import { writeFixed64, writeText } from "./write-fields.ts";

const CONTENT_TYPE = "application/proto-rpc";
const LENGTH_BYTES = 4;
const MAX_LENGTH = 0xffff_ffff;
const MAX_SEQUENCE = (1n << 64n) - 1n;
const NOTHING = new Uint8Array(0);

/** Numbers of the envelope's fields. */
const Field = { method: 1, sequence: 2, error: 3 } as const;

/** Go Micro's protobuf envelope: two parts, each behind its length (spec 1.7). */
export const protorpcEnvelope: EnvelopeFormat = {
  name: "protorpc",
  payloads: { [CONTENT_TYPE]: "application/protobuf" },
  wrap(envelope, payload) {
    const head = envelopeBytes(envelope);
    const body = envelope.error === "" ? payload : NOTHING;
    return Buffer.concat([length(head), head, length(body), body]);
  },
  unwrap(bytes, kind) {
    const head = part(bytes, 0, "the envelope");
    const bodyAt = LENGTH_BYTES + head.length;
    const payload = part(bytes, bodyAt, "the message");
    const end = bodyAt + LENGTH_BYTES + payload.length;
    if (end < bytes.length) throw refused(`${bytes.length - end} bytes follow the message at byte ${end}`);
    try {
      return { ...readEnvelope(head, kind), payload };
    } catch (cause) {
      if (cause instanceof RangeError) throw refused(`in the envelope, ${cause.message}`, cause);
      throw cause;
    }
  },
};

function envelopeBytes({ kind, method, id, error }: Envelope): Uint8Array {
  const fields: Uint8Array[] = [];
  if (method !== "") fields.push(writeText(Field.method, method));
  const sequence = sequenceOf(id);
  if (sequence !== 0n) fields.push(writeFixed64(Field.sequence, sequence));
  if (kind === "reply" && error !== "") fields.push(writeText(Field.error, error));
  return Buffer.concat(fields);
}

/** Go counts an id that is no number as 0. */
function sequenceOf(id: string): bigint {
  if (!/^\d{1,20}$/.test(id)) return 0n;
  const sequence = BigInt(id);
  return sequence <= MAX_SEQUENCE ? sequence : 0n;
}

function readEnvelope(bytes: Uint8Array, kind: Envelope["kind"]): Omit<Wrapped, "payload"> {
  let method = "";
  let id = "0";
  let error = "";
  visitWireFields(bytes, (field) => {
    const { number, type } = field;
    if (number === Field.method && type === WireType.bytes) method = text(field);
    else if (number === Field.sequence && type === WireType.fixed64) id = `${field.value as bigint}`;
    else if (number === Field.error && type === WireType.bytes && kind === "reply") error = text(field);
  });
  return { kind, method, id, error };
}

function text({ number, value }: WireField): string {
  const bytes = value as Uint8Array;
  if (!isUtf8(bytes)) throw new RangeError(`the text of field ${number} is not UTF-8`);
  return asBuffer(bytes).toString("utf8");
}

/** The part whose length stands at `at`. */
function part(bytes: Uint8Array, at: number, what: string): Uint8Array {
  const start = at + LENGTH_BYTES;
  if (start > bytes.length) throw refused(`it ends at byte ${bytes.length}, before the length of ${what}`);
  const announced = asBuffer(bytes).readUInt32BE(at);
  if (announced > bytes.length - start) {
    throw refused(
      `${what} at byte ${start} announces ${announced} bytes, and ${bytes.length - start} are there`,
    );
  }
  return bytes.subarray(start, start + announced);
}

function length(body: Uint8Array): Uint8Array {
  if (body.length > MAX_LENGTH) {
    throw unencodable(CONTENT_TYPE, body, { carries: "up to 4 GiB", hint: "send less at once" });
  }
  const bytes = Buffer.alloc(LENGTH_BYTES);
  bytes.writeUInt32BE(body.length);
  return bytes;
}

function refused(what: string, cause?: unknown): MicroError {
  const detail = `${CONTENT_TYPE} body: ${what}`;
  return new MicroError({ code: "BAD_REQUEST", detail, ...(cause === undefined ? {} : { cause }) });
}
