import { type CallContext, handle, MicroError } from "@micro/core";
import { eventually } from "@micro/core/conformance";
import { frame } from "@micro/grpc/internal";
import { describe, expect, test } from "vitest";
import { raw, statusOf, withServer } from "./world.ts";

const PROTO = { "content-type": "application/grpc+proto" };
const BYTES = { "content-type": "application/grpc+bytes" };
/** What Go Micro's clients send besides (spec 2.1). */
const MICRO = { "x-content-type": "application/grpc+json" };
const seen = (contexts: CallContext[]) =>
  handle("Debug.Health", (_request, context) => {
    contexts.push(context);
    return { ok: true };
  });

describe("a call as Go writes it (spec 2.1)", () => {
  test("is answered with the same sub-type, one frame and trailers", async () => {
    const echo = handle<Uint8Array, Uint8Array>("Debug.Health", () => Buffer.from("0a046f6b2078", "hex"));
    await withServer([echo], async ({ address }) => {
      const reply = await raw(address, "/go.micro.srv.dbg.Debug/Health", {
        headers: { ...PROTO, "grpc-timeout": "4999037u", timeout: "5000000000" },
        body: Buffer.from("00000000030a0178", "hex"),
      });
      expect(reply.headers[":status"]).toBe(200);
      expect(reply.headers["content-type"]).toBe("application/grpc+proto");
      expect(reply.data.toString("hex")).toBe("00000000060a046f6b2078");
      expect(reply.trailers).toMatchObject({ "grpc-status": "0", "grpc-message": "" });
    });
  });

  test("shows its headers to the handler, but not what belongs to the wire", async () => {
    const contexts: CallContext[] = [];
    await withServer([seen(contexts)], async ({ address }) => {
      const headers = {
        "foo-bar": "baz",
        "key-bin": "AQI",
        "user-agent": "grpc-go/1.33.3",
        "x-content-type": "application/grpc+json",
        "grpc-timeout": "3S",
        timeout: "5000000000",
        utf8: Buffer.from("häß€").toString("latin1"),
      };
      await raw(address, "/go.micro.srv.dbg.Debug/Health", { headers });
      const [context] = contexts;
      const metadata = context?.metadata.toJSON() ?? {};
      expect(metadata).toMatchObject({
        "Content-Type": "application/grpc+json",
        "Foo-Bar": "baz",
        "Key-Bin": "AQI",
        "User-Agent": "grpc-go/1.33.3",
        Utf8: "häß€",
        Local: address,
      });
      expect(metadata.Remote).toMatch(/^127\.0\.0\.1:\d+$/);
      expect(metadata[":authority"]).toBe(address);
      for (const key of ["Timeout", "X-Content-Type", "Grpc-Timeout", "Te", ":path"]) {
        expect(metadata[key], key).toBeUndefined();
      }
      expect(context?.remainingMs()).toBeGreaterThan(2000);
      expect(context?.remainingMs()).toBeLessThanOrEqual(3000);
    });
  });

  test("has the earlier of both deadlines", async () => {
    const contexts: CallContext[] = [];
    await withServer([seen(contexts)], async ({ address }) => {
      const headers = { "grpc-timeout": "1H", timeout: "2000000000" };
      await raw(address, "/Debug/Health", { headers });
      expect(contexts[0]?.remainingMs()).toBeLessThanOrEqual(2000);
    });
  });

  test("ends at its deadline, for the handler too", async () => {
    const aborted: string[] = [];
    const hang = handle("Debug.Hang", async (_, context) => {
      context.cancellation.onAbort((reason) => aborted.push(MicroError.from(reason).code));
      await new Promise(() => undefined);
    });
    await withServer([hang], async ({ address, server }) => {
      const reply = await raw(address, "/Debug/Hang", { headers: { ...MICRO, "grpc-timeout": "50m" } });
      const [code, text] = statusOf(reply);
      expect([code, JSON.parse(text).code]).toEqual([4, 408]);
      expect(aborted).toEqual(["TIMEOUT"]);
      // The handler never ends; the call has.
      expect(server.active).toBe(1);
    });
  });
});

