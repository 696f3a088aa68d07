import * as v from "valibot";
import { expect, test } from "vitest";
import { option } from "./option.ts";

test("a duration longer than a timer can run is refused: the timer would fire at once", () => {
  const { schema } = option.duration({ description: "How long" });
  expect(v.parse(schema, "596h")).toBe(596 * 3_600_000);
  expect(() => v.parse(schema, "597h")).toThrow("at most 24 days");
});
