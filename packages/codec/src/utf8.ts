import { isUtf8 } from "node:buffer";
import { MicroError } from "@micro/core";

const REPLACEMENT = "\uFFFD";

/** The bytes as a Buffer on the same memory. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * The text of UTF-8 bytes. Throws a MicroError `BAD_REQUEST` that names the first byte that is no UTF-8;
 * `contentType` says whose message it is.
 */
export function readUtf8(bytes: Uint8Array, contentType: string): string {
  const buffer = asBuffer(bytes);
  const text = buffer.toString("utf8");
  // Node puts U+FFFD where a byte is wrong, so a text without one was good: no second pass over the bytes.
  if (!text.includes(REPLACEMENT) || isUtf8(buffer)) return text;
  throw new MicroError({
    code: "BAD_REQUEST",
    detail: `${contentType} body: byte ${firstWrongByte(buffer, text)} of ${buffer.length} is not UTF-8`,
  });
}

function firstWrongByte(buffer: Buffer, text: string): number {
  let offset = 0;
  for (const char of text) {
    const meant = buffer[offset] === 0xef && buffer[offset + 1] === 0xbf && buffer[offset + 2] === 0xbd;
    if (char === REPLACEMENT && !meant) return offset;
    offset += Buffer.byteLength(char);
  }
  return offset;
}
