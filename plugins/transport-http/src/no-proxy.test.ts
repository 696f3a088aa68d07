import { readFileSync } from "node:fs";
import { parseAddress } from "@micro/core";
import { describe, expect, test } from "vitest";
import { directTargets } from "./no-proxy.ts";

interface Verdict {
  readonly noProxy: string;
  readonly direct: readonly string[];
}

const lines = readFileSync(`${import.meta.dirname}/testing/no-proxy-go.jsonl`, "utf8")
  .trim()
  .split("\n");
const { targets } = JSON.parse(lines[0] ?? "") as { readonly targets: readonly string[] };
const verdicts = lines.slice(1).map((line) => JSON.parse(line) as Verdict);

describe("the same targets are dialled directly as by Go", () => {
  test.each(verdicts)("NO_PROXY='$noProxy'", ({ noProxy, direct }) => {
    const isDirect = directTargets(noProxy.split(","));
    expect(targets.filter((target) => isDirect(parseAddress(target)))).toEqual(direct);
  });

  test("of many cases", () => {
    expect(verdicts.length * targets.length).toBeGreaterThan(1500);
  });
});

test("a zone does not hide where an address belongs", () => {
  expect(directTargets(["fe80::/10"])({ host: "fe80::1%eth0", port: 80 })).toBe(true);
});
