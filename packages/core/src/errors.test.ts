import { describe, expect, test } from "vitest";
import { CODES, codeOfHttp, MicroError } from "./errors.ts";

describe("MicroError", () => {
  test("has Go Micro's JSON (spec 1.11)", () => {
    const error = new MicroError({
      id: "go.micro.srv.greeter",
      code: "NOT_FOUND",
      detail: "no such name: bob",
    });
    expect(JSON.stringify(error)).toBe(
      '{"id":"go.micro.srv.greeter","code":404,"detail":"no such name: bob","status":"Not Found"}',
    );
  });

  test("reads the JSON of a Go service back", () => {
    const error = MicroError.parse(
      '{"id":"go.micro.srv.greeter","code":404,"detail":"x \\u003c\\u0026","status":"Not Found"}',
    );
    expect(error).toMatchObject({
      id: "go.micro.srv.greeter",
      code: "NOT_FOUND",
      httpCode: 404,
      detail: "x <&",
      status: "Not Found",
    });
  });

  test("takes plain text as the detail", () => {
    expect(MicroError.parse("plain error")).toMatchObject({
      code: "UNKNOWN",
      httpCode: 0,
      detail: "plain error",
      id: "",
    });
    expect(MicroError.parse("{broken").detail).toBe("{broken");
    expect(MicroError.parse("{broken").toJSON()).toEqual({ detail: "{broken" });
  });

  test("keeps a number outside the table", () => {
    expect(MicroError.parse('{"code":418,"detail":"tea"}').toJSON()).toEqual({ code: 418, detail: "tea" });
  });

  test("survives JSON of wrong types", () => {
    expect(MicroError.parse('{"id":5,"code":"x","detail":null,"status":[]}').toJSON()).toEqual({});
  });

  test("wraps what was thrown and keeps the cause", () => {
    const cause = new TypeError("boom");
    expect(MicroError.from(cause, { id: "greeter" })).toMatchObject({
      code: "INTERNAL",
      detail: "boom",
      id: "greeter",
      cause,
    });
    const same = new MicroError({ code: "CONFLICT", detail: "x" });
    expect(MicroError.from(same)).toBe(same);
    expect(MicroError.from("text").detail).toBe("text");
  });

  test("is known by its brand, not by its class", () => {
    expect(MicroError.is({ [Symbol.for("micro.error")]: true })).toBe(true);
    expect(MicroError.is(new Error("x"))).toBe(false);
    expect(MicroError.is(null)).toBe(false);
  });
});

test("each code has its own number", () => {
  for (const [code, { http }] of Object.entries(CODES)) expect(codeOfHttp(http)).toBe(code);
  expect(codeOfHttp(999)).toBe("UNKNOWN");
});
