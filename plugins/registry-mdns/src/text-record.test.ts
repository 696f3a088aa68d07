import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeText, encodeText, type NodeText } from "./text-record.ts";

const MAX = 1024 * 1024;

function chunksOf(json: string): Buffer[] {
  return [Buffer.from(deflateSync(json).toString("hex"))];
}

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  return "no error";
}

describe("the TXT record", () => {
  test("reads the bytes that Go wrote", () => {
    const hex =
      "789cab560a4e2d2acb4c4e55b2524a2f4a4d2d492d52d2510a4b2d2acecccf038a951902b9ae792905f9997925c54a56d1b13a4abea92589298925894a56d54a0545f925f9c9f93940a5b9a5c9054ab5b5006f461bb7";
    expect(decodeText([Buffer.from(hex.slice(0, 101)), Buffer.from(hex.slice(101))], MAX)).toEqual({
      name: "greeter",
      version: "v1",
      metadata: {},
      endpoints: [],
      nodeMetadata: { protocol: "mucp" },
    });
  });

  test("survives writing and reading, whatever it says", () => {
    const word = fc.string({ unit: "binary" });
    const map = fc.dictionary(word, word, { maxKeys: 5, noNullPrototype: true });
    const endpoint = fc.record({
      name: word,
      request: fc.constant({
        name: "Req",
        type: "Req",
        values: [{ name: "n", type: "int64", values: null }],
      }),
      response: fc.constant(null),
      metadata: map,
    });
    const text: fc.Arbitrary<NodeText> = fc.record({
      name: fc.string({ minLength: 1, unit: "binary" }),
      version: word,
      metadata: map,
      endpoints: fc.array(endpoint, { maxLength: 5 }),
      nodeMetadata: map,
    });
    fc.assert(
      fc.property(text, (value) => {
        const chunks = encodeText(value, MAX);
        expect(chunks.every((chunk) => chunk.length > 0 && chunk.length <= 255)).toBe(true);
        expect(decodeText(chunks, MAX)).toEqual(value);
      }),
    );
  });

  test("metadata of the service costs nothing where there is none", () => {
    const plain: NodeText = { name: "a", version: "1", metadata: {}, endpoints: [], nodeMetadata: {} };
    expect(encodeText(plain, MAX)).toEqual(
      chunksOf('{"Service":"a","Version":"1","Endpoints":[],"Metadata":{}}'),
    );
  });

  test("a small packet that inflates to much is refused with the name of the option", () => {
    const bomb = chunksOf(JSON.stringify({ Service: "x".repeat(4 * MAX) }));
    expect(messageOf(() => decodeText(bomb, MAX))).toBe(
      "the TXT record inflates to more than max_record_size (1048576 bytes)",
    );
  });

  test("a record beyond the bound is not written", () => {
    const large = {
      name: "a",
      version: "",
      metadata: {},
      endpoints: [],
      nodeMetadata: { k: "x".repeat(200) },
    };
    expect(messageOf(() => encodeText(large, 100))).toContain("max_record_size allows 100");
  });

  test.each([
    ["not hexadecimal", [Buffer.from("zz")], "the TXT record is not hexadecimal"],
    ["empty", [Buffer.alloc(0)], "the TXT record is not hexadecimal"],
    ["half a byte", [Buffer.from("789")], "the TXT record is not hexadecimal"],
    ["not zlib", [Buffer.from("00ff00ff")], "the TXT record is not zlib"],
    ["not JSON", chunksOf("{"), "JSON"],
    ["null", chunksOf("null"), "the TXT record names no service"],
    ["a list", chunksOf("[]"), "the TXT record names no service"],
    ["without a service", chunksOf('{"Service":7}'), "the TXT record names no service"],
    ["with a nameless endpoint", chunksOf('{"Service":"a","Endpoints":[{}]}'), "endpoints[0].name"],
  ])("what is %s is refused in words", (_, chunks, message) => {
    expect(messageOf(() => decodeText(chunks, MAX))).toContain(message);
  });
});
