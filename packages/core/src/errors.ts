/**
 * The closed set of error codes. Each is one row of the table below: the HTTP-like number of Go Micro's
 * `errors.Error` (spec 1.11), the gRPC status (spec 2.2) and the reason phrase.
 */
export type Code =
  | "BAD_REQUEST"
  | "UNAUTHORIZED"
  | "FORBIDDEN"
  | "NOT_FOUND"
  | "METHOD_NOT_ALLOWED"
  | "TIMEOUT"
  | "CONFLICT"
  | "PRECONDITION_FAILED"
  | "OUT_OF_RANGE"
  | "RESOURCE_EXHAUSTED"
  | "ABORTED"
  | "CANCELLED"
  | "INTERNAL"
  | "UNIMPLEMENTED"
  | "UNAVAILABLE"
  | "DATA_LOSS"
  | "UNKNOWN";

/** One row of {@link CODES}. */
export interface CodeRow {
  /** Number on the wire of Go Micro, after HTTP. */
  readonly http: number;
  /** gRPC status number. */
  readonly grpc: number;
  /** Reason phrase, the `status` of the JSON form. */
  readonly status: string;
}

/**
 * Every code with its HTTP number, gRPC status and reason phrase. No two share an HTTP number, so that a code survives
 * Go Micro's form; HTTP has none of its own for `ABORTED` and `DATA_LOSS`, and Go Micro no number for them.
 */
export const CODES: Readonly<Record<Code, CodeRow>> = {
  BAD_REQUEST: { http: 400, grpc: 3, status: "Bad Request" },
  UNAUTHORIZED: { http: 401, grpc: 16, status: "Unauthorized" },
  FORBIDDEN: { http: 403, grpc: 7, status: "Forbidden" },
  NOT_FOUND: { http: 404, grpc: 5, status: "Not Found" },
  METHOD_NOT_ALLOWED: { http: 405, grpc: 12, status: "Method Not Allowed" },
  TIMEOUT: { http: 408, grpc: 4, status: "Request Timeout" },
  CONFLICT: { http: 409, grpc: 6, status: "Conflict" },
  PRECONDITION_FAILED: { http: 412, grpc: 9, status: "Precondition Failed" },
  OUT_OF_RANGE: { http: 416, grpc: 11, status: "Range Not Satisfiable" },
  RESOURCE_EXHAUSTED: { http: 429, grpc: 8, status: "Too Many Requests" },
  ABORTED: { http: 449, grpc: 10, status: "Aborted" },
  CANCELLED: { http: 499, grpc: 1, status: "Client Closed Request" },
  INTERNAL: { http: 500, grpc: 13, status: "Internal Server Error" },
  UNIMPLEMENTED: { http: 501, grpc: 12, status: "Not Implemented" },
  UNAVAILABLE: { http: 503, grpc: 14, status: "Service Unavailable" },
  DATA_LOSS: { http: 520, grpc: 15, status: "Data Loss" },
  UNKNOWN: { http: 0, grpc: 2, status: "" },
};

const byHttp = new Map<number, Code>(Object.entries(CODES).map(([code, row]) => [row.http, code as Code]));

const byGrpc = new Map<number, Code>(
  Object.entries(CODES)
    // `UNIMPLEMENTED` is the one of its status that gRPC knows.
    .filter(([code]) => code !== "METHOD_NOT_ALLOWED")
    .map(([code, row]) => [row.grpc, code as Code]),
);

/** The code of a gRPC status number; `UNKNOWN` for numbers outside the table. */
export function codeOfGrpc(grpc: number): Code {
  return byGrpc.get(grpc) ?? "UNKNOWN";
}

/** The code of a wire number; `UNKNOWN` for 0 and for numbers outside the table. */
export function codeOfHttp(http: number): Code {
  return byHttp.get(http) ?? "UNKNOWN";
}

/** Go Micro's JSON of an error (spec 1.11); empty fields are left out. */
export interface MicroErrorJson {
  readonly id?: string;
  readonly code?: number;
  readonly detail?: string;
  readonly status?: string;
}

/** Something that an error says beside its text: a message in a `google.protobuf.Any`, as gRPC carries it. */
export interface ErrorDetail {
  /** `type.googleapis.com/google.rpc.RetryInfo`. */
  readonly typeUrl: string;
  /** The message in protobuf. */
  readonly value: Uint8Array;
}

