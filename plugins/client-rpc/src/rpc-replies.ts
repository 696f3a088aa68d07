import type { AttemptOutcome } from "@micro/client";
import { type Beside, CLIENT_ID, CODEC_ID, codeOfContextText } from "@micro/client";
import { Metadata, MicroError } from "@micro/core";
import type { TransportMessage } from "@micro/transport";

const UNSUPPORTED = /^unsupported content-type: /i;
const MAX_UNSUPPORTED_LENGTH = 200;

/** The error a reply carries; undefined when it carries none. Nothing else of a Go reply's header can be believed (spec 1.2). */
export function replyError(reply: TransportMessage): MicroError | undefined {
  const text = errorText(reply.header);
  return text === "" ? unsupportedError(reply) : parseError(text, reply.header);
}

/**
 * The error of a server that does not know the content type: it says so in plain text and without `Micro-Error`, in the
 * first message of its answer (spec 1.11). Undefined for any other message.
 */
export function unsupportedError(reply: TransportMessage): MicroError | undefined {
  if (reply.header.get("content-type") !== "text/plain" || reply.body.length > MAX_UNSUPPORTED_LENGTH) {
    return undefined;
  }
  const detail = Buffer.from(reply.body).toString("utf8").trim();
  if (!UNSUPPORTED.test(detail)) return undefined;
  return new MicroError({
    id: CODEC_ID,
    code: "BAD_REQUEST",
    detail: `${detail}: the server has no codec for it`,
  });
}

/** The text of `Micro-Error`; empty when there is none. */
export function errorText(header: Metadata): string {
  return header.get("micro-error") || header.get("x-micro-error") || "";
}

/** Reads `Micro-Error`. A refusal of one of our servers says that no handler ran. */
export function parseError(text: string, header: Metadata): MicroError {
  const error = withCode(MicroError.parse(text));
  if (header.get("micro-refused") === undefined) return error;
  const { id, code, detail, status, httpCode } = error;
  return new MicroError({ id, code, detail, status, httpCode, notSent: true });
}

/** A Go handler that returns its context's error sends its text alone, without a code (spec 1.11). */
function withCode(error: MicroError): MicroError {
  const { id, detail, status, httpCode } = error;
  const code = httpCode === 0 ? codeOfContextText(detail) : undefined;
  if (code === undefined) return error;
  return new MicroError({ id, code, detail, ...(status === "" ? {} : { status }) });
}

/** What a reply says about its node: an error of its own is as good an answer as any. */
export function outcomeOfReply(header: Metadata): AttemptOutcome {
  return header.get("micro-refused") === "draining" ? "draining" : "ok";
}

/** What a failure of the transport says about the node. */
export function outcomeOfFailure(error: Error): AttemptOutcome {
  if (!MicroError.is(error)) return "unreachable";
  if (error.code === "UNAVAILABLE") return "unreachable";
  return error.code === "TIMEOUT" ? "timeout" : "ok";
}

/** An error of the transport under the client's name where it has none. */
export function transportFailure(error: Error): MicroError {
  const known = MicroError.from(error, { id: CLIENT_ID, code: "UNAVAILABLE" });
  if (known.id !== "") return known;
  const { code, detail, status, httpCode, notSent } = known;
  return new MicroError({
    id: "go.micro.client.transport",
    code,
    detail,
    status,
    httpCode,
    notSent,
    cause: error,
  });
}

const HEADER_PREFIX = "micro-reply-";
const TRAILER_PREFIX = "micro-trailer-";

/** Writes down what the handler said beside its reply: under a prefix, as Go servers repeat all headers of a request (spec 1.2). */
export function noteSaid(header: Metadata, beside: Beside): void {
  const said = withPrefix(header, HEADER_PREFIX);
  if (said.size > 0) beside.header(said);
  const trailer = withPrefix(header, TRAILER_PREFIX);
  if (trailer.size > 0) beside.trailer(trailer);
}

function withPrefix(header: Metadata, prefix: string): Metadata {
  const found = new Metadata();
  for (const [key, value] of header) {
    if (key.startsWith(prefix)) found.setLower(key.slice(prefix.length), value);
  }
  return found;
}