describe("routing", () => {
  test("looks at the last part of the service only", async () => {
    await withServer([seen([])], async ({ address }) => {
      for (const path of [
        "/Debug/Health",
        "/some.other.pkg.Debug/Health",
        "/go.micro.srv.dbg.Debug/Health",
      ]) {
        const reply = await raw(address, path);
        expect(statusOf(reply), path).toEqual([0, ""]);
        expect(reply.data.subarray(5).toString()).toBe('{"ok":true}\n');
      }
    });
  });

  test("what is not there is Unimplemented, in Go's words (spec 2.2)", async () => {
    await withServer([seen([])], async ({ address }) => {
      const outcome = async (path: string) => statusOf(await raw(address, path));
      expect(await outcome("/pkg.Nobody/Known")).toEqual([12, "unknown service Nobody"]);
      expect(await outcome("/pkg.Debug/Unknown")).toEqual([12, "unknown service Debug.Unknown"]);
      expect(await outcome("/nonsense")).toEqual([12, 'malformed method name: "/nonsense"']);
    });
  });
});

describe("content types", () => {
  test("each sub-type has its codec", async () => {
    const echo = handle("Debug.Health", (request) => request);
    await withServer([echo], async ({ address }) => {
      const bytes = Buffer.from([0, 255, 7]);
      for (const headers of [PROTO, BYTES, { "content-type": "application/grpc" }]) {
        const reply = await raw(address, "/Debug/Health", { headers, body: frame(bytes) });
        expect(reply.headers["content-type"]).toBe(headers["content-type"]);
        expect(reply.data).toEqual(frame(bytes));
      }
      const body = frame(Buffer.from('{"a":1}'));
      const headers = { "content-type": "application/grpc+json; charset=utf-8" };
      const reply = await raw(address, "/Debug/Health", { body, headers });
      expect(reply.data.subarray(5).toString()).toBe('{"a":1}\n');
    });
  });

  test("an unknown sub-type is Internal by go.micro.server (spec 2.1)", async () => {
    await withServer([seen([])], async ({ address }) => {
      const headers = { ...MICRO, "content-type": "application/grpc+xml" };
      const reply = await raw(address, "/Debug/Health", { headers });
      const [code, text] = statusOf(reply);
      expect([code, JSON.parse(text).id]).toEqual([13, "go.micro.server"]);
      expect(text).toContain("application/grpc+xml");
    });
  });

  test("what is not gRPC is answered with 415", async () => {
    await withServer([seen([])], async ({ address }) => {
      for (const type of ["application/json", "application/grpc-web+proto", "application/grpcx", ""]) {
        const reply = await raw(address, "/Debug/Health", { headers: { "content-type": type } });
        expect(reply.headers[":status"], type).toBe(415);
      }
    });
  });
});

