import { Frame, frameSchema } from "@micro/codec";
import { bytesCodec } from "@micro/codec-bytes";
import { grpcCodec } from "@micro/codec-grpc";
import { jsonCodec } from "@micro/codec-json";
import { jsonrpcCodec } from "@micro/codec-jsonrpc";
import { protobufCodec } from "@micro/codec-protobuf";
import { protorpcCodec } from "@micro/codec-protorpc";
import { bidiStream, defineContract, implement, MicroError, serverStream, unary } from "@micro/core";
import { eventually, instantiate } from "@micro/core/conformance";
import { defineFile, defineMessage, type MessageType } from "@micro/core/message";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { goRequest, goRequestOf, type Peer, startWorld, type World } from "./world.ts";

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
    hello: unary<{ readonly name: string }, { readonly msg: string; readonly n: number }>(),
    health: unary({ input: HealthRequest, output: StatsResponse }),
    echo: unary({ input: frameSchema, output: frameSchema }),
    chat: bidiStream<{ readonly name: string }, { readonly msg: string }>(),
    count: serverStream<{ readonly to: number }, { readonly at: number }>(),
  },
});

const hex = (...parts: string[]) => Buffer.from(parts.join("").replaceAll(" ", ""), "hex");
const header = (method: string, id = "1") => ({
  "Micro-Endpoint": `Greeter.${method}`,
  "Micro-Id": id,
  "Micro-Method": `Greeter.${method}`,
  "Micro-Service": "greeter",
  Timeout: "5000000000",
});
const streamHeader = (method: string) => ({ ...header(method, "0"), "Micro-Stream": "0" });
const NOT_FOUND =
  '{"id":"go.micro.srv.greeter","code":404,"detail":"no such name: err","status":"Not Found"}';

let world: World;
let peer: Peer;
let seen: unknown[] = [];

beforeEach(async () => {
  seen = [];
  world = await startWorld({
    codecs: [
      await instantiate(jsonCodec),
      await instantiate(bytesCodec),
      await instantiate(protobufCodec),
      await instantiate(jsonrpcCodec),
      await instantiate(protorpcCodec),
      await instantiate(grpcCodec),
    ],
    handlers: implement(greeter, {
      hello: ({ name }) => {
        if (name === "err") {
          const detail = "no such name: err";
          throw new MicroError({ id: "go.micro.srv.greeter", code: "NOT_FOUND", detail });
        }
        return { msg: `Hello ${name}`, n: 42 };
      },
      health: (request) => {
        seen.push(request);
        if (request.service === "err") throw new MicroError({ id: "x", code: "BAD_REQUEST", detail: "bad" });
        return { memory: 5n, requests: 2n ** 40n };
      },
      echo: (frame) => {
        seen.push(frame);
        if (frame.bytes[0] === 0xee) throw new MicroError({ id: "x", code: "BAD_REQUEST", detail: "bad" });
        return new Frame(frame.bytes);
      },
      async *chat(requests) {
        for await (const { name } of requests) {
          if (name === "done") return;
          if (name === "err") throw new MicroError({ id: "x", code: "BAD_REQUEST", detail: "bad" });
          yield { msg: `1 ${name}` };
        }
      },
      async *count({ to }) {
        for (let at = 0; at < to; at++) yield { at };
      },
    }),
  });
  peer = await world.peer();
});

afterEach(() => world.stop());

