import type { DeclaredFlag } from "@micro/cli";
import type { OptionKind } from "@micro/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Failure } from "../failure.ts";
import { splitLine } from "./split-line.ts";

const flag = (name: string, kind: OptionKind): readonly [string, DeclaredFlag] => [
  name,
  { name, env: name.toUpperCase(), kind, description: name, secret: false, target: { kind: "configFile" } },
];
const options = {
  ownFlags: new Map([
    ["output", "value"],
    ["o", "value"],
    ["long", "switch"],
  ] as const),
  componentFlags: new Map([
    flag("registry", "string"),
    flag("registry_ipv6", "boolean"),
    flag("broker_address", "list"),
  ]),
  components: ["registry", "broker"],
};
const split = (...argv: readonly string[]) => splitLine(argv, options);

test("flags of components go to components, wherever they stand, everything else to the command", () => {
  const { own, given, typed } = split(
    "--registry",
    "file",
    "call",
    "--no-registry_ipv6",
    "-o",
    "json",
    "greeter",
    "--broker_address=a",
    "-",
    "--long",
    "-broker_address",
    "b",
  );
  expect(own).toEqual(["call", "-o", "json", "greeter", "@-", "--long"]);
  expect(Object.fromEntries(given)).toEqual({
    registry: ["file"],
    registry_ipv6: ["false"],
    broker_address: ["a", "b"],
  });
  expect(typed).toEqual([
    "--registry",
    "file",
    "--no-registry_ipv6",
    "--broker_address=a",
    "-broker_address",
    "b",
  ]);
});

test("behind -- there are no flags", () => {
  expect(split("call", "--", "--registry", "x").own).toEqual(["call", "--", "--registry", "x"]);
});

test.each([
  [["--registr", "x"], /unknown flag --registr/],
  [["--registry"], /--registry needs a value/],
  [["--output"], /--output needs a value/],
  [["--no-registry"], /unknown flag --no-registry/],
  [["--registry_ipv6=often"], /must be true or false, not 'often'/],
])("%j is a mistake", (argv, expected) => {
  expect(() => split(...argv)).toThrow(expected);
  expect(() => split(...argv)).toThrow(Failure);
});

test("any words are split or refused with a usage error, and none is lost", () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom(
      "--registry",
      "--registry=",
      "--no-registry_ipv6",
      "-o",
      "--",
      "-",
      "--__proto__",
      "--long=x",
      "{}",
    ),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), (argv) => {
      try {
        const { own, typed } = splitLine(argv, options);
        expect(own.length + typed.length).toBe(argv.length);
      } catch (error) {
        expect(error).toBeInstanceOf(Failure);
        expect((error as Failure).exitCode).toBe(2);
      }
    }),
  );
});
