import { type Code, defineContract, type MicroError, unary } from "@micro/core";
import { rejection } from "@micro/core/conformance";
import { defineFile, defineMessage, type MessageType } from "@micro/core/message";
import { frame } from "@micro/grpc/internal";
import { describe, expect, test } from "vitest";
import { fail, type RawPeer, rawPeer, reply, withClient } from "./peers.ts";

const service = "go.micro.srv.dbg";
const endpoint = "Debug.Health";

async function withPeer(
  answer: Parameters<typeof rawPeer>[0],
  body: (peer: RawPeer) => Promise<void>,
): Promise<void> {
  const peer = await rawPeer(answer);
  try {
    await body(peer);
  } finally {
    await peer.close();
  }
}

describe("a request (spec 2.1)", () => {
  test("has Go's path, headers and frame", async () => {
    await withPeer(
      (stream) => reply(stream, [Buffer.from("{}")]),
      async (peer) =>
        withClient({}, async (client) => {
          const options = {
            address: peer.address,
            timeoutMs: 5000,
            metadata: {
              "Foo-Bar": "baz",
              "Key-Bin": "AQI=",
              utf8: "häß€",
              "grpc-status": "1",
              te: "gzip",
              timeout: "7",
            },
          };
          await client.call({ service, endpoint, message: { a: 1 } }, options);
          const [headers] = peer.calls;
          expect(headers).toMatchObject({
            ":method": "POST",
            ":scheme": "http",
            ":path": "/go.micro.srv.dbg.Debug/Health",
            ":authority": peer.address,
            "content-type": "application/grpc+json",
            te: "trailers",
            "foo-bar": "baz",
            "key-bin": "AQI=",
            utf8: Buffer.from("häß€").toString("latin1"),
            "micro-from-service": "caller",
          });
          expect(headers?.["grpc-status"]).toBeUndefined();
          expect(headers?.["grpc-timeout"]).toMatch(/^(5000|49\d\d)m$/);
          expect(headers?.timeout).toMatch(/^(5000|49\d\d)000000$/);
          expect(peer.bodies[0]).toEqual(frame(Buffer.from('{"a":1}\n')));
        }),
    );
  });

  test("has the path that the endpoint or the contract says", async () => {
    const file = defineFile({ name: "shop.proto", package: "shop.v1" });
    const Empty: MessageType<object> = defineMessage(file, "Empty", () => ({}));
    const methods = { place: unary({ input: Empty, output: Empty }) };
    const generated = defineContract({ name: "Orders", service: "shop", file, methods });
    const own = defineContract({ name: "Orders", service: "shop", methods: { place: unary() } });
    await withPeer(
      (stream) => reply(stream, [new Uint8Array(0)]),
      async ({ address, calls }) =>
        withClient({ contentType: "application/protobuf" }, async (client) => {
          await client.of(generated).place({}, { address });
          await client.of(own).place(undefined, { address });
          for (const [name, called] of [
            ["shop", "/any.Service/Method"],
            ["", "Orders.Place"],
            ["shop", "Place"],
          ]) {
            await client.call({ service: name ?? "", endpoint: called ?? "" }, { address });
          }
          expect(calls.map((headers) => headers[":path"])).toEqual([
            "/shop.v1.Orders/Place",
            "/shop.Orders/Place",
            "/any.Service/Method",
            "/Orders/Place",
            "/Place",
          ]);
        }),
    );
  });

  test.each([
    ["application/grpc+proto", "application/grpc+proto"],
    ["application/grpc", "application/grpc+proto"],
    ["application/proto", "application/grpc+proto"],
    ["application/protobuf", "application/grpc+proto"],
    ["application/octet-stream", "application/grpc+proto"],
    ["application/grpc+bytes", "application/grpc+bytes"],
    ["application/json", "application/grpc+json"],
    ["application/grpc+json", "application/grpc+json"],
  ])("%s is %s on the wire", async (contentType, wire) => {
    await withPeer(
      (stream) => reply(stream, [Buffer.from("{}")]),
      async ({ address, calls }) =>
        withClient({}, async (client) => {
          const message = wire.endsWith("json") ? {} : Buffer.from("x");
          await client.call({ service, endpoint, message }, { address, contentType });
          expect(calls[0]?.["content-type"]).toBe(wire);
        }),
    );
  });

  test("that cannot be sent is not: content type, metadata, size, protocol", async () => {
    await withPeer(
      (stream) => reply(stream, [Buffer.from("{}")]),
      async ({ address, calls }) =>
        withClient({ maxSendMessageSize: 1000 }, async (client) => {
          const call = (options: object, message: unknown = {}) =>
            rejection(client.call({ service, endpoint, message }, { address, ...options }));
          const cases = [
            [await call({ contentType: "text/plain" }), "BAD_REQUEST", /application\/grpc\+json/],
            [
              await call({ metadata: { key: "a\nb" } }),
              "BAD_REQUEST",
              /"key" has control or half characters/,
            ],
            [await call({ metadata: { "k!y": "a" } }), "BAD_REQUEST", /has the key "k!y"/],
            [await call({}, "x".repeat(1000)), "RESOURCE_EXHAUSTED", /client\.max_send_message_size/],
          ] as const;
          for (const [error, code, text] of cases) {
            expect([error.code, error.notSent]).toEqual([code, true]);
            expect(error.detail).toMatch(text);
          }
          expect(calls).toEqual([]);
        }),
    );
  });
});

