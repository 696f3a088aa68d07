import assert from "node:assert/strict";
import { MicroError } from "@micro/core";
import type { ConformanceCase } from "@micro/core/conformance";
import type { CodecInstance, Envelope, EnvelopeFormat } from "./codec.ts";
import { boundedMemory, damaged, HUGE_DEPTH, noise } from "./conformance-bytes.ts";

type Kind = Envelope["kind"];
type Said = "method" | "id" | "error";

/** What {@link envelopeConformance} is run on. */
export interface EnvelopeHarness {
  readonly format: EnvelopeFormat;
  /** Messages inside, which must come back byte for byte; at least one, none of them empty. */
  readonly payloads: readonly Uint8Array[];
  /** Bodies that are neither requests nor replies. */
  readonly invalid: readonly Uint8Array[];
  /** What requests and replies say in the body; what is missing here travels in headers alone. */
  readonly says: Readonly<Record<Kind, readonly Said[]>>;
  /** Payloads that do not fit inside. @default [] */
  readonly unfit?: readonly Uint8Array[];
  /** A request whose message is nested that deep; undefined for a format that does not look inside. */
  readonly nested?: (depth: number) => Uint8Array;
  /** Short bodies that announce far more than they hold. @default [] */
  readonly announcing?: readonly Uint8Array[];
}

/** The instance that a plugin made, as an envelope: `envelopeOf(await instantiate(jsonrpcCodec))`. */
export function envelopeOf(instance: CodecInstance): EnvelopeFormat {
  assert.ok("wrap" in instance, `'${instance.name}' is a codec of messages, not an envelope`);
  return instance;
}

const KINDS = ["request", "reply"] as const;
const NOTHING = new Uint8Array(0);

const envelope = (kind: Kind, given: Partial<Envelope> = {}): Envelope => ({
  kind,
  method: "Greeter.Hello",
  id: "7",
  error: "",
  ...given,
});

