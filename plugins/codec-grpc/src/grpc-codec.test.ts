import { envelopeConformance, envelopeOf } from "@micro/codec/conformance";
import { instantiate } from "@micro/core/conformance";
import { describe, expect, test } from "vitest";
import { grpcCodec } from "./index.ts";

const format = envelopeOf(await instantiate(grpcCodec));
const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

describe("conformance", () => {
  const cases = envelopeConformance({
    format,
    payloads: [hex("0a0178"), Buffer.from("{}\n"), new Uint8Array(100_000).fill(7)],
    invalid: [
      hex("00"),
      hex("00000000"),
      hex("01 00000003 0a0178"), // compressed
      hex("80 00000003 0a0178"),
      hex("00 00000004 0a0178"),
      hex("00 00000002 0a0178"),
      hex("00 00000003 0a0178 00 00000003 0a0178"), // two messages
    ],
    says: { request: [], reply: [] },
    announcing: [hex("00 ffffffff"), hex("00 ffffffff 0a0178"), hex("00 7fffffff 00")],
  });
  for (const promise of cases) test(promise.name, () => promise.run());
});

test("a frame is one byte, the length and the message (spec 2.1)", () => {
  const envelope = { kind: "reply", method: "Debug.Health", id: "1", error: "" } as const;
  expect(format.wrap(envelope, hex("0a046f6b2078"))).toEqual(hex("00 00000006 0a046f6b2078"));
  expect(format.wrap(envelope, hex(""))).toEqual(hex("00 00000000"));
  expect(format.wrap({ ...envelope, error: "plain" }, hex("0a0178"))).toEqual(new Uint8Array(0));
});

test("an empty body is an empty message, as Go writes it", () => {
  expect(format.unwrap(hex(""), "request").payload).toHaveLength(0);
});

test("the errors say what to do", () => {
  expect(() => format.unwrap(hex("01 00000001 00"), "reply")).toThrow("compressed (1): send it as it is");
  expect(() => format.unwrap(hex("00 ffffffff 00"), "reply")).toThrow(
    "announces 4294967295 bytes, and 1 are",
  );
});