describe("json-rpc (spec 1.6)", () => {
  const request = '{"method":"Greeter.Hello","params":[{"name":"bob"}],"id":"1"}\n';
  const reply = '{"id":"1","result":{"msg":"Hello bob","n":42},"error":null}\n';

  test("a call is answered in an envelope", async () => {
    peer.write(goRequest(header("Hello"), request, JSON_RPC));
    expect(await peer.next()).toEqual({
      start: "HTTP/1.1 200 OK",
      header: { "Content-Length": `${reply.length}`, "Content-Type": JSON_RPC, "Micro-Id": "1" },
      body: reply,
    });
  });

  test("an error is in the body and in the header", async () => {
    peer.write(goRequest(header("Hello"), request.replace("bob", "err"), JSON_RPC));
    const { header: found, body } = await peer.next();
    expect(found).toMatchObject({
      "Content-Type": JSON_RPC,
      "Micro-Error": NOT_FOUND,
      "X-Micro-Error": NOT_FOUND,
    });
    expect(JSON.parse(body)).toEqual({ id: "1", result: null, error: NOT_FOUND });
  });

  test("the header says what is called, and the envelope where the header says nothing", async () => {
    peer.write(goRequest(header("Hello"), request.replace("Greeter.Hello", "Other.Nope"), JSON_RPC));
    expect((await peer.next()).body).toBe(reply);
    peer.write(goRequest({}, request, JSON_RPC));
    expect((await peer.next()).body).toBe(reply);
    peer.write(goRequest({ "X-Micro-Endpoint": "Other.Nope", "X-Micro-Service": "x" }, request, JSON_RPC));
    expect((await peer.next()).body).toBe(reply);
  });

  test("an id of any kind comes back as it was", async () => {
    for (const id of ["7", '{"a":[1]}', "null", "1e3"]) {
      peer.write(goRequest({}, `{"id":${id},"method":"Greeter.Hello","params":[{"name":"a"}]}`, JSON_RPC));
      expect((await peer.next()).body).toBe(`{"id":${id},"result":{"msg":"Hello a","n":42},"error":null}\n`);
    }
  });

  test("what cannot be called or read is an error in both places", async () => {
    const errorOf = async (head: Record<string, string>, body: string) => {
      peer.write(goRequest(head, body, JSON_RPC));
      const found = await peer.next();
      const { error } = JSON.parse(found.body) as { error: string };
      expect(found.header["Micro-Error"]).toBe(error);
      return JSON.parse(error) as { code: number; detail: string };
    };
    expect(await errorOf({}, '{"method":"Other.Hello","params":[]}')).toMatchObject({
      code: 404,
      detail: "rpc: can't find service Other",
    });
    expect(await errorOf({}, '{"params":[{}]}')).toMatchObject({
      code: 400,
      detail: "rpc: service/endpoint request ill-formed: ",
    });
    expect(await errorOf(header("Hello"), '{"method":')).toMatchObject({ code: 400 });
    expect(await errorOf(header("Hello"), "")).toMatchObject({ code: 400 });
    expect((await errorOf(header("Hello"), "{}")).detail).toContain("neither a method nor params");
    expect(await errorOf(header("Chat"), '{"params":[{}]}')).toMatchObject({ code: 400 });
  });

  test("a method that no header could hold is refused in one that fits", async () => {
    const body = JSON.stringify({ method: `${"x".repeat(100_000)}.y`, params: [{}], id: "1" });
    peer.write(goRequest({}, body, JSON_RPC));
    const { header: found } = await peer.next();
    expect(JSON.parse(found["Micro-Error"] ?? "")).toMatchObject({ code: 400 });
    peer.write(goRequest({}, body));
    expect((await peer.next()).header["Micro-Error"]).toContain("ill-formed");
  });

  test("no params are a zero value", async () => {
    peer.write(goRequest(header("Hello"), '{"method":"Greeter.Hello","params":[null],"id":"1"}', JSON_RPC));
    expect((await peer.next()).body).toContain("Hello undefined");
  });

  test("a message type decides what is inside", async () => {
    const body = '{"method":"Greeter.Health","params":[{"service":"x"}],"id":"1"}';
    peer.write(goRequest(header("Health"), body, JSON_RPC));
    const { result } = JSON.parse((await peer.next()).body) as { result: { requests: unknown } };
    expect([seen, Number(result.requests)]).toEqual([[{ service: "x" }], 2 ** 40]);
  });
});