/** What a {@link MicroError} is made of. */
export interface MicroErrorOptions {
  readonly code: Code;
  /** What happened, for people. */
  readonly detail: string;
  /** Who says so, for example `go.micro.client` or a service name. @default "" */
  readonly id?: string;
  /** Wire number when it is outside the table (a Go service may invent one). @default the code's number */
  readonly httpCode?: number;
  /** Reason phrase when it differs from the table's. */
  readonly status?: string;
  /** Only gRPC carries them. @default none */
  readonly details?: readonly ErrorDetail[];
  /** The local reason; never sent. */
  readonly cause?: unknown;
  /** True when the request provably reached no handler, so that another try is safe. @default false */
  readonly notSent?: boolean;
}

const BRAND = Symbol.for("micro.error");
const NO_DETAILS: readonly ErrorDetail[] = [];

/** What can be said of anything that was thrown; it never throws itself. */
function textOf(thrown: unknown): string {
  try {
    if (typeof thrown !== "object" || thrown === null) return String(thrown);
    // Errors of another realm are no instances of this one's Error.
    const { message } = thrown as { readonly message?: unknown };
    if (typeof message === "string" && message !== "") return message;
    return thrown instanceof Error ? thrown.name : (JSON.stringify(thrown) ?? "an object");
  } catch {
    return "an object that cannot be shown"; // circular, or a proxy or getter that throws
  }
}

/** The one error class of the framework: id, code, detail and status survive every transport; `cause` stays local. */
export class MicroError extends Error {
  /** Who says so, for example `go.micro.client`. */
  readonly id: string;
  readonly code: Code;
  /** What happened, for people; equals `message`. */
  readonly detail: string;
  /** Reason phrase, for example `Not Found`. */
  readonly status: string;
  /** Number on the wire, for example 404. */
  readonly httpCode: number;
  /** What gRPC carries beside the text; empty over other wires. */
  readonly details: readonly ErrorDetail[];
  /** True when the request provably reached no handler. Local: never on the wire. */
  readonly notSent: boolean;
  readonly [BRAND] = true;

  /** Throws a TypeError for a code that is none, such as a number. */
  constructor(options: MicroErrorOptions) {
    super(options.detail, options.cause === undefined ? undefined : { cause: options.cause });
    const row: CodeRow | undefined = CODES[options.code];
    if (row === undefined) {
      const codes = Object.keys(CODES).join(", ");
      throw new TypeError(`a MicroError needs one of the codes ${codes}, not ${String(options.code)}`);
    }
    this.id = options.id ?? "";
    this.code = options.code;
    this.detail = options.detail;
    this.httpCode = options.httpCode ?? row.http;
    this.status = options.status ?? row.status;
    this.details = options.details ?? NO_DETAILS;
    this.notSent = options.notSent ?? false;
  }

  override get name(): string {
    return "MicroError";
  }

  /** Brand check that works across two copies of this package. */
  static is(value: unknown): value is MicroError {
    return typeof value === "object" && value !== null && BRAND in value;
  }

  /** Wraps whatever was thrown; a MicroError comes back as it is. */
  static from(thrown: unknown, fallback: { readonly id?: string; readonly code?: Code } = {}): MicroError {
    if (MicroError.is(thrown)) return thrown;
    const detail = textOf(thrown);
    return new MicroError({
      code: fallback.code ?? "INTERNAL",
      detail,
      cause: thrown,
      ...(fallback.id === undefined ? {} : { id: fallback.id }),
    });
  }

  /**
   * Reads the text of a `Micro-Error` header: JSON as Go Micro writes it, else plain text, which becomes
   * `{detail: text}` with code `UNKNOWN` (spec 1.11).
   */
  static parse(text: string): MicroError {
    if (text.charCodeAt(0) === 123) {
      try {
        return MicroError.fromJson(JSON.parse(text) as MicroErrorJson);
      } catch {
        // Not the JSON form after all: Go treats such a text as the detail (spec 1.11), and so do we.
      }
    }
    return new MicroError({ code: "UNKNOWN", detail: text });
  }

  /** From Go Micro's JSON form; fields of a wrong type count as empty. */
  static fromJson(json: MicroErrorJson): MicroError {
    const text = (value: unknown) => (typeof value === "string" ? value : "");
    const httpCode = typeof json.code === "number" && Number.isInteger(json.code) ? json.code : 0;
    const code = codeOfHttp(httpCode);
    return new MicroError({
      code,
      httpCode,
      id: text(json.id),
      detail: text(json.detail),
      status: text(json.status) || CODES[code].status,
    });
  }

  /** Go Micro's JSON form; empty fields are left out (spec 1.11). */
  toJSON(): MicroErrorJson {
    return {
      ...(this.id === "" ? {} : { id: this.id }),
      ...(this.httpCode === 0 ? {} : { code: this.httpCode }),
      ...(this.detail === "" ? {} : { detail: this.detail }),
      ...(this.status === "" ? {} : { status: this.status }),
    };
  }
}
