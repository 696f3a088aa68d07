import { Frame, frameSchema } from "@micro/codec";
import { bytesCodec } from "@micro/codec-bytes";
import { grpcCodec } from "@micro/codec-grpc";
import { jsonCodec } from "@micro/codec-json";
import { jsonrpcCodec } from "@micro/codec-jsonrpc";
import { protobufCodec } from "@micro/codec-protobuf";
import { protorpcCodec } from "@micro/codec-protorpc";
import { bidiStream, defineContract, MicroError, serverStream, unary } from "@micro/core";
import { instantiate } from "@micro/core/conformance";
import { defineFile, defineMessage, type MessageType } from "@micro/core/message";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type GoWorld, goReply, goReplyOf, startGoWorld } from "./go-server.ts";

const JSON_RPC = "application/json-rpc";
const PROTO_RPC = "application/proto-rpc";
const BYTES = "application/octet-stream";

const file = defineFile({ name: "debug.proto", package: "debug" });

interface HealthRequest {
  service: string;
}
const HealthRequest: MessageType<HealthRequest> = defineMessage(file, "HealthRequest", () => ({
  service: { number: 1, type: "string" },
}));
interface StatsResponse {
  memory: bigint;
  requests: bigint;
}
const StatsResponse: MessageType<StatsResponse> = defineMessage(file, "StatsResponse", () => ({
  memory: { number: 4, type: "uint64" },
  requests: { number: 7, type: "uint64" },
}));

const greeter = defineContract({
  name: "Greeter",
  service: "greeter",
  methods: {
    hello: unary<{ readonly name: string }, { readonly msg: string }>(),
    health: unary({ input: HealthRequest, output: StatsResponse }),
    chat: bidiStream<{ readonly name: string }, { readonly msg: string }>(),
    count: serverStream<{ readonly to: number }, { readonly at: number }>(),
  },
});

const hex = (...parts: string[]) => Buffer.from(parts.join("").replaceAll(" ", ""), "hex");
const HEAD = "0a0e 477265657465722e4865616c7468 11 0000000000000000";
/** `Greeter.Health` with number 0, which takes no bytes. */
const HEALTH = hex("00000010 0a0e 477265657465722e4865616c7468 00000003 0a0178");
const STATS = hex("00000019", HEAD, "00000009 200538808080808020");
const NOT_FOUND =
  '{"id":"go.micro.srv.greeter","code":404,"detail":"no such name: err","status":"Not Found"}';

let world: GoWorld;
beforeEach(async () => {
  world = await startGoWorld({
    codecs: [
      await instantiate(jsonCodec),
      await instantiate(bytesCodec),
      await instantiate(protobufCodec),
      await instantiate(jsonrpcCodec),
      await instantiate(protorpcCodec),
      await instantiate(grpcCodec),
    ],
  });
});
afterEach(() => world.stop());

const methods = (contentType?: string) =>
  world.client.of(greeter, contentType === undefined ? {} : { contentType });

async function errorOf(promise: Promise<unknown>): Promise<MicroError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (MicroError.is(error)) return error;
  throw new Error("a MicroError was expected");
}

describe("json-rpc (spec 1.6)", () => {
  test("requests and replies are in envelopes, and the headers stay", async () => {
    const reply = methods(JSON_RPC).hello({ name: "bob" });
    const { header, body, answer } = await world.next();
    expect(header).toMatchObject({
      Accept: JSON_RPC,
      "Content-Type": JSON_RPC,
      "Micro-Endpoint": "Greeter.Hello",
      "Micro-Id": "0",
    });
    expect(body).toBe('{"method":"Greeter.Hello","params":[{"name":"bob"}],"id":"0"}\n');
    answer(goReply({}, '{"id":"0","result":{"msg":"Hello bob","n":42},"error":null}\n'));
    expect(await reply).toEqual({ msg: "Hello bob", n: 42 });
  });

  test("an error is read from the header, and from the body alone", async () => {
    const body = `{"id":"","result":null,"error":${JSON.stringify(NOT_FOUND)}}\n`;
    for (const header of [{ "Micro-Error": NOT_FOUND, "X-Micro-Error": NOT_FOUND }, {}]) {
      const error = errorOf(methods(JSON_RPC).hello({ name: "err" }));
      (await world.next()).answer(goReply(header, body));
      expect((await error).toJSON()).toEqual(JSON.parse(NOT_FOUND));
    }
    const plain = errorOf(methods(JSON_RPC).hello({ name: "err" }));
    (await world.next()).answer(goReply({}, '{"id":"0","result":null,"error":"plain error"}\n'));
    expect(await plain).toMatchObject({ code: "UNKNOWN", detail: "plain error" });
  });

  test("a reply that is no envelope is an error", async () => {
    for (const body of ['{"msg":"Hello"}', '{"id":"0","result":{', ""]) {
      const error = errorOf(methods(JSON_RPC).hello({ name: "bob" }));
      (await world.next()).answer(goReply({}, body));
      const { id, code, detail } = await error;
      expect([id, code]).toEqual(["go.micro.client.codec", "INTERNAL"]);
      expect(detail).toContain("reply of Greeter.Hello: application/json-rpc body:");
    }
  });

  test("a server that has no such codec says so in plain text", async () => {
    const error = errorOf(methods(JSON_RPC).hello({ name: "bob" }));
    const header = { "Content-Type": "text/plain" };
    (await world.next()).answer(goReply(header, `Unsupported Content-Type: ${JSON_RPC}`));
    expect((await error).detail).toContain(`Unsupported Content-Type: ${JSON_RPC}`);
  });
});