describe("proto-rpc (spec 1.7)", () => {
  const head = "0a0e 477265657465722e4865616c7468 11 0100000000000000";
  const request = hex("00000019", head, "00000003 0a0178");
  const reply = hex("00000019", head, "00000009 200538808080808020");

  test("the bytes of Go are answered with its bytes", async () => {
    peer.write(goRequestOf(header("Health"), request, PROTO_RPC));
    const { header: found, body } = await peer.next();
    expect(Buffer.from(body, "latin1")).toEqual(reply);
    expect(found).toMatchObject({ "Content-Type": PROTO_RPC, "Micro-Id": "1" });
    expect(seen).toEqual([{ service: "x" }]);
    peer.write(goRequestOf({}, request, PROTO_RPC));
    expect(Buffer.from((await peer.next()).body, "latin1")).toEqual(reply);
  });

  test("an error is in the envelope and in the header, and the message has no length", async () => {
    peer.write(goRequestOf(header("Health"), hex("00000019", head, "00000005 0a03657272"), PROTO_RPC));
    const { header: found, body } = await peer.next();
    const text = '{"id":"x","code":400,"detail":"bad","status":"Bad Request"}';
    expect(found["Micro-Error"]).toBe(text);
    const length = (0x19 + 2 + text.length).toString(16).padStart(8, "0");
    const error = `1a ${text.length.toString(16)} ${Buffer.from(text).toString("hex")}`;
    expect(Buffer.from(body, "latin1")).toEqual(hex(length, head, error, "00000000"));
  });

  test("lengths that lie are BAD_REQUEST", async () => {
    for (const body of [hex("ffffffff 0a"), request.subarray(0, request.length - 1)]) {
      peer.write(goRequestOf(header("Health"), body, PROTO_RPC));
      expect(JSON.parse((await peer.next()).header["Micro-Error"] ?? "")).toMatchObject({ code: 400 });
    }
  });
});

describe("grpc frames", () => {
  test.each(["application/grpc", "application/grpc+proto"])("%s carries protobuf", async (type) => {
    peer.write(goRequestOf(header("Health"), hex("00 00000003 0a0178"), type));
    expect(Buffer.from((await peer.next()).body, "latin1")).toEqual(hex("00 00000009 200538808080808020"));
    // Go writes nothing at all for a message without fields.
    peer.write(goRequestOf(header("Health"), hex(""), type));
    await peer.next();
    expect(seen).toEqual([{ service: "x" }, { service: "" }]);
  });

  test("application/grpc+json carries JSON, and errors are in the header", async () => {
    const send = (body: string) => {
      const frame = Buffer.concat([hex("00 000000"), Buffer.from([body.length]), Buffer.from(body)]);
      peer.write(goRequestOf(header("Hello"), frame, "application/grpc+json"));
      return peer.next();
    };
    expect((await send('{"name":"bob"}')).body.slice(5)).toBe('{"msg":"Hello bob","n":42}\n');
    const { header: found, body } = await send('{"name":"err"}');
    expect([found["Micro-Error"], body]).toEqual([NOT_FOUND, ""]);
  });
});

describe("the old protocol (spec 1.8)", () => {
  const request = '{"method":"Greeter.Hello","params":[{"name":"bob"}],"id":"1"}\n';
  const reply = '{"id":"1","result":{"msg":"Hello bob","n":42},"error":null}\n';

  test("application/json without Micro headers is json-rpc under its own name", async () => {
    peer.write(goRequest({ "Micro-Id": "1" }, request));
    expect(await peer.next()).toMatchObject({ header: { "Content-Type": "application/json" }, body: reply });
  });

  test("so it is with Micro-Target, unless Micro-Protocol stands beside it", async () => {
    for (const key of ["Micro-Target", "X-Micro-Target"]) {
      peer.write(goRequest({ ...header("Hello"), [key]: "greeter" }, request));
      expect((await peer.next()).body).toBe(reply);
      for (const protocol of ["Micro-Protocol", "X-Micro-Protocol"]) {
        peer.write(goRequest({ ...header("Hello"), [key]: "greeter", [protocol]: "mucp" }, '{"name":"a"}'));
        expect((await peer.next()).body).toBe('{"msg":"Hello a","n":42}\n');
      }
    }
  });

  test("application/protobuf and bytes without Micro headers are proto-rpc", async () => {
    const head = "0a0e 477265657465722e4865616c7468 11 0100000000000000";
    for (const type of ["application/protobuf", BYTES]) {
      peer.write(goRequestOf({}, hex("00000019", head, "00000003 0a0178"), type));
      const { header: found, body } = await peer.next();
      expect(found["Content-Type"]).toBe(type);
      expect(Buffer.from(body, "latin1")).toEqual(hex("00000019", head, "00000009 200538808080808020"));
    }
  });

  test("what is no envelope either, and what only the old headers name, is ill-formed", async () => {
    const errorOf = async (head: Record<string, string>, body: string) => {
      peer.write(goRequest(head, body));
      return JSON.parse((await peer.next()).header["Micro-Error"] ?? "{}") as unknown;
    };
    const illFormed = { code: 400, detail: "rpc: service/endpoint request ill-formed: " };
    expect(await errorOf({}, '{"name":"bob"}')).toMatchObject(illFormed);
    expect(await errorOf({}, "nonsense")).toMatchObject(illFormed);
    const old = {
      "X-Micro-Service": "greeter",
      "X-Micro-Method": "Greeter.Hello",
      "X-Micro-Endpoint": "Greeter.Hello",
    };
    expect(await errorOf(old, request)).toMatchObject(illFormed);
  });
});

