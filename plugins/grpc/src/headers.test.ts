import { expect, test } from "vitest";
import { frame } from "./frame.ts";
import { ACCEPT_ENCODING, ENCODINGS, toHeaderValue } from "./headers.ts";

test("values that are not ASCII go out as the bytes of UTF-8", () => {
  expect(toHeaderValue("plain ~ text")).toBe("plain ~ text");
  expect(Buffer.from(toHeaderValue("bäz €"), "latin1").toString("utf8")).toBe("bäz €");
});

test("spaces around a value are left out, as HTTP/2 has none there", () => {
  expect(toHeaderValue("  a  b ")).toBe("a  b");
  expect(toHeaderValue(" ")).toBe("");
  expect(Buffer.from(toHeaderValue(" bäz "), "latin1").toString("utf8")).toBe("bäz");
});

test("what is said to be understood is what can be read", () => {
  expect(ACCEPT_ENCODING.split(",")).toEqual([...ENCODINGS]);
});

test("a frame has a flag, the length and the message", () => {
  expect([...frame(Uint8Array.of(7, 8))]).toEqual([0, 0, 0, 0, 2, 7, 8]);
  expect([...frame(new Uint8Array(0), 1)]).toEqual([1, 0, 0, 0, 0]);
});
