import { describe, expect, test } from "vitest";
import { canonicalKey, Metadata } from "./metadata.ts";

describe("Metadata", () => {
  test("has keys without case", () => {
    const metadata = new Metadata({ "Foo-Bar": "1" });
    expect(metadata.get("foo-bar")).toBe("1");
    expect(metadata.get("FOO-BAR")).toBe("1");
    metadata.set("fOO-bAR", "2");
    expect([...metadata]).toEqual([["foo-bar", "2"]]);
    expect(metadata.delete("Foo-Bar")).toBe(true);
    expect(metadata.size).toBe(0);
  });

  test("writes canonical keys as Go does (spec 7.9)", () => {
    expect(new Metadata({ "micro-ID": "7", "x-api-id": "a" }).toJSON()).toEqual({
      "Micro-Id": "7",
      "X-Api-Id": "a",
    });
    expect(canonicalKey("traceparent")).toBe("Traceparent");
  });

  test("forwards no key of one hop (spec 1.4)", () => {
    const metadata = new Metadata({
      "Foo-Bar": "baz",
      Authorization: "Bearer x",
      "Content-Type": "application/json",
      Timeout: "5",
      Local: "a",
      Remote: "b",
      "Micro-Id": "1",
      "Micro-Topic": "t",
      "X-Micro-Error": "e",
      "Micro-Reply-Region": "what another handler said",
      "Micro-Trailer-Cost": "7",
    });
    expect(metadata.forwarded().toJSON()).toEqual({ "Foo-Bar": "baz", Authorization: "Bearer x" });
  });

  test("is copied by clone and by construction", () => {
    const first = new Metadata([["a", "1"]]);
    const second = first.clone().set("a", "2");
    expect(first.get("a")).toBe("1");
    expect(new Metadata(second).get("A")).toBe("2");
  });

  test("begins with the pairs of another, which it shares until it changes them", () => {
    const base = new Metadata([
      ["a", "1"],
      ["b", "2"],
    ]);
    const one = Metadata.over(base).set("C", "3");
    expect([one.size, one.get("A"), one.get("c"), one.get("d"), one.has("b")]).toEqual([
      3,
      "1",
      "3",
      undefined,
      true,
    ]);
    expect([one.keyAt(1), one.valueAt(1), one.keyAt(2), one.valueAt(2)]).toEqual(["b", "2", "c", "3"]);
    const two = one.clone().set("a", "9");
    expect(two.delete("B")).toBe(true);
    expect(two.delete("b")).toBe(false);
    expect([...two]).toEqual([
      ["a", "9"],
      ["c", "3"],
    ]);
    const three = Metadata.over(one).set("d", "4");
    expect(three.toJSON()).toEqual({ A: "1", B: "2", C: "3", D: "4" });
    expect(one.toJSON()).toEqual({ A: "1", B: "2", C: "3" });
    expect(base.toJSON()).toEqual({ A: "1", B: "2" });
  });

  test("takes prototype names as plain keys", () => {
    expect(
      new Metadata(JSON.parse('{"__proto__": "x", "constructor": "y"}') as Record<string, string>).get(
        "constructor",
      ),
    ).toBe("y");
    expect(new Metadata().get("constructor")).toBeUndefined();
  });
});