describe("proto-rpc (spec 1.7)", () => {
  test("requests and replies are the bytes of Go", async () => {
    const reply = methods(PROTO_RPC).health({ service: "x" });
    const { header, body, answer } = await world.next();
    expect(header["Content-Type"]).toBe(PROTO_RPC);
    expect(Buffer.from(body, "latin1")).toEqual(HEALTH);
    answer(goReplyOf({}, STATS));
    expect(await reply).toEqual({ memory: 5n, requests: 2n ** 40n });
  });

  test("an error in the body alone is one", async () => {
    const error = errorOf(methods(PROTO_RPC).health({ service: "x" }));
    (await world.next()).answer(goReplyOf({}, hex("00000007 1a05 706c61696e 00000000")));
    expect((await error).detail).toBe("plain");
  });

  test("lengths that lie are an error", async () => {
    const error = errorOf(methods(PROTO_RPC).health({ service: "x" }));
    (await world.next()).answer(goReplyOf({}, STATS.subarray(0, STATS.length - 1)));
    expect(await error).toMatchObject({ code: "INTERNAL", id: "go.micro.client.codec" });
  });
});

test("grpc frames", async () => {
  const reply = methods("application/grpc+proto").health({ service: "x" });
  const { body, answer } = await world.next();
  expect(Buffer.from(body, "latin1")).toEqual(hex("00 00000003 0a0178"));
  answer(goReplyOf({}, hex("00 00000009 200538808080808020")));
  expect(await reply).toEqual({ memory: 5n, requests: 2n ** 40n });
  const empty = methods("application/grpc").health({ service: "" });
  const second = await world.next();
  expect(Buffer.from(second.body, "latin1")).toEqual(hex("00 00000000"));
  second.answer(goReply({}));
  expect(await empty).toEqual({ memory: 0n, requests: 0n });
});

