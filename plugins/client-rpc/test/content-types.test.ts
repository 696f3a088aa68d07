import { Frame, frameSchema } from "@micro/codec";
import { bytesCodec } from "@micro/codec-bytes";
import { grpcCodec } from "@micro/codec-grpc";
import { jsonCodec } from "@micro/codec-json";
import { jsonrpcCodec } from "@micro/codec-jsonrpc";
import { msgpackCodec } from "@micro/codec-msgpack";
import { protobufCodec } from "@micro/codec-protobuf";
import { protorpcCodec } from "@micro/codec-protorpc";
import {
  bidiStream,
  clientStream,
  createService,
  defineContract,
  defineService,
  Exchange,
  implement,
  MicroError,
  serverStream,
  unary,
} from "@micro/core";
import { defineFile, defineMessage, type MessageType } from "@micro/core/message";
import { MemoryRegistryWorld, memoryRegistry } from "@micro/registry-memory";
import { randomSelector } from "@micro/selector";
import { rpcServer } from "@micro/server-rpc";
import { httpTransport } from "@micro/transport-http";
import { MemoryNetwork, memoryTransport } from "@micro/transport-memory";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rpcClient } from "../src/index.ts";

const file = defineFile({ name: "parcels.proto", package: "parcels.v1" });

interface Parcel {
  name: string;
  weight: bigint;
  label: Uint8Array;
  parts: Parcel[];
}
const Parcel: MessageType<Parcel> = defineMessage(file, "Parcel", () => ({
  name: { number: 1, type: "string" },
  weight: { number: 2, type: "uint64" },
  label: { number: 3, type: "bytes" },
  parts: { number: 4, type: Parcel, repeated: true },
}));

const parcels = defineContract({
  name: "Parcels",
  service: "parcels",
  file,
  methods: {
    send: unary({ input: Parcel, output: Parcel }),
    list: serverStream({ input: Parcel, output: Parcel }),
    pack: clientStream({ input: Parcel, output: Parcel }),
    sort: bidiStream({ input: Parcel, output: Parcel }),
    raw: unary({ input: frameSchema, output: frameSchema }),
    plain: unary<{ readonly name: string }, { readonly text: string }>(),
  },
});

const definition = defineService({
  name: "parcels",
  handlers: implement(parcels, {
    send: (parcel) => {
      if (parcel.name === "") return {};
      if (parcel.name !== "lost") return { ...parcel, name: `sent ${parcel.name}` };
      throw new MicroError({ id: "parcels", code: "NOT_FOUND", detail: "no <such> parcel: ü\nat all" });
    },
    async *list({ parts }) {
      for (const part of parts) {
        if (part.name === "lost") throw new MicroError({ id: "parcels", code: "NOT_FOUND", detail: "gone" });
        yield part;
      }
    },
    pack: async (requests) => {
      const parts = [];
      for await (const part of requests) parts.push(part);
      return { name: "packed", parts };
    },
    async *sort(requests) {
      for await (const parcel of requests) yield { ...parcel, weight: parcel.weight + 1n };
    },
    raw: (frame) => new Frame(Buffer.from(frame.bytes).reverse()),
    plain: ({ name }) => ({ text: `Hello ${name}` }),
  }),
});

const parcel = (name: string, ...parts: Parcel[]): Parcel => ({
  name,
  weight: 2n ** 63n + 1n,
  label: new Uint8Array([0, 255, 10]),
  parts,
});

const TYPES = [
  "application/json",
  "application/json-rpc",
  "application/protobuf",
  "application/proto-rpc",
  "application/grpc",
  "application/grpc+proto",
  "application/grpc+json",
  "application/msgpack",
] as const;

const plugins = [
  bytesCodec,
  grpcCodec,
  jsonCodec,
  jsonrpcCodec,
  msgpackCodec,
  protobufCodec,
  protorpcCodec,
  randomSelector,
  memoryRegistry,
  memoryTransport,
  httpTransport,
  rpcClient,
  rpcServer,
] as const;

