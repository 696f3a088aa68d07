import assert from "node:assert/strict";
import { MicroError } from "@micro/core";
import type { ConformanceCase } from "@micro/core/conformance";
import type { Codec, CodecInstance } from "./codec.ts";
import { boundedMemory, damaged, HUGE_DEPTH, noise } from "./conformance-bytes.ts";

export type { ConformanceCase } from "@micro/core/conformance";
export { type EnvelopeHarness, envelopeConformance, envelopeOf } from "./conformance-envelope.ts";

/** What {@link codecConformance} is run on. */
export interface CodecHarness {
  readonly codec: Codec;
  /** Values that must come back equal; at least one, of different shapes and sizes. */
  readonly samples: readonly unknown[];
  /** Bodies that are none of its messages; may be empty for a codec that takes any bytes. */
  readonly invalid: readonly Uint8Array[];
  /** Values that the content type cannot carry. @default [] */
  readonly unencodable?: readonly unknown[];
  /** What an empty body is. @default undefined */
  readonly empty?: unknown;
  /** A body whose values are nested that deep; undefined for a codec without nesting. */
  readonly nested?: (depth: number) => Uint8Array;
  /** A body that is larger than the codec's limit; undefined for a codec without one. */
  readonly oversized?: () => Uint8Array;
  /** Short bodies that announce far more than they hold. @default [] */
  readonly announcing?: readonly Uint8Array[];
}

/** The instance that a plugin made, as a codec of messages: `messageCodec(await instantiate(jsonCodec))`. */
export function messageCodec(instance: CodecInstance): Codec {
  assert.ok("encode" in instance, `'${instance.name}' is an envelope, not a codec of messages`);
  return instance;
}

/** The promises of a {@link Codec}; run every case with any test runner. */
export function codecConformance(harness: CodecHarness): readonly ConformanceCase[] {
  const { codec, samples, invalid, unencodable = [], announcing = [], nested, oversized, empty } = harness;
  const label = `codec ${codec.name}`;
  const refuses = (run: () => unknown, code: MicroError["code"]) =>
    assert.throws(run, (error) => MicroError.is(error) && error.code === code && error.detail !== "");
  const only = (name: string, run: () => void): ConformanceCase => ({
    name: `${label}: ${name}`,
    run: () => new Promise((resolve) => resolve(run())),
  });

  return [
    only("has a name and content types in lower case, each once", () => {
      assert.match(codec.name, /^[a-z0-9][a-z0-9-]*$/);
      assert.ok(codec.contentTypes.length > 0);
      assert.equal(new Set(codec.contentTypes).size, codec.contentTypes.length);
      for (const type of codec.contentTypes) assert.match(type, /^[a-z0-9.+-]+\/[a-z0-9.+-]+$/);
    }),
    only("gives back each sample equal", () => {
      assert.ok(samples.length > 0, "the harness has samples");
      for (const sample of samples) assert.deepEqual(codec.decode(codec.encode(sample)), sample);
    }),
    only("changes neither the value it encodes nor the bytes it decodes", () => {
      for (const sample of samples) {
        const before = structuredClone(sample);
        const bytes = Uint8Array.from(codec.encode(sample));
        assert.deepEqual(sample, before);
        const copy = Uint8Array.from(bytes);
        codec.decode(bytes);
        assert.deepEqual(bytes, copy);
      }
    }),
    only("hands out bytes that no later call changes", () => {
      const encoded = samples.map((sample) => codec.encode(sample));
      const copies = encoded.map((bytes) => Uint8Array.from(bytes));
      for (let round = 0; round < 2000; round++) codec.encode(samples[round % samples.length]);
      for (const [index, bytes] of encoded.entries()) {
        assert.deepEqual(Uint8Array.from(bytes), copies[index]);
      }
    }),
    only("decodes bytes that stand inside a larger buffer", () => {
      for (const sample of samples) {
        const bytes = codec.encode(sample);
        const larger = new Uint8Array(bytes.length + 14).fill(0x7d);
        larger.set(bytes, 7);
        assert.deepEqual(codec.decode(larger.subarray(7, 7 + bytes.length)), sample);
      }
    }),
    only("decodes an empty body to the empty message", () => {
      assert.deepEqual(codec.decode(new Uint8Array(0)), empty);
      assert.deepEqual(codec.decode(Buffer.alloc(0)), empty);
    }),
    only("encodes undefined", () => {
      assert.ok(codec.encode(undefined) instanceof Uint8Array);
    }),
    only("refuses bytes that are none of its messages with BAD_REQUEST", () => {
      for (const bytes of invalid) refuses(() => codec.decode(bytes), "BAD_REQUEST");
    }),
    only("refuses values it cannot carry with INTERNAL", () => {
      for (const value of unencodable) refuses(() => codec.encode(value), "INTERNAL");
    }),
    only("answers cut, damaged and random bytes with a value or BAD_REQUEST, nothing else", () => {
      const bodies = samples.map((sample) => codec.encode(sample));
      for (const bytes of [...damaged(bodies), ...noise()]) {
        try {
          codec.decode(bytes);
        } catch (error) {
          assert.ok(MicroError.is(error) && error.code === "BAD_REQUEST", String(error));
        }
      }
    }),
    only("refuses what is nested without end with BAD_REQUEST, and does not overflow the stack", () => {
      if (nested !== undefined) refuses(() => codec.decode(nested(HUGE_DEPTH)), "BAD_REQUEST");
    }),
    only("refuses what is larger than its limit with BAD_REQUEST", () => {
      if (oversized !== undefined) refuses(() => codec.decode(oversized()), "BAD_REQUEST");
    }),
    only("refuses a short body that announces a huge one, and takes no memory for it", () => {
      boundedMemory(() => {
        for (const bytes of announcing) refuses(() => codec.decode(bytes), "BAD_REQUEST");
      });
    }),
  ];
}
