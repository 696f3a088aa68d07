import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jsonErrorPlace } from "./json-error.ts";

describe("a JSON text that is none", () => {
  test.each([
    ['{\n"a": x}', 2],
    ['{\n"a": 1,\n}', 3],
    ["[\n1\n2]", 3],
    ['{"a"\n1}', 2],
    ['{"a":\n"x', 2],
    ["[1]\n]", 2],
    ["{\n'a': 1}", 2],
    ["// text\n{}", 1],
    ["[\n01]", 2],
  ])("%j is wrong on line %i", (text, line) => {
    expect(() => JSON.parse(text)).toThrow();
    expect(jsonErrorPlace(text)?.line).toBe(line);
  });

  test("is told from one that is one", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(jsonErrorPlace(text)).toBeUndefined();
      }),
    );
    const nearly = fc
      .array(fc.constantFrom("{", "}", "[", "]", ",", ":", '"a"', "1", "null", " ", "\n"), { maxLength: 12 })
      .map((tokens) => tokens.join(""));
    fc.assert(
      fc.property(nearly, (text) => {
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        expect(jsonErrorPlace(text) === undefined).toBe(valid);
      }),
      { numRuns: 2000 },
    );
  });
});
