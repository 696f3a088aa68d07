import { envelopeConformance, envelopeOf } from "@micro/codec/conformance";
import { MicroError } from "@micro/core";
import { instantiate } from "@micro/core/conformance";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jsonrpcCodec } from "./index.ts";

const format = envelopeOf(await instantiate(jsonrpcCodec));

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");
const nested = (depth: number) =>
  Buffer.from(`{"method":"a.b","params":[${"[".repeat(depth)}${"]".repeat(depth)}],"id":1}`);

describe("conformance", () => {
  const cases = envelopeConformance({
    format,
    payloads: [
      '{"name":"bob"}',
      "[1,2,[3,{}]]",
      '"a text, \\"with\\" [brackets} and \\u00fc ü"',
      "123456789012345678901234567890",
      "true",
      `{"long":"${"x".repeat(100_000)}"}`,
    ].map((payload) => Buffer.from(payload)),
    invalid: [
      "",
      " ",
      "null",
      "[]",
      '"text"',
      "{",
      "{}",
      '{"id":"1"}',
      '{"method":"a.b","params":[1],"result":1,}',
      '{"method":"a.b" "params":[1]}',
      '{"method":"a.b","params":[1],"result":01}',
      '{"method":"a.b","params":[tru],"result":1}',
      '{"method":"a.b","params":[1,],"result":1]',
      '{"method":"a.b","params":["\u0001"],"result":1}',
      '{"method":"a.b","params":["\\x"],"result":"\\u12g4"}',
      '{"method":"a.b","params":[1],"result":1} {}',
      '\uFEFF{"method":"a.b","params":[1],"result":1}',
      '{method:"a.b","params":[1],"result":1}',
      "{'method':1}",
    ]
      .map((body) => Buffer.from(body))
      .concat(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])),
    says: { request: ["method", "id"], reply: ["id", "error"] },
    unfit: ['1],"method":"other.one"', "{", "1 2", "nope"]
      .map((payload) => Buffer.from(payload))
      .concat(Buffer.from([0x22, 0xff, 0x22])),
    nested,
  });
  for (const promise of cases) test(promise.name, () => promise.run());
});

describe("the bodies of Go (spec 1.6)", () => {
  const request = '{"method":"Greeter.Hello","params":[{"name":"bob"}],"id":"1"}\n';
  const reply = '{"id":"1","result":{"msg":"Hello bob","n":42},"error":null}\n';
  const failed =
    '{"id":"","result":null,"error":"{\\"id\\":\\"go.micro.srv.greeter\\",\\"code\\":404,\\"detail\\":\\"no\\"}"}\n';
  const error = '{"id":"go.micro.srv.greeter","code":404,"detail":"no"}';

  test("are written byte for byte, whatever white space the message ends with", () => {
    const call = { method: "Greeter.Hello", id: "1", error: "" };
    expect(text(format.wrap({ kind: "request", ...call }, Buffer.from(' {"name":"bob"}\n')))).toBe(request);
    const answer = Buffer.from('{"msg":"Hello bob","n":42}\n');
    expect(text(format.wrap({ kind: "reply", ...call }, answer))).toBe(reply);
    expect(text(format.wrap({ kind: "reply", method: "", id: "", error }, answer))).toBe(failed);
  });

  test("are read", () => {
    const asked = format.unwrap(Buffer.from(request), "request");
    expect([asked.method, asked.id, text(asked.payload)]).toEqual(["Greeter.Hello", "1", '{"name":"bob"}']);
    const answered = format.unwrap(Buffer.from(reply), "reply");
    expect([answered.id, text(answered.payload)]).toEqual(["1", '{"msg":"Hello bob","n":42}']);
    const refused = format.unwrap(Buffer.from(failed), "reply");
    expect([refused.id, refused.error, refused.payload.length]).toEqual(["", error, 0]);
  });
});

