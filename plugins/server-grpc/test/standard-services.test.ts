import type { Client, ServiceError } from "@grpc/grpc-js";
import { messageCodec } from "@micro/codec/conformance";
import { protobufCodec } from "@micro/codec-protobuf";
import { defineContract, handle, implement, unary } from "@micro/core";
import { eventually, instantiate, within } from "@micro/core/conformance";
import { FileDescriptorProto } from "@micro/core/descriptor";
import { type AnyMessageType, defineFile, defineMessage, type MessageType } from "@micro/core/message";
import { Timestamp, timestampFile } from "@micro/core/wkt";
import { HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse } from "@micro/grpc";
import { describe, expect, test } from "vitest";
import { reflectionContract } from "../src/reflection-contract.ts";
import { withGrpcJs, withServer } from "./world.ts";

const codec = messageCodec(await instantiate(protobufCodec));
const writer = (type: AnyMessageType) => (value: object) => Buffer.from(codec.encode(value, type));
const reader =
  <T>(type: MessageType<T>) =>
  (bytes: Buffer) =>
    codec.decode(bytes, type) as T;

const sharedFile = defineFile({ name: "shop/shared.proto", package: "shop.v1" });
interface Money {
  units: number;
}
const Money: MessageType<Money> = defineMessage(sharedFile, "Money", () => ({
  units: { number: 1, type: "int32" },
}));
const shopFile = defineFile({
  name: "shop/orders.proto",
  package: "shop.v1",
  imports: [sharedFile, timestampFile],
});
interface Order {
  id: string;
  price?: Money | undefined;
  at?: Timestamp | undefined;
}
const Order: MessageType<Order> = defineMessage(shopFile, "Order", () => ({
  id: { number: 1, type: "string" },
  price: { number: 2, type: Money },
  at: { number: 3, type: Timestamp },
}));
const orders = implement(
  defineContract({
    name: "Orders",
    service: "shop",
    file: shopFile,
    methods: { place: unary({ input: Order, output: Order }) },
  }),
  { place: (order) => order },
);

function call<Out>(
  client: Client,
  given: {
    readonly path: string;
    readonly input: AnyMessageType;
    readonly output: MessageType<Out>;
    readonly message?: object;
  },
): Promise<Out> {
  const { path, input, output, message = {} } = given;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, writer(input), reader(output), message, (error, value) =>
      value === undefined ? reject(error ?? new Error("no reply")) : resolve(value),
    );
  });
}

describe("health", () => {
  const check = {
    path: "/grpc.health.v1.Health/Check",
    input: HealthCheckRequest,
    output: HealthCheckResponse,
  };
  const watching = (client: Client, service: string) =>
    client.makeServerStreamRequest(
      "/grpc.health.v1.Health/Watch",
      writer(HealthCheckRequest),
      reader(HealthCheckResponse),
      { service },
    );

  test("says how the server and each of its services are", async () => {
    await withServer([orders], async ({ address }) =>
      withGrpcJs(address, async (client) => {
        for (const service of ["", "go.micro.srv.dbg", "shop.v1.Orders"]) {
          expect(await call(client, { ...check, message: { service } }), service).toEqual({ status: 1 });
        }
        const unknown = await call(client, { ...check, message: { service: "nobody" } }).catch(
          (error: ServiceError) => error,
        );
        expect(unknown).toMatchObject({ code: 5 });
        const list = {
          path: "/grpc.health.v1.Health/List",
          input: HealthListRequest,
          output: HealthListResponse,
        };
        expect(Object.keys((await call(client, list)).statuses).sort()).toEqual([
          "",
          "go.micro.srv.dbg",
          "shop.v1.Orders",
        ]);
      }),
    );
  });

  test("tells watchers when the server drains, and ends their streams when it stops", async () => {
    await withServer([orders], async ({ address, server }) =>
      withGrpcJs(address, async (client) => {
        const seen: number[] = [];
        const stream = watching(client, "");
        const ended = new Promise<ServiceError>((resolve) => stream.on("error", resolve));
        stream.on("data", (reply: HealthCheckResponse) => seen.push(reply.status));
        const unknown = watching(client, "nobody");
        unknown.on("error", () => undefined);
        unknown.on("data", (reply: HealthCheckResponse) => seen.push(reply.status));
        await eventually(() => expect(seen.toSorted((a, b) => a - b)).toEqual([1, 3]));
        await server.drain?.({ graceMs: 1000 });
        await eventually(() => expect(seen.at(-1)).toBe(2));
        await server.stop?.({ graceMs: 1000 });
        expect((await within("the end", ended)).code).toBe(14);
      }),
    );
  });

  test("is answered while no other call is, and not when it is switched off", async () => {
    const gate = Promise.withResolvers<void>();
    const wait = handle("Debug.Wait", () => gate.promise);
    await withServer(
      [wait],
      async ({ address, server }) =>
        withGrpcJs(address, async (client) => {
          const empty = { input: HealthListRequest, output: HealthListRequest };
          const running = call(client, { path: "/Debug/Wait", ...empty });
          await eventually(() => expect(server.active).toBe(1));
          const busy = await call(client, { path: "/Debug/Wait", ...empty }).catch((e: ServiceError) => e);
          expect(busy).toMatchObject({ code: 8 });
          expect(await call(client, check)).toEqual({ status: 1 });
          gate.resolve();
          await running;
        }),
      { maxConcurrent: 1 },
    );
    await withServer(
      [wait],
      async ({ address }) =>
        withGrpcJs(address, async (client) => {
          const off = await call(client, check).catch((error: ServiceError) => error);
          expect(off).toMatchObject({ code: 12, details: "unknown service Health" });
        }),
      { health: false },
    );
  });
});