/** The promises of an {@link EnvelopeFormat}; run every case with any test runner. */
export function envelopeConformance(harness: EnvelopeHarness): readonly ConformanceCase[] {
  const { format, payloads, invalid, says, unfit = [], announcing = [], nested } = harness;
  const refuses = (run: () => unknown, code: MicroError["code"]) =>
    assert.throws(run, (error) => MicroError.is(error) && error.code === code && error.detail !== "");
  const only = (name: string, run: () => void): ConformanceCase => ({
    name: `envelope ${format.name}: ${name}`,
    run: () => new Promise((resolve) => resolve(run())),
  });
  const bodies = (kind: Kind) => payloads.map((payload) => format.wrap(envelope(kind), payload));
  const returns = (given: Envelope, payload: Uint8Array, expected: Uint8Array) => {
    const bytes = format.wrap(given, payload);
    const found = format.unwrap(bytes, given.kind);
    assert.equal(found.kind, given.kind);
    for (const key of ["method", "id", "error"] as const) {
      const said = says[given.kind].includes(key);
      assert.equal(found[key], said ? given[key] : "", `${key} of a ${given.kind}`);
    }
    assert.deepEqual(Uint8Array.from(found.payload), Uint8Array.from(expected));
  };

  return [
    only("has a name and content types in lower case, each with that of its messages", () => {
      assert.match(format.name, /^[a-z0-9][a-z0-9-]*$/);
      const pairs = Object.entries(format.payloads);
      assert.ok(pairs.length > 0);
      for (const [outside, inside] of pairs) {
        for (const type of [outside, inside]) assert.match(type, /^[a-z0-9.+-]+\/[a-z0-9.+-]+$/);
        assert.ok(!(inside in format.payloads), `${inside} is an envelope itself`);
      }
    }),
    only("gives back what it says of requests and replies, and the message byte for byte", () => {
      assert.ok(payloads.length > 0, "the harness has payloads");
      for (const kind of KINDS) {
        for (const payload of payloads) returns(envelope(kind), payload, payload);
        returns(
          envelope(kind, { method: "", id: "0" }),
          payloads[0] as Uint8Array,
          payloads[0] as Uint8Array,
        );
        returns(envelope(kind, { method: 'Grüße."Hallo"\n', id: "18446744073709551615" }), NOTHING, NOTHING);
      }
    }),
    only("gives back an empty message as an empty one", () => {
      for (const kind of KINDS) returns(envelope(kind), NOTHING, NOTHING);
    }),
    only("gives back the error of a reply, and no message with it", () => {
      for (const error of ['{"id":"a","code":404,"detail":"no <such> name: \\u00e9\\n"}', "plain", "EOS"]) {
        for (const payload of [NOTHING, payloads[0] as Uint8Array]) {
          returns(envelope("reply", { error }), payload, NOTHING);
        }
      }
    }),
    only("repeats the id of a request in its reply as it was written", () => {
      const request = format.unwrap(format.wrap(envelope("request"), NOTHING), "request");
      const { id, rawId } = request;
      const reply = format.unwrap(format.wrap(envelope("reply", { id, rawId }), NOTHING), "reply");
      assert.deepEqual([reply.id, reply.rawId], [id, rawId]);
    }),
    only("changes neither the bytes it is given nor those it gave", () => {
      for (const kind of KINDS) {
        for (const payload of payloads) {
          const before = Uint8Array.from(payload);
          const bytes = format.wrap(envelope(kind), payload);
          const copy = Uint8Array.from(bytes);
          for (const other of payloads) format.wrap(envelope(kind, { id: "99" }), other);
          format.unwrap(bytes, kind);
          assert.deepEqual(Uint8Array.from(bytes), copy);
          assert.deepEqual(Uint8Array.from(payload), before);
        }
      }
    }),
    only("reads bytes that stand inside a larger buffer, and copies no message", () => {
      for (const kind of KINDS) {
        for (const [index, bytes] of bodies(kind).entries()) {
          const larger = new Uint8Array(bytes.length + 14).fill(0x7d);
          larger.set(bytes, 7);
          const { payload } = format.unwrap(larger.subarray(7, 7 + bytes.length), kind);
          assert.deepEqual(Uint8Array.from(payload), Uint8Array.from(payloads[index] as Uint8Array));
          assert.equal(payload.buffer, larger.buffer);
        }
      }
    }),
    only("refuses bodies that are no envelopes with BAD_REQUEST", () => {
      for (const bytes of invalid) {
        for (const kind of KINDS) refuses(() => format.unwrap(bytes, kind), "BAD_REQUEST");
      }
    }),
    only("refuses messages that do not fit inside with INTERNAL", () => {
      for (const payload of unfit) {
        for (const kind of KINDS) refuses(() => format.wrap(envelope(kind), payload), "INTERNAL");
      }
    }),
    only("answers cut, damaged and random bytes with a message out of them or BAD_REQUEST", () => {
      for (const kind of KINDS) {
        for (const bytes of [...damaged(bodies(kind)), ...noise()]) {
          try {
            const { payload } = format.unwrap(bytes, kind);
            assert.ok(payload.length <= bytes.length);
          } catch (error) {
            assert.ok(MicroError.is(error) && error.code === "BAD_REQUEST", String(error));
          }
        }
      }
    }),
    only("refuses what is nested without end with BAD_REQUEST, and does not overflow the stack", () => {
      if (nested !== undefined) refuses(() => format.unwrap(nested(HUGE_DEPTH), "request"), "BAD_REQUEST");
    }),
    only("refuses a short body that announces a huge one, and takes no memory for it", () => {
      boundedMemory(() => {
        for (const bytes of announcing) {
          for (const kind of KINDS) refuses(() => format.unwrap(bytes, kind), "BAD_REQUEST");
        }
      });
    }),
  ];
}
