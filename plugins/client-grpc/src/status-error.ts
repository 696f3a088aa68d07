import { type StatusObject, status } from "@grpc/grpc-js";
import {
  type AttemptOutcome,
  type AttemptRequest,
  CLIENT_ID,
  clientError,
  codeOfContextText,
} from "@micro/client";
import { readWireFields, wireInt32, wireText } from "@micro/codec";
import { CODES, codeOfGrpc, codeOfHttp, type ErrorDetail, MicroError } from "@micro/core";
import { MICRO_ERROR_URL } from "@micro/grpc/internal";

/** How a call failed, for its caller and for the selector. */
export interface Failure {
  readonly error: MicroError;
  readonly outcome: AttemptOutcome;
}

const { INTERNAL, RESOURCE_EXHAUSTED, UNAVAILABLE, UNKNOWN } = status;
/** Grpc-js's own words for a reply beyond the limit. */
const TOO_LARGE = /^Received message (?:larger than max|that decompresses)/;

/** What grpc-js itself says of calls that no handler has seen. The tests hold each against the pinned version. */
const NOT_SENT =
  /^(?:Stream refused by server|Channel closed before call started|Failed to start HTTP\/2 stream with error|No connection established|Channel shutdown|Cannot create call)/;

/**
 * The error of a status (spec 2.2): Go Micro's own from the details, else from the JSON in the text, else what the number
 * stands for. `node` is for texts; `inTrailers` when the server has said it for sure.
 */
export function failureOf(given: StatusObject, node: string, inTrailers = false): Failure {
  const complete = completed(given);
  const { code, details, metadata } = complete;
  const refused = metadata.get("micro-refused")[0];
  const answered = inTrailers || Object.keys(metadata.toJSON()).length > 0;
  if (!answered && (code === UNAVAILABLE || NOT_SENT.test(details))) {
    const notSent = NOT_SENT.test(details);
    const detail = `${node}: ${details}`;
    const error = new MicroError({ id: CLIENT_ID, code: "UNAVAILABLE", detail, notSent });
    return { error, outcome: "unreachable" };
  }
  if (!answered && code === RESOURCE_EXHAUSTED && TOO_LARGE.test(details)) {
    const detail = `${node}: ${details} (client.max_receive_message_size)`;
    return { error: new MicroError({ id: CLIENT_ID, code: "RESOURCE_EXHAUSTED", detail }), outcome: "ok" };
  }
  return {
    error: errorOf(complete, refused !== undefined),
    outcome: refused === "draining" ? "draining" : "ok",
  };
}

/** A unary method or a client stream has one reply; for another number of them gRPC has `UNIMPLEMENTED`. */
export function wrongCount({ call, node }: AttemptRequest, sent: string): MicroError {
  return clientError(
    "UNIMPLEMENTED",
    `${call.label}: node ${node.id} broke the protocol: it sent ${sent}; look whether its method is a stream`,
  );
}

/** Whatever its types say, grpc-js has neither number nor text for a message that it cannot unpack. */
function completed(status: Partial<StatusObject> & Pick<StatusObject, "metadata">): StatusObject {
  const { code = INTERNAL, details = "the reply cannot be read", metadata } = status;
  return { code, details, metadata };
}

function errorOf({ code, details: text, metadata }: StatusObject, notSent: boolean): MicroError {
  const bytes = metadata.get("grpc-status-details-bin")[0];
  const details = typeof bytes === "object" ? detailsOf(bytes) : [];
  const others = details.filter(({ typeUrl }) => typeUrl !== MICRO_ERROR_URL);
  const own = details[0]?.typeUrl === MICRO_ERROR_URL ? goError(details[0].value) : undefined;
  const known = own ?? jsonError(text);
  // Ours may say more than Go's number does: the gRPC code decides where the number is none of the table.
  if (known !== undefined) {
    const { id, detail, status, httpCode } = known;
    const ended = httpCode === 0 ? codeOfContextText(detail) : undefined;
    if (ended !== undefined) {
      const said = status === "" ? {} : { status };
      return new MicroError({ id, code: ended, detail, ...said, details: others, notSent });
    }
    return new MicroError({ id, code: known.code, detail, status, httpCode, details: others, notSent });
  }
  // Go knows its context's error by identity: one that a handler has wrapped is of no known kind.
  const name = (code === UNKNOWN ? codeOfContextText(text) : undefined) ?? codeOfGrpc(code);
  return new MicroError({
    id: CLIENT_ID,
    code: name,
    detail: text === "" ? `the server answered with gRPC status ${code}` : text,
    // Go Micro gives its 500 to a status that its table does not have.
    ...(CODES[name].http === 0 ? { httpCode: 500 } : {}),
    details: others,
    notSent,
  });
}

/** The `details` of a `google.rpc.Status`; none when it cannot be read, as the text says the same. */
function detailsOf(bytes: Uint8Array): readonly ErrorDetail[] {
  try {
    const found: ErrorDetail[] = [];
    for (const { number, value } of readWireFields(bytes)) {
      if (number !== 3 || typeof value === "bigint") continue;
      const any = readWireFields(value);
      const inner = any.findLast((field) => field.number === 2)?.value;
      found.push({
        typeUrl: wireText(any, 1),
        value: inner instanceof Uint8Array ? Uint8Array.from(inner) : new Uint8Array(0),
      });
    }
    return found;
  } catch {
    return [];
  }
}

/** `errors.Error`: id, code, detail, status. */
function goError(bytes: Uint8Array): MicroError | undefined {
  try {
    const fields = readWireFields(bytes);
    const httpCode = wireInt32(fields, 2);
    const code = codeOfHttp(httpCode);
    return new MicroError({
      id: wireText(fields, 1),
      code,
      httpCode,
      detail: wireText(fields, 3),
      status: wireText(fields, 4) || CODES[code].status,
    });
  } catch {
    return undefined;
  }
}

/** The text as Go Micro's JSON of an error, which has a code above 0; undefined for any other text. */
function jsonError(text: string): MicroError | undefined {
  if (text.charCodeAt(0) !== 123) return undefined;
  const error = MicroError.parse(text);
  return error.httpCode > 0 ? error : undefined;
}