/** How the caller knows the server: as a peer of ours, as an old one of Go that names no protocol, or as a neighbour. */
const WAYS = [
  { way: "http", transport: "http", legacy: false, inside: false },
  { way: "memory", transport: "memory", legacy: false, inside: false },
  { way: "http without a protocol", transport: "http", legacy: true, inside: false },
  { way: "one process", transport: "http", legacy: false, inside: true },
] as const;

describe.each(WAYS)("$way", ({ transport, legacy, inside }) => {
  const world = new MemoryRegistryWorld();
  const stops: (() => Promise<void>)[] = [];
  const start = async () => {
    const common = {
      plugins,
      registry: { world },
      transport:
        transport === "http"
          ? { plugin: "http" as const }
          : { plugin: "memory" as const, network: new MemoryNetwork() },
      server: { address: "127.0.0.1:0" },
      ...(inside ? { exchange: new Exchange() } : {}),
    } as const;
    const server = await createService(definition, common);
    stops.unshift(() => server.stop());
    await server.start();
    const caller = await createService(defineService({ name: "caller" }), common);
    stops.unshift(() => caller.stop());
    await caller.start();
    if (legacy) {
      const nodes = [{ id: "old-1", address: server.server.address ?? "", metadata: {} }];
      const record = { name: "old", version: "latest", metadata: {}, endpoints: [], nodes };
      await caller.registry.register(record, { ttlMs: 60_000 });
    }
    return caller.client;
  };
  let client: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    client = await start();
  });
  afterAll(async () => {
    for (const stop of stops) await stop();
  });

  const methods = (contentType: string) =>
    client.of(parcels, { contentType, ...(legacy ? { service: "old" } : {}) });

  async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
    const list = [];
    for await (const item of source) list.push(item);
    return list;
  }

  describe.each(TYPES)("%s", (type) => {
    test("unary: messages of a type come whole, the empty one too", async () => {
      const { send } = methods(type);
      expect(await send(parcel("a", parcel("b"), parcel("c")))).toEqual({
        ...parcel("a", parcel("b"), parcel("c")),
        name: "sent a",
      });
      expect(await send({})).toEqual({ name: "", weight: 0n, label: new Uint8Array(0), parts: [] });
    });

    test("an error keeps id, code and detail", async () => {
      const error: unknown = await methods(type)
        .send({ name: "lost" })
        .catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ id: "parcels", code: "NOT_FOUND" });
      expect((error as MicroError).detail).toBe("no <such> parcel: ü\nat all");
    });

    test("streams of all kinds", async () => {
      const { list, pack, sort } = methods(type);
      const two = [parcel("a"), parcel("b", parcel("c"))];
      expect(await all(list({ parts: two }))).toEqual(two);
      expect(await pack(two)).toMatchObject({ name: "packed", parts: two });
      const sorted = await all(sort([{ weight: 1 }, {}]));
      expect(sorted.map(({ weight }) => weight)).toEqual([2n, 1n]);
      const failed = all(list({ parts: [parcel("lost")] }));
      await expect(failed).rejects.toMatchObject({ code: "NOT_FOUND", detail: "gone" });
    });

    test("a frame goes through verbatim, both ways", async () => {
      const { raw } = methods(type);
      const { bytes } = await raw(new Frame(Buffer.from("12321")));
      expect(Buffer.from(bytes).toString()).toBe("12321");
    });
  });

  test("a frame of bytes goes through verbatim, both ways", async () => {
    const { bytes } = await methods("application/octet-stream").raw(new Frame(new Uint8Array([1, 2, 255])));
    expect(Uint8Array.from(bytes)).toEqual(new Uint8Array([255, 2, 1]));
  });

  test("a frame speaks to a handler of plain messages", async () => {
    const service = legacy ? "old" : "parcels";
    const message = new Frame(Buffer.from('{"name":"Ada"}'));
    const request = { service, endpoint: "Parcels.Plain", message, output: frameSchema };
    const { bytes } = await client.call<Frame>(request);
    expect(JSON.parse(Buffer.from(bytes).toString())).toEqual({ text: "Hello Ada" });
  });
});
