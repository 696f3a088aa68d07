import { jsonCodec } from "@micro/codec-json";
import { jsonrpcCodec } from "@micro/codec-jsonrpc";
import { protobufCodec } from "@micro/codec-protobuf";
import { type HandlerBinding, handle, MicroError } from "@micro/core";
import { eventually, instantiate } from "@micro/core/conformance";
import { afterEach, expect, test } from "vitest";
import { goRequest, startWorld, type World } from "./world.ts";

let world: World;
afterEach(() => world.stop());

const start = async (handlers: readonly HandlerBinding[] = []) => {
  const codecs = [
    await instantiate(jsonCodec),
    await instantiate(protobufCodec),
    await instantiate(jsonrpcCodec),
  ];
  world = await startWorld({ codecs, handlers });
  return world.peer();
};

const header = (endpoint = "Debug.Health") => ({
  "Micro-Endpoint": endpoint,
  "Micro-Id": "1",
  "Micro-Method": endpoint,
  "Micro-Service": "greeter",
});

test.each([
  ["application/json", '{"service":"greeter"}\n', '{"status":"ok"}\n'],
  ["application/json", "", '{"status":"ok"}\n'],
  ["application/protobuf", "\n\u0007greeter", "\n\u0002ok"],
  [
    "application/json-rpc",
    '{"method":"Debug.Health","params":[{}],"id":"1"}\n',
    '{"id":"1","result":{"status":"ok"},"error":null}\n',
  ],
])("Debug.Health is answered as Go answers it, in %s", async (type, request, reply) => {
  const peer = await start();
  peer.write(goRequest(header(), request, type));
  const { header: found, body } = await peer.next();
  expect([found["Content-Type"], found["Micro-Id"], found["Micro-Error"], body]).toEqual([
    type,
    "1",
    undefined,
    reply,
  ]);
});

test("a handler of that name takes its place, and another one of Debug does not", async () => {
  const own = await start([...handle("Debug.Health", () => ({ status: "sick" }))]);
  own.write(goRequest(header(), "{}\n"));
  expect((await own.next()).body).toBe('{"status":"sick"}\n');
  await world.stop();
  const beside = await start([...handle("Debug.Stats", () => ({ uptime: 1 }))]);
  for (const [endpoint, body] of [
    ["Debug.Stats", '{"uptime":1}\n'],
    ["Debug.Health", '{"status":"ok"}\n'],
  ] as const) {
    beside.write(goRequest(header(endpoint), "{}\n"));
    expect((await beside.next()).body).toBe(body);
  }
});

test("a node that drains says so, to whoever has a connection still", async () => {
  const held = Promise.withResolvers<object>();
  const peer = await start([...handle("Greeter.Slow", () => held.promise)]);
  const other = await world.peer();
  other.write(goRequest(header("Greeter.Slow"), "{}\n"));
  await eventually(() => expect(world.server.active).toBe(1));
  const draining = world.server.drain?.({ graceMs: 5000 });
  await eventually(() => expect(world.server.health.state).toBe("draining"));
  other.write(goRequest({ ...header(), "Micro-Id": "2" }, "{}\n"));
  const { header: found, body } = await other.next();
  expect([found["Micro-Id"], body]).toEqual(["2", '{"status":"draining"}\n']);
  held.resolve({});
  await draining;
  peer.close();
});

test("everything else of Debug is not there, nor a stream of it", async () => {
  const peer = await start();
  peer.write(goRequest(header("Debug.Stats"), "{}\n"));
  const missing = MicroError.parse((await peer.next()).header["Micro-Error"] ?? "");
  expect(missing).toMatchObject({ code: "NOT_FOUND", detail: "rpc: can't find service Debug" });
  const stream = await world.peer();
  stream.write(goRequest({ ...header(), "Micro-Stream": "0", "Micro-Id": "0" }, "{}\n"));
  expect((await stream.next()).header["Micro-Error"]).toContain("can't find service Debug");
});
