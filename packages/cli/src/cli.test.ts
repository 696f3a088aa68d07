import { convert, type OptionKind } from "@micro/core";
import { describe, expect, expectTypeOf, test } from "vitest";
import type { UserFlagValues } from "./cli.ts";
import { defineFlags, flag } from "./flags.ts";
import { nearestFlag } from "./nearest.ts";

describe("texts become values of their option's kind", () => {
  test.each<[OptionKind, string[], unknown]>([
    ["string", ["a", "b"], "b"],
    ["integer", ["-7"], -7],
    ["boolean", ["true"], true],
    ["boolean", ["false"], false],
    ["list", ["a,b", "c"], ["a", "b", "c"]],
    ["map", ["a=1,b=2", "c=x=y"], { a: "1", b: "2", c: "x=y" }],
    ["duration", ["5s"], "5s"],
  ])("%s of %j", (kind, texts, value) => expect(convert(kind, texts)).toEqual({ value }));

  test.each<[OptionKind, string]>([
    ["integer", "1.5"],
    ["integer", "abc"],
    ["integer", "99999999999999999999"],
    ["boolean", "maybe"],
    ["map", "no pair"],
  ])("%s refuses %j and says what it expects", (kind, text) => {
    expect(convert(kind, [text])).toEqual({ expected: expect.stringMatching(/\w/) as string });
  });
});

test("the values of an application's flags have the types of their declarations", () => {
  const flags = defineFlags({
    port: flag.integer({ description: "Port", default: 1 }),
    name: flag.string({ description: "Name" }),
  });
  type Values = UserFlagValues<typeof flags>;
  expectTypeOf<Values["port"]>().toEqualTypeOf<number>();
  expectTypeOf<Values["name"]>().toEqualTypeOf<string | undefined>();
  expect(flags.port).toMatchObject({ kind: "integer", default: 1 });
});

test("a mistyped flag finds the one that was meant, dashes and a forgotten prefix apart", () => {
  const names = ["broker", "broker_address", "micro_registry"];
  expect(nearestFlag("brokr_address", names)).toBe("broker_address");
  expect(nearestFlag("broker-address", names)).toBe("broker_address");
  expect(nearestFlag("registry", names)).toBe("micro_registry");
  expect(nearestFlag("zzzzzz", names)).toBeUndefined();
});