describe("a node that names no protocol (spec 1.8)", () => {
  beforeEach(() => {
    world.nodeMetadata = { transport: "http" };
  });

  test("is sent json-rpc for JSON, and Accept keeps the original", async () => {
    const reply = methods().hello({ name: "bob" });
    const { header, body, answer } = await world.next();
    expect(header).toMatchObject({ Accept: "application/json", "Content-Type": JSON_RPC });
    expect(body).toBe('{"method":"Greeter.Hello","params":[{"name":"bob"}],"id":"0"}\n');
    answer(goReply({}, '{"id":"0","result":{"msg":"Hello bob"},"error":null}\n'));
    expect(await reply).toEqual({ msg: "Hello bob" });
  });

  test("is sent proto-rpc for protobuf, and for bytes under their own name", async () => {
    for (const [contentType, sent] of [
      ["application/protobuf", PROTO_RPC],
      [BYTES, BYTES],
    ] as const) {
      const reply = methods(contentType).health({ service: "x" });
      const { header, body, answer } = await world.next();
      expect([header.Accept, header["Content-Type"]]).toEqual([contentType, sent]);
      expect(body).toContain("Greeter.Health");
      expect(Buffer.from(body, "latin1").subarray(-7)).toEqual(hex("00000003 0a0178"));
      answer(goReplyOf({}, STATS));
      expect(await reply).toEqual({ memory: 5n, requests: 2n ** 40n });
    }
  });

  test("is sent what asks for an envelope already as it is", async () => {
    const reply = methods(JSON_RPC).hello({ name: "bob" });
    const { header, answer } = await world.next();
    expect(header).toMatchObject({ Accept: JSON_RPC, "Content-Type": JSON_RPC });
    answer(goReply({}, '{"id":"0","result":{"msg":"x"},"error":null}\n'));
    await reply;
  });

  test("a stream is in envelopes from the first frame to the last", async () => {
    async function* requests() {
      yield { name: "a" };
    }
    const replies = methods().chat(requests())[Symbol.asyncIterator]();
    const first = replies.next();
    const [open, data, eos] = [await world.next(), await world.next(), await world.next()];
    expect(open.header).toMatchObject({ Accept: "application/json", "Content-Type": JSON_RPC });
    // Go's server reads an envelope in the first frame too, and fails on an empty one.
    expect([open.body, data.body, eos.body]).toEqual([
      '{"method":"Greeter.Chat","params":[null],"id":"0"}\n',
      '{"method":"Greeter.Chat","params":[{"name":"a"}],"id":"0"}\n',
      "",
    ]);
    data.answer(goReply({ "Micro-Error": "EOS" }, '{"id":"0","result":{"msg":"1"},"error":null}\n'));
    expect((await first).value).toEqual({ msg: "1" });
    const end = { "Micro-Error": "EOS", "X-Micro-Error": "EOS" };
    eos.answer(goReply(end, '{"id":"0","result":null,"error":"EOS"}\n'));
    expect(await replies.next()).toEqual({ done: true, value: undefined });
  });

  test("a stream's error and its end are read from the body alone too", async () => {
    for (const [text, code] of [
      [NOT_FOUND, "NOT_FOUND"],
      ["EOS", undefined],
    ] as const) {
      const replies = methods().count({ to: 1 })[Symbol.asyncIterator]();
      const first = replies.next();
      await world.next();
      const data = await world.next();
      data.answer(goReply({}, `{"id":"0","result":null,"error":${JSON.stringify(text)}}\n`));
      if (code === undefined) expect(await first).toEqual({ done: true, value: undefined });
      else expect((await errorOf(first)).code).toBe(code);
    }
  });

  test("without the codec it needs, the error names the plugin", async () => {
    const poor = await startGoWorld({
      codecs: [await instantiate(jsonCodec), await instantiate(protobufCodec)],
    });
    try {
      poor.nodeMetadata = { protocol: "" };
      const { hello, health } = poor.client.of(greeter);
      const error = await errorOf(hello({ name: "bob" }));
      expect(error).toMatchObject({ code: "UNIMPLEMENTED", notSent: true });
      expect(error.detail).toContain("list jsonrpcCodec of @micro/codec-jsonrpc");
      const other = await errorOf(health({ service: "x" }, { contentType: "application/protobuf" }));
      expect(other.detail).toContain("list protorpcCodec of @micro/codec-protorpc");
    } finally {
      await poor.stop();
    }
  });
});

describe("frames (spec 1.5)", () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));

  test.each([BYTES, "application/json", "application/protobuf"])("go verbatim as %s", async (contentType) => {
    const reply = world.client.call<Frame>(
      { service: "greeter", endpoint: "Greeter.Echo", message: new Frame(bytes), output: frameSchema },
      { contentType },
    );
    const { header, body, answer } = await world.next();
    expect(header["Content-Type"]).toBe(contentType);
    expect(Buffer.from(body, "latin1")).toEqual(bytes);
    answer(goReplyOf({}, bytes));
    const frame = await reply;
    expect(Buffer.from(frame.bytes)).toEqual(bytes);
  });

  test("are the message inside an envelope, which must be able to hold them", async () => {
    const call = (message: Frame) =>
      world.client.call<Frame>(
        { service: "greeter", endpoint: "Greeter.Echo", message, output: frameSchema },
        { contentType: JSON_RPC },
      );
    const reply = call(new Frame(Buffer.from("[12345678901234567890]")));
    const { body, answer } = await world.next();
    expect(body).toBe('{"method":"Greeter.Echo","params":[[12345678901234567890]],"id":"0"}\n');
    answer(goReply({}, '{"id":"0","result": 1.50 ,"error":null}\n'));
    expect(Buffer.from((await reply).bytes).toString()).toBe("1.50");
    const error = await errorOf(call(new Frame(bytes)));
    expect(error).toMatchObject({ code: "BAD_REQUEST", notSent: true });
    expect(error.detail).toContain("application/json-rpc carries one JSON value");
  });

  test("a frame is published verbatim", async () => {
    await world.client.publish("a.topic", new Frame(Buffer.from("raw")), { contentType: "application/json" });
    expect(world.published[0]?.body).toBe("raw");
  });
});