describe("streams in json-rpc", () => {
  const frame = (method: string, message: unknown) =>
    goRequest(
      streamHeader(method),
      `{"method":"Greeter.${method}","params":[${JSON.stringify(message)}],"id":"0"}\n`,
      JSON_RPC,
    );
  const reply = (result: unknown) => `{"id":"0","result":${JSON.stringify(result)},"error":null}\n`;

  test("each frame has an envelope, the last one too", async () => {
    peer.write(frame("Chat", { name: "ignored" }));
    peer.write(frame("Chat", { name: "a" }));
    expect((await peer.next()).body).toBe(reply({ msg: "1 a" }));
    peer.write(frame("Chat", { name: "done" }));
    expect(await peer.next()).toMatchObject({
      header: { "Micro-Error": "EOS", "X-Micro-Error": "EOS", "Content-Type": JSON_RPC },
      body: '{"id":"0","result":null,"error":"EOS"}\n',
    });
  });

  test("the first frame may be without a body, and EOS is", async () => {
    peer.write(goRequest(streamHeader("Count"), "", JSON_RPC));
    peer.write(frame("Count", { to: 1 }));
    expect((await peer.next()).body).toBe(reply({ at: 0 }));
    expect((await peer.next()).header["Micro-Error"]).toBe("EOS");
    peer = await world.peer();
    peer.write(goRequest(streamHeader("Chat"), "", JSON_RPC));
    peer.write(frame("Chat", { name: "a" }));
    await peer.next();
    peer.write(goRequest({ ...streamHeader("Chat"), "Micro-Error": "EOS" }, "", JSON_RPC));
    await eventually(() => expect(world.server.active).toBe(0));
  });

  test("an error, and a frame that is no envelope, end it", async () => {
    const text = '{"id":"x","code":400,"detail":"bad","status":"Bad Request"}';
    peer.write(frame("Chat", {}));
    peer.write(frame("Chat", { name: "err" }));
    const failed = await peer.next();
    expect([failed.header["Micro-Error"], JSON.parse(failed.body).error]).toEqual([text, text]);
    peer = await world.peer();
    peer.write(frame("Chat", {}));
    peer.write(goRequest(streamHeader("Chat"), "{}", JSON_RPC));
    expect(JSON.parse((await peer.next()).header["Micro-Error"] ?? "")).toMatchObject({ code: 400 });
    peer = await world.peer();
    peer.write(frame("Nope", {}));
    expect(JSON.parse(JSON.parse((await peer.next()).body).error)).toMatchObject({ code: 404 });
  });
});

describe("bytes and frames (spec 1.5, R6)", () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));

  test.each([BYTES, "application/json", "application/protobuf"])(
    "a frame goes both ways verbatim as %s",
    async (type) => {
      peer.write(goRequestOf(header("Echo"), bytes, type));
      const { header: found, body } = await peer.next();
      expect(found["Content-Type"]).toBe(type);
      expect(Buffer.from(body, "latin1")).toEqual(bytes);
      expect(seen).toHaveLength(1);
      expect(Frame.is(seen[0])).toBe(true);
    },
  );

  test("an error under bytes is answered: only in Go there is none", async () => {
    peer.write(goRequestOf(header("Echo"), hex("ee"), BYTES));
    const { header: found, body } = await peer.next();
    expect(JSON.parse(found["Micro-Error"] ?? "")).toMatchObject({ code: 400, detail: "bad" });
    expect(body).toBe("");
  });

  test("inside an envelope a frame is the message", async () => {
    peer.write(goRequest(header("Echo"), '{"id":"1","params":[ [12345678901234567890, 1.50] ]}', JSON_RPC));
    expect((await peer.next()).body).toBe('{"id":"1","result":[12345678901234567890, 1.50],"error":null}\n');
    peer.write(goRequestOf(header("Echo"), hex("00000000 00000002 fffe"), PROTO_RPC));
    expect(Buffer.from((await peer.next()).body, "latin1")).toEqual(hex("00000000 00000002 fffe"));
  });
});
