import * as v from "valibot";
import { expect, test } from "vitest";
import { option } from "./option.ts";

test("a duration longer than a timer can run is refused: the timer would fire at once", () => {
  const { schema } = option.duration({ description: "How long" });
  expect(v.parse(schema, "596h")).toBe(596 * 3_600_000);
  expect(() => v.parse(schema, "597h")).toThrow("at most 24 days");
});

test("a list is no map, neither of texts nor of options", () => {
  const { schema: map } = option.map({ description: "Texts" });
  expect(v.parse(map, { zone: 1 })).toEqual({ zone: "1" });
  expect(() => v.parse(map, ["a"])).toThrow("must be a map of texts");
  const { schema: object } = option.object(
    { ca: option.string({ description: "Certificates" }) },
    { description: "Encryption" },
  );
  expect(v.parse(object, { ca: "pem" })).toEqual({ ca: "pem" });
  expect(() => v.parse(object, [])).toThrow("must be a map of options");
  expect(() => v.parse(object, null)).toThrow("must be a map of options");
});