describe("requests of others", () => {
  const read = (body: string) => format.unwrap(Buffer.from(body), "request");

  test.each([
    ["1", "1"],
    ["1.50", "1.50"],
    ["12345678901234567890123", "12345678901234567890123"],
    ["null", ""],
    ["true", "true"],
    ['"a\\u0062"', "ab"],
    ['{"a":[1, 2]}', '{"a":[1, 2]}'],
  ])("an id may be any JSON value, and %s comes back verbatim", (source, id) => {
    const request = read(`{"method":"a.b","params":[{}],"id": ${source} }`);
    expect(request.id).toBe(id);
    const { rawId } = request;
    const reply = format.wrap({ kind: "reply", method: "", id, rawId, error: "" }, Buffer.from("{}"));
    expect(text(reply)).toBe(`{"id":${source},"result":{},"error":null}\n`);
  });

  test("what is missing or null is empty, and a second parameter is not read", () => {
    expect(read('{"method":"a.b"}')).toMatchObject({ method: "a.b", id: "", payload: new Uint8Array(0) });
    for (const params of ["null", "[]", "[null]", "[ null , 1 ]"]) {
      expect(read(`{"params":${params},"method":null}`)).toMatchObject({
        method: "",
        payload: { length: 0 },
      });
    }
    expect(text(read('{"params" : [ 1 , {"a":[]} ]}').payload)).toBe("1");
  });

  test("a method that is no text and params that are no list are BAD_REQUEST", () => {
    for (const body of ['{"method":1}', '{"method":"a.b","params":{"a":1}}']) {
      expect(() => read(body)).toThrow("application/json-rpc body:");
    }
  });

  test("the last of several members counts, also under an escaped key, as JSON.parse reads it", () => {
    const { method, payload } = read('{"method":"a.a","params":[1],"par\\u0061ms":[2],"method":"b.b"}');
    expect([method, text(payload)]).toEqual(["b.b", "2"]);
  });

  test("an error names the byte", () => {
    expect(() => read('{"method":"a.b","params":[1}')).toThrow("unexpected '}' at byte 27");
    expect(() => read('{"method":"a.b","params":[')).toThrow("it ends in the middle at byte 26");
    expect(() => read(nested(6000).toString())).toThrow("nested too deep at byte");
  });
});

test("errors of other peers may be any JSON, and an empty one is an error too, as in Go", () => {
  const read = (error: string) => format.unwrap(Buffer.from(`{"id":1,"error":${error}}`), "reply").error;
  expect(read('{"code": 404, "detail":"no"}')).toBe('{"code": 404, "detail":"no"}');
  expect([read('""'), read("null"), read("7")]).toEqual(["unspecified error", "", "7"]);
});

test("finds what JSON.parse finds, and refuses what it refuses", () => {
  const source = fc.json({ maxDepth: 4 }).map((json) => Buffer.from(json));
  const padding = fc.constantFrom("", " ", "\n\t ", "\r");
  const member = fc.tuple(fc.constantFrom("params", "method", "id", "other", "__proto__"), source, padding);
  fc.assert(
    fc.property(
      fc.array(member, { maxLength: 5 }),
      fc.option(fc.tuple(fc.nat(200), fc.nat(255)), { nil: undefined }),
      (members, damage) => {
        const list = members.map(
          ([key, value, pad]) => `${pad}"${key}"${pad}:${pad}[${text(value)}${pad}]${pad}`,
        );
        const body = Buffer.from(`{${list.join(",").replaceAll('"method":[', '"method2":[')}}`);
        if (damage !== undefined) body[damage[0] % body.length] = damage[1];
        let parsed: unknown;
        try {
          parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body));
        } catch {
          expect(() => format.unwrap(body, "request")).toThrow(MicroError);
          return;
        }
        let payload: Uint8Array;
        try {
          ({ payload } = format.unwrap(body, "request"));
        } catch (error) {
          // Good JSON may still be no request: then it says so.
          expect((error as MicroError).code).toBe("BAD_REQUEST");
          const { params, method } = Object(parsed) as { params?: unknown; method?: unknown };
          const named = method === undefined || method === null || typeof method === "string";
          const fits = named && (Array.isArray(params) || params === null);
          expect(fits && !Array.isArray(parsed)).toBe(false);
          return;
        }
        const { params } = parsed as { params?: readonly unknown[] | null };
        const expected = params?.[0] ?? null;
        expect(payload.length === 0 ? null : JSON.parse(text(payload))).toEqual(expected);
      },
    ),
    { numRuns: 2000 },
  );
});

test("takes as a message what JSON.parse takes, and nothing else", () => {
  const wrap = (payload: Uint8Array) =>
    format.wrap({ kind: "request", method: "a.b", id: "1", error: "" }, payload);
  const damage = fc.tuple(fc.nat(200), fc.nat(127));
  fc.assert(
    fc.property(fc.json({ maxDepth: 3 }), fc.option(damage, { nil: undefined }), (json, change) => {
      const payload = Buffer.from(json);
      if (change !== undefined) payload[change[0] % payload.length] = change[1];
      let value: unknown;
      try {
        value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(payload));
      } catch {
        // Nothing but white space is the empty message.
        if (payload.toString().trim() !== "") expect(() => wrap(payload)).toThrow("one JSON value");
        return;
      }
      expect((JSON.parse(text(wrap(payload))) as { params: unknown[] }).params).toEqual([value]);
    }),
    { numRuns: 2000 },
  );
});
