import { envelopeConformance, envelopeOf } from "@micro/codec/conformance";
import { instantiate } from "@micro/core/conformance";
import { describe, expect, test } from "vitest";
import { protorpcCodec } from "./index.ts";

const format = envelopeOf(await instantiate(protorpcCodec));
const hex = (...parts: string[]) => Buffer.from(parts.join("").replaceAll(" ", ""), "hex");

/** Request `Greeter.Health`, number 1, `{service: "x"}`, as Go writes it (spec 1.7). */
const REQUEST = hex("00000019 0a0e 477265657465722e4865616c7468 11 0100000000000000", "00000003 0a0178");
/** Its reply: memory 5, requests 2^40 (spec 1.5). */
const REPLY = hex(
  "00000019 0a0e 477265657465722e4865616c7468 11 0100000000000000",
  "00000009 20053880808080 8020",
);
/** An error as a reply: `plain`, and a message of length 0. */
const FAILED = hex("00000010 11 0100000000000000 1a05 706c61696e", "00000000");

describe("conformance", () => {
  const announcing = [
    hex("ffffffff"),
    hex("ffffffff 0a"),
    hex("00000000 ffffffff"),
    hex("00000000 ffffffff 0a0178"),
    hex("00000006 0affffffff0f 00000000"),
    hex("0000000b 0affffffffffffffffff01 00000000"),
  ];
  const cases = envelopeConformance({
    format,
    payloads: [hex("0a0178"), hex("00"), new Uint8Array(100_000).fill(7), Buffer.from("null")],
    invalid: [
      hex(""),
      hex("00"),
      hex("00000000"),
      REQUEST.subarray(0, REQUEST.length - 1),
      REQUEST.subarray(0, 4 + 0x19),
      Buffer.concat([REQUEST, hex("00")]),
      hex("00000002 0002 00000000"), // field 0
      hex("00000001 0b 00000000"), // a group
      hex("00000001 0f 00000000"), // wire type 7
      hex("00000003 0a01ff 00000000"), // no UTF-8
      hex("00000002 0a02 00000000"), // the text ends in the middle
      hex("00000002 1101 00000000"), // the number ends in the middle
      hex("00000002 2080 00000000"),
      hex("0000000c 20ffffffffffffffffffff01 00000000"),
    ],
    says: { request: ["method", "id"], reply: ["method", "id", "error"] },
    announcing,
  });
  for (const promise of cases) test(promise.name, () => promise.run());
});

describe("the bytes of Go (spec 1.7)", () => {
  const call = { method: "Greeter.Health", id: "1", error: "" };

  test("are written as they are", () => {
    expect(format.wrap({ kind: "request", ...call }, hex("0a0178"))).toEqual(REQUEST);
    expect(format.wrap({ kind: "reply", ...call }, hex("200538808080808020"))).toEqual(REPLY);
    const failed = { kind: "reply", ...call, method: "", error: "plain" } as const;
    expect(format.wrap(failed, hex("0a0178"))).toEqual(FAILED);
  });

  test("are read", () => {
    expect(format.unwrap(REQUEST, "request")).toEqual({ kind: "request", ...call, payload: hex("0a0178") });
    expect(format.unwrap(REPLY, "reply")).toEqual({
      kind: "reply",
      ...call,
      payload: hex("200538808080808020"),
    });
    expect(format.unwrap(FAILED, "reply")).toMatchObject({ id: "1", error: "plain", payload: { length: 0 } });
  });
});

test("an id that is no number is 0, as in Go, and 0 takes no bytes", () => {
  for (const id of ["", "abc", "-1", "99999999999999999999", "0"]) {
    const bytes = format.wrap({ kind: "request", method: "a.b", id, error: "" }, hex(""));
    expect(bytes).toEqual(hex("00000005 0a03612e62 00000000"));
    expect(format.unwrap(bytes, "request").id).toBe("0");
  }
});

test("fields that are not known are skipped, and the last of several counts", () => {
  const bytes = hex("00000018 0a03612e62 2005 29 0000000000000000 2d 00000000 0a01ff 00000000");
  expect(() => format.unwrap(bytes, "request")).toThrow("the text of field 1 is not UTF-8");
  bytes[4 + 0x17] = 0x63;
  expect(format.unwrap(bytes, "request").method).toBe("c");
});

test("a method longer than a byte can say", () => {
  const method = "a".repeat(20_000);
  const bytes = format.wrap({ kind: "request", method, id: "1", error: "" }, hex(""));
  expect(format.unwrap(bytes, "request").method).toBe(method);
});