describe("errors (spec 2.2)", () => {
  test("have the bytes of Go's example", async () => {
    const fail = handle("Debug.Fail", () => {
      throw new MicroError({ id: "id.x", code: "NOT_FOUND", detail: "no such" });
    });
    await withServer([fail], async ({ address }) => {
      const reply = await raw(address, "/Debug/Fail", { headers: MICRO });
      expect(reply.trailers).toBeUndefined();
      expect(reply.headers).toMatchObject({
        ":status": 200,
        "content-type": "application/grpc+json",
        "grpc-status": "5",
        "grpc-message": '{"id":"id.x","code":404,"detail":"no such","status":"Not Found"}',
        "grpc-status-details-bin":
          "CAUSQHsiaWQiOiJpZC54IiwiY29kZSI6NDA0LCJkZXRhaWwiOiJubyBzdWNoIiwic3RhdHVzIjoiTm90IEZvdW5kIn0aQQogdHlwZS5nb29nbGVhcGlzLmNvbS9lcnJvcnMuRXJyb3ISHQoEaWQueBCUAxoHbm8gc3VjaCIJTm90IEZvdW5k",
      });
    });
  });

  test.each([
    ["BAD_REQUEST", 3],
    ["UNAUTHORIZED", 16],
    ["FORBIDDEN", 7],
    ["TIMEOUT", 4],
    ["CONFLICT", 6],
    ["PRECONDITION_FAILED", 9],
    ["INTERNAL", 13],
    ["UNIMPLEMENTED", 12],
    ["UNAVAILABLE", 14],
    ["RESOURCE_EXHAUSTED", 8],
    ["OUT_OF_RANGE", 11],
    ["ABORTED", 10],
    ["DATA_LOSS", 15],
    ["CANCELLED", 1],
    ["UNKNOWN", 2],
  ] as const)("%s is status %i", async (code, number) => {
    const fail = handle("Debug.Fail", () => {
      throw new MicroError({ code, detail: "x" });
    });
    await withServer([fail], async ({ address }) => {
      expect(statusOf(await raw(address, "/Debug/Fail"))[0]).toBe(number);
    });
  });

  test("without a number of Go's have plain text, as Go's own have", async () => {
    const fail = handle("Debug.Fail", () => {
      throw new MicroError({ id: "id.x", code: "UNKNOWN", detail: "\t50% of ☺\r\n" });
    });
    await withServer([fail], async ({ address }) => {
      expect(statusOf(await raw(address, "/Debug/Fail", { headers: MICRO }))).toEqual([2, "\t50% of ☺\r\n"]);
    });
  });

  test("of any text and length leave the connection whole", async () => {
    const texts = ["50% of é and \n", "lone \ud800 surrogate", "x".repeat(100_000), "😀".repeat(10_000)];
    const fail = handle<{ at: number }, never>("Debug.Fail", ({ at }) => {
      throw new MicroError({ code: "CONFLICT", detail: texts[at] ?? "" });
    });
    await withServer([fail], async ({ address }) => {
      for (const [at, text] of texts.entries()) {
        const body = frame(Buffer.from(JSON.stringify({ at })));
        const [code, message] = statusOf(await raw(address, "/Debug/Fail", { body, headers: MICRO }));
        const [standardCode, bare] = statusOf(await raw(address, "/Debug/Fail", { body }));
        expect([code, standardCode]).toEqual([6, 6]);
        const { detail } = JSON.parse(message) as { detail: string };
        expect(detail.length).toBeLessThan(1502);
        expect(text.toWellFormed().startsWith(detail.slice(0, 1490))).toBe(true);
        expect(bare).toBe(detail);
      }
    });
  });
});

describe("what a client does wrong", () => {
  test("a request without a message, and one with two", async () => {
    await withServer([seen([])], async ({ address }) => {
      const none = await raw(address, "/Debug/Health", { body: new Uint8Array(0) });
      expect(statusOf(none)).toEqual([12, "Debug.Health: the request ended without a message"]);
      const one = frame(Buffer.from("{}"));
      const two = await raw(address, "/Debug/Health", { body: Buffer.concat([one, one]) });
      expect(statusOf(two)[0]).toBe(12);
    });
  });

  test("a compression that nobody here knows", async () => {
    await withServer([seen([])], async ({ address }) => {
      const reply = await raw(address, "/Debug/Health", { headers: { "grpc-encoding": "br" } });
      expect(statusOf(reply)).toEqual([12, "grpc-encoding 'br' is not known: use identity, deflate, gzip"]);
    });
  });

  test("a message that is none, and a timeout that is none", async () => {
    await withServer([seen([])], async ({ address }) => {
      const broken = await raw(address, "/Debug/Health", { body: frame(Buffer.from("{")) });
      expect(statusOf(broken)[0]).toBe(3);
      for (const timeout of ["5", "S", "123456789S", "-1S", "1.5S"]) {
        const reply = await raw(address, "/Debug/Health", { headers: { "grpc-timeout": timeout } });
        expect(statusOf(reply)[0], timeout).toBe(13);
      }
    });
  });

  test("half a frame, then the end: nothing stays behind", async () => {
    await withServer([seen([])], async ({ address, server }) => {
      await raw(address, "/Debug/Health", { body: Buffer.from([0, 0, 0, 0, 9, 1]) });
      await eventually(() => expect(server.active).toBe(0));
    });
  });
});
