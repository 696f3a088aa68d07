import type { StandardSchema } from "@micro/core";

// Two copies of this package understand each other's frames, and the client knows them without this package.
const BRAND = Symbol.for("micro.frame");

/**
 * The bytes of a message as they are, whatever its content type: Go Micro's frame (spec 1.5). Sent, its bytes go out
 * verbatim; where a contract says {@link frameSchema}, the message that came in is one. Inside an envelope it is what
 * is inside, never the envelope. Nothing is copied: bytes that were handed over must not change.
 */
export class Frame {
  readonly bytes: Uint8Array;
  readonly [BRAND] = true;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Brand check that works across two copies of this package. */
  static is(value: unknown): value is Frame {
    return typeof value === "object" && value !== null && BRAND in value && "bytes" in value;
  }
}

/** The schema of messages that are left in bytes: `unary({ input: frameSchema, output: frameSchema })`. */
export const frameSchema: StandardSchema<Frame> & { readonly [BRAND]: true } = {
  [BRAND]: true,
  "~standard": {
    version: 1,
    vendor: "micro",
    validate: (value) =>
      Frame.is(value) ? { value } : { issues: [{ message: "must be a Frame: new Frame(bytes)" }] },
  },
};

/** True for {@link frameSchema}, also that of another copy of this package. */
export function isFrameSchema(schema: StandardSchema | undefined): boolean {
  return schema !== undefined && BRAND in schema;
}
