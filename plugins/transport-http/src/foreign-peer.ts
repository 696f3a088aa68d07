import { violation } from "./errors.ts";
import { quote } from "./header-line.ts";

const HTTP1 = Buffer.from("HTTP/1.");
/** Header of an HTTP/2 frame: length, type, flags, number of the stream. */
const FRAME_HEADER = 9;
/** Types of the frames that a server of HTTP/2 may begin with: SETTINGS, and GOAWAY for what it cannot read. */
const FIRST_FRAMES = [4, 7];
/** Types of TLS records, and the major version that all of them have. */
const TLS_RECORDS = [20, 21, 22, 23];
const TLS_MAJOR = 3;

/**
 * Throws `BAD_REQUEST` when the first bytes of a peer's first reply, from `at` on, are no HTTP/1.x: with the protocol that
 * they look like, and the option for it. Returns where they are, or where more of them must come first.
 */
export function refuseForeign(bytes: Buffer, at: number): void {
  const length = bytes.length - at;
  const compared = Math.min(length, HTTP1.length);
  if (bytes.compare(HTTP1, 0, compared, at, at + compared) === 0) return;
  const first = bytes[at] ?? 0;
  if (first === 0) {
    if (length < FRAME_HEADER) return;
    if (FIRST_FRAMES.includes(bytes[at + 3] ?? 0) && bytes.readUInt32BE(at + 5) === 0) {
      throw violation(
        "the peer speaks HTTP/2, as gRPC servers do: call it with the client plugin 'grpc' (client.plugin)",
      );
    }
  }
  if (TLS_RECORDS.includes(first)) {
    if (length < 2) return;
    if (bytes[at + 1] === TLS_MAJOR)
      throw violation("the peer speaks TLS, and the connection is plain: set transport.tls");
  }
  throw violation(
    `the peer speaks no HTTP/1.1: it begins with ${quote(bytes.toString("latin1", at, at + 64))}`,
  );
}
