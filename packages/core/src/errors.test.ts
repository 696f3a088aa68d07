import fc from "fast-check";
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

  test("names the codes where a number or nothing is given for one", () => {
    for (const code of [404, undefined, "not_found"])
      expect(() => new MicroError({ code: code as never, detail: "no such order" })).toThrow(
        `a MicroError needs one of the codes BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, METHOD_NOT_ALLOWED, TIMEOUT, CONFLICT, PRECONDITION_FAILED, OUT_OF_RANGE, RESOURCE_EXHAUSTED, ABORTED, CANCELLED, INTERNAL, UNIMPLEMENTED, UNAVAILABLE, DATA_LOSS, UNKNOWN, not ${code}`,
      );
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

  test("says what it can of anything that was thrown, and never throws itself", () => {
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    const hostile = {
      get message(): string {
        throw new Error("ha");
      },
    };
    const details = [
      new Error(""),
      { message: "of another realm" },
      { reason: 5 },
      Object.create(null),
      circular,
      hostile,
      Symbol("s"),
      undefined,
      null,
      5n,
    ].map((thrown) => MicroError.from(thrown).detail);
    expect(details).toEqual([
      "Error",
      "of another realm",
      '{"reason":5}',
      "{}",
      "an object that cannot be shown",
      "an object that cannot be shown",
      "Symbol(s)",
      "undefined",
      "null",
      "5",
    ]);
    fc.assert(
      fc.property(fc.anything(), (thrown) => {
        expect(typeof MicroError.from(thrown).detail).toBe("string");
      }),
    );
  });

  test("goes through its JSON unchanged; any text is read", () => {
    const codes = Object.keys(CODES) as (keyof typeof CODES)[];
    const any = fc.record({ code: fc.constantFrom(...codes), id: fc.string(), detail: fc.string() });
    fc.assert(
      fc.property(any, (options) => {
        const { code, id, detail, status } = new MicroError(options);
        expect(MicroError.fromJson(JSON.parse(JSON.stringify(new MicroError(options))))).toMatchObject({
          code,
          id,
          detail,
          status,
        });
      }),
    );
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(typeof MicroError.parse(text).detail).toBe("string");
      }),
    );
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