/** The bytes of `google.rpc.Status{code: 5, details: [Any{typeUrl, value}]}`. */
function statusWith(...details: readonly (readonly [typeUrl: string, value: Uint8Array])[]): string {
  const field = (number: number, bytes: Uint8Array) =>
    Buffer.concat([Buffer.from([number * 8 + 2, bytes.length]), bytes]);
  const anys = details.map(([typeUrl, value]) =>
    field(3, Buffer.concat([field(1, Buffer.from(typeUrl)), field(2, value)])),
  );
  return Buffer.concat([Buffer.from([8, 5]), ...anys]).toString("base64");
}

describe("errors (spec 2.2)", () => {
  const outcome = async (status: Readonly<Record<string, string>>): Promise<MicroError> => {
    let error: MicroError | undefined;
    await withPeer(
      (stream) => fail(stream, status),
      async ({ address }) =>
        withClient({}, async (client) => {
          error = await rejection(client.call({ service, endpoint }, { address }));
        }),
    );
    return error as MicroError;
  };

  test("Go's example is read from its details", async () => {
    const error = await outcome({
      "grpc-status": "5",
      "grpc-message": "something else",
      "grpc-status-details-bin":
        "CAUSQHsiaWQiOiJpZC54IiwiY29kZSI6NDA0LCJkZXRhaWwiOiJubyBzdWNoIiwic3RhdHVzIjoiTm90IEZvdW5kIn0aQQogdHlwZS5nb29nbGVhcGlzLmNvbS9lcnJvcnMuRXJyb3ISHQoEaWQueBCUAxoHbm8gc3VjaCIJTm90IEZvdW5k",
    });
    expect(error).toMatchObject({
      id: "id.x",
      code: "NOT_FOUND",
      httpCode: 404,
      detail: "no such",
      status: "Not Found",
    });
  });

  test("without details the text is read as Go's JSON", async () => {
    const text = '{"id":"id.x","code":418,"detail":"tea %25","status":"Teapot"}';
    const error = await outcome({ "grpc-status": "2", "grpc-message": text });
    expect(error).toMatchObject({ id: "id.x", code: "UNKNOWN", httpCode: 418, detail: "tea %" });
    const none = await outcome({ "grpc-status": "9", "grpc-message": '{"detail":"no code"}' });
    expect(none).toMatchObject({ id: "go.micro.client", code: "PRECONDITION_FAILED" });
  });

  test.each<[number, Code, number]>([
    [1, "CANCELLED", 499],
    [2, "UNKNOWN", 500],
    [3, "BAD_REQUEST", 400],
    [4, "TIMEOUT", 408],
    [5, "NOT_FOUND", 404],
    [6, "CONFLICT", 409],
    [7, "FORBIDDEN", 403],
    [8, "RESOURCE_EXHAUSTED", 429],
    [9, "PRECONDITION_FAILED", 412],
    [10, "ABORTED", 449],
    [11, "OUT_OF_RANGE", 416],
    [12, "UNIMPLEMENTED", 501],
    [13, "INTERNAL", 500],
    [14, "UNAVAILABLE", 503],
    [15, "DATA_LOSS", 520],
    [16, "UNAUTHORIZED", 401],
    [77, "UNKNOWN", 500],
  ])("status %i of another server is %s", async (status, code, httpCode) => {
    const error = await outcome({ "grpc-status": `${status}`, "grpc-message": "caf%C3%A9" });
    expect(error).toMatchObject({ code, httpCode, detail: "café", id: "go.micro.client", notSent: false });
  });

  test.each<[string, Code, number]>([
    ["orders: context deadline exceeded", "TIMEOUT", 408],
    ["orders: context canceled", "CANCELLED", 499],
  ])("a context error that a Go handler has wrapped, '%s', is %s", async (detail, code, httpCode) => {
    const plain = await outcome({ "grpc-status": "2", "grpc-message": detail });
    expect(plain).toMatchObject({ id: "go.micro.client", code, httpCode, detail });
    const field = (key: number, value: Uint8Array) =>
      Buffer.concat([Buffer.from([key, value.length]), value]);
    const own = Buffer.concat([
      field(0x0a, Buffer.from("type.googleapis.com/errors.Error")),
      field(0x12, Buffer.concat([field(0x0a, Buffer.from("orders")), field(0x1a, Buffer.from(detail))])),
    ]);
    const status = Buffer.concat([Buffer.from([0x08, 2]), field(0x1a, own)]).toString("base64");
    const coded = await outcome({ "grpc-status": "2", "grpc-status-details-bin": status });
    expect(coded).toMatchObject({ id: "orders", code, httpCode, detail });
    const other = await outcome({ "grpc-status": "13", "grpc-message": detail });
    expect(other).toMatchObject({ code: "INTERNAL", detail });
  });

  test("details of other kinds are handed on", async () => {
    const url = "type.googleapis.com/google.rpc.RetryInfo";
    const bytes = statusWith([url, Uint8Array.of(1, 2)]);
    const error = await outcome({
      "grpc-status": "5",
      "grpc-message": "x",
      "grpc-status-details-bin": bytes,
    });
    expect(error).toMatchObject({ code: "NOT_FOUND", detail: "x" });
    expect(error.details).toEqual([{ typeUrl: url, value: Uint8Array.of(1, 2) }]);
    const broken = await outcome({
      "grpc-status": "5",
      "grpc-message": "x",
      "grpc-status-details-bin": "/////w",
    });
    expect(broken).toMatchObject({ code: "NOT_FOUND", detail: "x" });
  });

  test("a server that is none of gRPC is told apart", async () => {
    await withPeer(
      (stream) => {
        stream.respond({ ":status": 404, "content-type": "text/html" });
        stream.end("<html>".repeat(100));
      },
      async ({ address }) =>
        withClient({}, async (client) => {
          const error = await rejection(client.call({ service, endpoint }, { address }));
          expect(error.code).toBe("UNIMPLEMENTED");
        }),
    );
  });

  test("replies that break the protocol", async () => {
    const cases: [Parameters<typeof rawPeer>[0], Code, RegExp][] = [
      [(stream) => reply(stream, []), "UNIMPLEMENTED", /it sent no reply/],
      [
        (stream) => reply(stream, [Buffer.from("{}"), Buffer.from("{}")]),
        "UNIMPLEMENTED",
        /more than one reply/,
      ],
      [(stream) => reply(stream, [Buffer.from("{")]), "INTERNAL", /reply of Debug\.Health/],
      [(stream) => stream.close(2), "INTERNAL", /RST_STREAM/],
    ];
    for (const [answer, code, text] of cases) {
      await withPeer(answer, async ({ address }) =>
        withClient({}, async (client) => {
          const error = await rejection(client.call({ service, endpoint }, { address }));
          expect([error.code, error.notSent]).toEqual([code, false]);
          expect(error.detail).toMatch(text);
        }),
      );
    }
  });

  test("a stream that the server refused was not sent", async () => {
    await withPeer(
      (stream) => stream.close(7),
      async ({ address }) =>
        withClient({}, async (client) => {
          const error = await rejection(client.call({ service, endpoint }, { address }));
          expect([error.code, error.notSent]).toEqual(["UNAVAILABLE", true]);
        }),
    );
  });

  test("a connection that breaks in the middle of a call may have run it", async () => {
    await withPeer(
      (stream) => stream.session?.destroy(),
      async ({ address }) =>
        withClient({}, async (client) => {
          const error = await rejection(client.call({ service, endpoint }, { address }));
          expect([error.code, error.notSent]).toEqual(["UNAVAILABLE", false]);
        }),
    );
  });
});