describe.each(["v1", "v1alpha"] as const)("reflection %s", (version) => {
  const { file } = reflectionContract(version);
  const typeNamed = (name: string): MessageType<Record<string, never>> => {
    const found = file?.messages.find(({ typeName }) => typeName.endsWith(`.${name}`));
    if (found === undefined) throw new Error(`no message ${name}`);
    return found as unknown as MessageType<Record<string, never>>;
  };
  const Request = typeNamed("ServerReflectionRequest");
  const Response = typeNamed("ServerReflectionResponse");

  /** Asks one after the other on one stream. */
  async function ask(client: Client, requests: readonly object[]): Promise<Record<string, unknown>[]> {
    const stream = client.makeBidiStreamRequest(
      `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
      writer(Request),
      reader(Response),
    );
    const replies: Record<string, unknown>[] = [];
    const ended = new Promise<void>((resolve, reject) => {
      stream.on("data", (reply: Record<string, unknown>) => replies.push(reply));
      stream.on("end", resolve);
      stream.on("error", reject);
    });
    for (const request of requests) stream.write(request);
    stream.end();
    await within("the replies", ended);
    return replies;
  }

  const filesOf = (reply: Record<string, unknown> | undefined): FileDescriptorProto[] => {
    const { fileDescriptorProto } = (reply?.fileDescriptorResponse ?? {}) as {
      fileDescriptorProto: Uint8Array[];
    };
    return fileDescriptorProto.map(
      (bytes) => codec.decode(bytes, FileDescriptorProto) as FileDescriptorProto,
    );
  };

  test("lists the services that have a description", async () => {
    const plain = handle("Debug.Plain", () => ({}));
    await withServer([orders, plain], async ({ address }) =>
      withGrpcJs(address, async (client) => {
        const [reply] = await ask(client, [{ host: "h", listServices: "*" }]);
        expect(reply).toMatchObject({ validHost: "h", originalRequest: { host: "h", listServices: "*" } });
        const { service } = (reply?.listServicesResponse ?? {}) as { service: { name: string }[] };
        expect(service.map(({ name }) => name)).toEqual([
          "shop.v1.Orders",
          "grpc.health.v1.Health",
          "grpc.reflection.v1.ServerReflection",
          "grpc.reflection.v1alpha.ServerReflection",
        ]);
      }),
    );
  });

  test("is answered, as health is, while the server is under load", async () => {
    await withServer([orders], async ({ address }) =>
      withGrpcJs(address, async (busy) =>
        withGrpcJs(address, async (client) => {
          const place = { path: "/shop.v1.Orders/Place", input: Order, output: Order, message: { id: "1" } };
          let [isAsking, calls] = [true, 0];
          const load = Array.from({ length: 64 }, async () => {
            for (; isAsking; calls++) await call(busy, place);
          });
          try {
            await eventually(() => expect(calls).toBeGreaterThan(64));
            for (let round = 0; round < 20; round++) {
              const before = calls;
              const check = {
                path: "/grpc.health.v1.Health/Check",
                input: HealthCheckRequest,
                output: HealthCheckResponse,
              };
              expect(await within("health", call(client, check))).toEqual({ status: 1 });
              const [reply] = await within("reflection", ask(client, [{ listServices: "" }]));
              expect(reply).toHaveProperty("listServicesResponse");
              await eventually(() => expect(calls).toBeGreaterThan(before));
            }
          } finally {
            isAsking = false;
            await within("the load", Promise.all(load));
          }
        }),
      ),
    );
  });

  test("gives the file of a name or a symbol with all it imports, each once on a stream", async () => {
    await withServer([orders], async ({ address }) =>
      withGrpcJs(address, async (client) => {
        const replies = await ask(client, [
          { fileContainingSymbol: "shop.v1.Orders" },
          { fileByFilename: "shop/orders.proto" },
          ...["shop.v1.Orders.Place", "shop.v1.Order", ".shop.v1.Order.price"].map((symbol) => ({
            fileContainingSymbol: symbol,
          })),
          { fileContainingSymbol: "shop.v1.Money" },
          { fileContainingSymbol: `grpc.reflection.${version}.ServerReflection` },
        ]);
        const names = replies.map((reply) => filesOf(reply).map(({ name }) => name));
        expect(names[0]).toEqual([
          "shop/orders.proto",
          "shop/shared.proto",
          "google/protobuf/timestamp.proto",
        ]);
        for (const later of names.slice(1, 5)) expect(later).toEqual(["shop/orders.proto"]);
        expect(names[5]).toEqual(["shop/shared.proto"]);
        expect(names[6]).toEqual([`grpc/reflection/${version}/reflection.proto`]);
        const [descriptor] = filesOf(replies[0]);
        expect(descriptor?.service).toMatchObject([
          {
            name: "Orders",
            method: [{ name: "Place", inputType: ".shop.v1.Order", outputType: ".shop.v1.Order" }],
          },
        ]);
      }),
    );
  });

  test("says what is not there", async () => {
    await withServer([orders], async ({ address }) =>
      withGrpcJs(address, async (client) => {
        const replies = await ask(client, [
          { fileContainingSymbol: "shop.v1.Nobody" },
          { fileByFilename: "nobody.proto" },
          { fileContainingExtension: { containingType: "shop.v1.Order", extensionNumber: 100 } },
          { allExtensionNumbersOfType: "shop.v1.Order" },
          { allExtensionNumbersOfType: "shop.v1.Nobody" },
          {},
        ]);
        const outcome = replies.map((reply) => {
          const error = reply.errorResponse as { errorCode: number } | undefined;
          return error?.errorCode ?? reply.allExtensionNumbersResponse;
        });
        const none = { baseTypeName: "shop.v1.Order", extensionNumber: [] };
        expect(outcome).toEqual([5, 5, 5, none, 5, 3]);
      }),
    );
  });
});
