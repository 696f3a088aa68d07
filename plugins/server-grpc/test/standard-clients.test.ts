import type { ServiceError } from "@grpc/grpc-js";
import {
  bidiStream,
  type CallContext,
  clientStream,
  defineContract,
  handle,
  implement,
  MicroError,
  serverStream,
} from "@micro/core";
import { eventually, within } from "@micro/core/conformance";
import { expect, test } from "vitest";
import { withGrpcJs, withServer } from "./world.ts";

/** Bytes in and out, as an application of grpc-js makes its client; messages of ours are protobuf bytes without a type. */
const bytes = (value: Buffer): Buffer => value;
const text = (value: string): Buffer => Buffer.from(value);

const contract = defineContract({
  name: "Lab",
  service: "lab",
  methods: {
    many: serverStream<Uint8Array, Uint8Array>(),
    one: clientStream<Uint8Array, Uint8Array>(),
    chat: bidiStream<Uint8Array, Uint8Array>(),
    hold: bidiStream<Uint8Array, Uint8Array>(),
  },
});

function lab(contexts: CallContext[] = []) {
  return implement(contract, {
    async *many(request) {
      for (const byte of request) yield Uint8Array.of(byte);
    },
    async one(requests) {
      let sum = 0;
      for await (const request of requests) sum += request[0] ?? 0;
      return Uint8Array.of(sum);
    },
    async *chat(requests) {
      for await (const request of requests) yield request;
    },
    async *hold(requests, context) {
      contexts.push(context);
      for await (const request of requests) yield request;
      // Node's clients write the end of their requests before they cancel.
      await new Promise<void>((resolve) => context.cancellation.onAbort(() => resolve()));
    },
  });
}

test("a unary call, with metadata and a deadline", async () => {
  const hello = handle<Uint8Array, Uint8Array>("Greeter.SayHello", (request) => request);
  await withServer([hello], async ({ address }) =>
    withGrpcJs(address, async (client) => {
      const reply = await new Promise<Buffer>((resolve, reject) => {
        const done = (error: ServiceError | null, value?: Buffer) =>
          value === undefined ? reject(error ?? new Error("no reply")) : resolve(value);
        const options = { deadline: Date.now() + 5000 };
        client.makeUnaryRequest("/helloworld.Greeter/SayHello", bytes, bytes, text("Ada"), options, done);
      });
      expect(reply.toString()).toBe("Ada");
    }),
  );
});

test("the three kinds of streams", async () => {
  await withServer([lab()], async ({ address }) =>
    withGrpcJs(address, async (client) => {
      const many = client.makeServerStreamRequest("/lab.Lab/Many", bytes, bytes, Buffer.from([1, 2, 3]));
      expect(await collect(many)).toEqual([1, 2, 3]);
      const one = await new Promise<Buffer | undefined>((resolve, reject) => {
        const call = client.makeClientStreamRequest("/lab.Lab/One", bytes, bytes, (error, value) =>
          error === null ? resolve(value) : reject(error),
        );
        for (const byte of [1, 2, 3]) call.write(Buffer.from([byte]));
        call.end();
      });
      expect(one).toEqual(Buffer.from([6]));
      const chat = client.makeBidiStreamRequest("/lab.Lab/Chat", bytes, bytes);
      chat.write(Buffer.from([7]));
      chat.write(Buffer.from([8]));
      chat.end();
      expect(await collect(chat)).toEqual([7, 8]);
    }),
  );
});

test("an error behind messages", async () => {
  const fail = implement(
    defineContract({ name: "Lab", service: "lab", methods: { fail: serverStream<object, Uint8Array>() } }),
    {
      async *fail() {
        yield Uint8Array.of(1);
        throw new MicroError({ code: "CONFLICT", detail: "taken" });
      },
    },
  );
  await withServer([fail], async ({ address }) =>
    withGrpcJs(address, async (client) => {
      const call = client.makeServerStreamRequest("/lab.Lab/Fail", bytes, bytes, Buffer.alloc(0));
      const error = await collect(call).catch((thrown: ServiceError) => thrown);
      expect(error).toMatchObject({ code: 6, details: "taken" });
    }),
  );
});

test("a cancelled stream cancels its handler within 50 ms, whether it reads or writes", async () => {
  const contexts: CallContext[] = [];
  await withServer([lab(contexts)], async ({ address, server }) =>
    withGrpcJs(address, async (client) => {
      // One whose handler waits for requests, and one whose unread requests fill the window.
      for (const requests of [1, 200]) {
        // A busy machine is late now and then; who waits for something is late always.
        let fastest = Infinity;
        for (let round = 0; round < 5 && fastest >= 50; round++) {
          const before = contexts.length;
          const call = client.makeBidiStreamRequest("/lab.Lab/Hold", bytes, bytes);
          call.on("error", () => undefined);
          for (let count = 0; count < requests; count++) call.write(Buffer.alloc(10_000));
          await eventually(() => expect(contexts.length).toBe(before + 1));
          const context = contexts.at(-1);
          let seen = Infinity;
          context?.cancellation.onAbort(() => {
            seen = performance.now();
          });
          const from = performance.now();
          call.cancel();
          await eventually(() => expect(seen).toBeLessThan(Infinity));
          fastest = Math.min(fastest, seen - from);
          expect(MicroError.from(context?.cancellation.reason).code).toBe("CANCELLED");
          await eventually(() => expect(server.active).toBe(0));
        }
        expect(fastest, "ms until the handler is cancelled").toBeLessThan(50);
      }
    }),
  );
});

test("a reader that does not read holds up the handler, not the memory", async () => {
  let made = 0;
  const flood = implement(
    defineContract({ name: "Lab", service: "lab", methods: { flood: serverStream<object, Uint8Array>() } }),
    {
      async *flood() {
        for (; made < 10_000; made++) yield new Uint8Array(10_000);
      },
    },
  );
  await withServer([flood], async ({ address }) =>
    withGrpcJs(address, async (client) => {
      const call = client.makeServerStreamRequest("/lab.Lab/Flood", bytes, bytes, Buffer.alloc(0));
      call.on("error", () => undefined);
      // Before its first read grpc-js takes everything.
      call.once("data", () => call.pause());
      const last = { made: -1 };
      await eventually(
        () => {
          const before = last.made;
          last.made = made;
          expect(made).toBeGreaterThan(0);
          expect(made).toBe(before);
        },
        { intervalMs: 100 },
      );
      expect(made * 10_000).toBeLessThan(1_000_000);
      call.cancel();
    }),
  );
});

test("64 calls at once on one connection are told apart", async () => {
  const echo = handle<Uint8Array, Uint8Array>("Greeter.SayHello", async (request) => {
    await new Promise((resolve) => setImmediate(resolve));
    return request;
  });
  await withServer([echo], async ({ address }) =>
    withGrpcJs(address, async (client) => {
      const call = (id: number) =>
        new Promise<string>((resolve, reject) => {
          client.makeUnaryRequest("/g.Greeter/SayHello", bytes, bytes, text(`${id}`), (error, value) =>
            error === null ? resolve(String(value)) : reject(error),
          );
        });
      const ids = Array.from({ length: 64 }, (_, id) => id);
      expect(await within("the replies", Promise.all(ids.map(call)))).toEqual(ids.map(String));
    }),
  );
});

async function collect(stream: AsyncIterable<Buffer>): Promise<number[]> {
  const found: number[] = [];
  for await (const chunk of stream) found.push(chunk[0] ?? -1);
  return found;
}
