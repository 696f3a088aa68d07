/** Turns messages into bytes and back, for some content types. */
export interface Codec {
  /** Plugin name: `json`. */
  readonly name: string;
  /** Content types it serves, exact and lower case: `application/json`. */
  readonly contentTypes: readonly string[];
  /**
   * Bytes that are the receiver's: no later call changes them. Undefined is the empty message.
   * Throws a MicroError `INTERNAL` for a value this content type cannot carry.
   */
  encode(value: unknown): Uint8Array;
  /**
   * Throws a MicroError `BAD_REQUEST` for bytes that are none of its messages. An empty body gives the empty
   * message of the content type: undefined where it has none (JSON), else no bytes, no text, a message of defaults.
   */
  decode(bytes: Uint8Array): unknown;
}
