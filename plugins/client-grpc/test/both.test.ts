import type { Client } from "@micro/client";
import { jsonCodec } from "@micro/codec-json";
import { protobufCodec } from "@micro/codec-protobuf";
import {
  bidiStream,
  clientStream,
  createService,
  defineContract,
  defineService,
  implement,
  MicroError,
  serverStream,
  unary,
} from "@micro/core";
import { eventually, within } from "@micro/core/conformance";
import { defineFile, defineMessage, type MessageType } from "@micro/core/message";
import { MemoryRegistryWorld, memoryRegistry } from "@micro/registry-memory";
import { randomSelector } from "@micro/selector";
import { grpcServer } from "@micro/server-grpc";
import { describe, expect, test } from "vitest";
import { grpcClient } from "../src/index.ts";

const file = defineFile({ name: "lab/lab.proto", package: "lab.v1" });
interface Item {
  text: string;
  size: bigint;
}
const Item: MessageType<Item> = defineMessage(file, "Item", () => ({
  text: { number: 1, type: "string" },
  size: { number: 2, type: "int64" },
}));
const contract = defineContract({
  name: "Lab",
  service: "lab",
  file,
  methods: {
    echo: unary({ input: Item, output: Item, idempotent: true }),
    fail: unary({ input: Item, output: Item }),
    count: serverStream({ input: Item, output: Item }),
    sum: clientStream({ input: Item, output: Item }),
    chat: bidiStream({ input: Item, output: Item }),
  },
});
const aborted: string[] = [];
/** Content type of the last echo, as it came over the wire. */
let contentType: string | undefined;
const lab = defineService({
  name: "lab",
  handlers: [
    implement(contract, {
      echo: (item, { metadata }) => {
        contentType = metadata.get("content-type");
        return item;
      },
      fail: ({ text }) => {
        const details = [{ typeUrl: "type.googleapis.com/lab.v1.Item", value: Uint8Array.of(10, 1, 65) }];
        throw new MicroError({ id: "lab", code: text as "ABORTED", detail: "said so", details });
      },
      async *count({ size }, context) {
        context.cancellation.onAbort(() => aborted.push("count"));
        for (let at = 0n; at < size; at++) yield { text: "x".repeat(1000), size: at };
      },
      async sum(items) {
        let size = 0n;
        for await (const item of items) size += item.size;
        return { size };
      },
      async *chat(items) {
        for await (const item of items) yield item;
      },
    }),
  ],
});

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const value of values) found.push(value);
  return found;
}

/** Nodes and a caller that share a registry. */
async function withFleet(
  options: {
    readonly nodes?: number;
    readonly contentType?: string;
    readonly server?: object;
    readonly client?: object;
  },
  body: (fleet: {
    readonly client: Client;
    readonly start: () => Promise<{ stop(): Promise<void> }>;
    readonly nodes: { stop(): Promise<void> }[];
    readonly registry: ReturnType<MemoryRegistryWorld["connect"]>;
  }) => Promise<void>,
): Promise<void> {
  const world = new MemoryRegistryWorld();
  const nodes: { stop(): Promise<void> }[] = [];
  const start = async () => {
    const node = await createService(lab, {
      plugins: [jsonCodec, protobufCodec, memoryRegistry, grpcServer],
      registry: { world },
      server: { address: "127.0.0.1:0", ...options.server },
    });
    await node.start();
    return node;
  };
  const caller = await createService(defineService({ name: "caller" }), {
    plugins: [jsonCodec, protobufCodec, memoryRegistry, randomSelector, grpcClient],
    registry: { world },
    client: {
      ...(options.contentType === undefined ? {} : { contentType: options.contentType }),
      ...options.client,
    },
  });
  try {
    for (let count = 0; count < (options.nodes ?? 1); count++) nodes.push(await start());
    await caller.start();
    await body({ client: caller.client, start, nodes, registry: world.connect() });
  } finally {
    await caller.stop();
    for (const node of nodes) await node.stop();
  }
}

test("methods of message types are called in protobuf unless somebody says otherwise", async () => {
  await withFleet({}, async ({ client }) => {
    await client.of(contract).echo({ text: "a" });
    expect(contentType).toBe("application/grpc+proto");
    await client.of(contract).echo({ text: "a" }, { contentType: "application/json" });
    expect(contentType).toBe("application/grpc+json");
    await client.call({ service: "lab", endpoint: "Lab.Echo", message: { text: "a" } });
    expect(contentType).toBe("application/grpc+json");
  });
});

describe.each(["application/protobuf", "application/json"])("messages of a contract as %s", (contentType) => {
  test("go through all four kinds", async () => {
    await withFleet({ contentType }, async ({ client }) => {
      const stub = client.of(contract);
      const big = { text: "häß", size: 2n ** 60n };
      expect(await stub.echo(big)).toEqual(big);
      expect(await stub.echo({})).toEqual({ text: "", size: 0n });
      const sizes = await collect(stub.count({ size: 3 }));
      expect(sizes.map(({ size }) => size)).toEqual([0n, 1n, 2n]);
      expect(await stub.sum([{ size: 1 }, { size: 2 }])).toEqual({ text: "", size: 3n });
      const sent = Array.from({ length: 500 }, (_, at) => ({ text: `${at}`, size: BigInt(at) }));
      expect(await collect(stub.chat(sent))).toEqual(sent);
    });
  });

  test("errors keep their code, id and details", async () => {
    await withFleet({ contentType }, async ({ client }) => {
      for (const code of ["NOT_FOUND", "ABORTED", "OUT_OF_RANGE", "DATA_LOSS", "RESOURCE_EXHAUSTED"]) {
        const error = await client
          .of(contract)
          .fail({ text: code })
          .catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({ id: "lab", code, detail: "said so", notSent: false });
        expect((error as MicroError).details).toEqual([
          { typeUrl: "type.googleapis.com/lab.v1.Item", value: Uint8Array.of(10, 1, 65) },
        ]);
      }
    });
  });
});

test("a node says in the registry what it speaks, and one that speaks something else is not called", async () => {
  await withFleet({}, async ({ client, registry }) => {
    const [record] = await registry.get("lab");
    expect(record?.nodes[0]?.metadata).toMatchObject({
      server: "grpc",
      transport: "grpc",
      protocol: "grpc",
      registry: "memory",
    });
    const node = { id: "other-1", address: "127.0.0.1:1", metadata: { protocol: "mucp" } };
    const other = { name: "other", version: "1", metadata: {}, endpoints: [], nodes: [node] };
    await registry.register(other, { ttlMs: 5000, signal: new AbortController().signal, timeoutMs: 1000 });
    const error = await client
      .call({ service: "other", endpoint: "Other.Call" })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "UNIMPLEMENTED", notSent: true });
    expect((error as MicroError).detail).toContain("speaks mucp");
  });
});

test("a service with nodes of two protocols is served by those that are understood, however few they are", async () => {
  await withFleet({}, async ({ client, registry }) => {
    const nodes = ["a", "b", "c", "d"].map((id) => ({
      id,
      address: "127.0.0.1:1",
      metadata: { protocol: "mucp" },
    }));
    const others = { name: "lab", version: "2", metadata: {}, endpoints: [], nodes };
    await registry.register(others, { ttlMs: 5000, signal: new AbortController().signal, timeoutMs: 1000 });
    const stub = client.of(contract);
    for (let at = 0n; at < 50n; at++) {
      expect((await stub.echo({ size: at })).size).toBe(at);
      expect(await collect(stub.chat([{ size: at }]))).toEqual([{ text: "", size: at }]);
    }
    // What no node could help with is told as it is, and says nothing about the nodes.
    for (let at = 0; at < 10; at++) {
      await expect(stub.echo({ nope: 1 } as object)).rejects.toThrow("unknown field");
    }
  });
});

test("a stream that cannot be written says nothing about its node", async () => {
  await withFleet({ nodes: 1 }, async ({ client }) => {
    const stub = client.of(contract);
    const attempts: string[] = [];
    const options = {
      contentType: "text/csv",
      onAttempt: ({ nodeId }: { nodeId: string }) => attempts.push(nodeId),
    };
    for (let at = 0; at < 10; at++) {
      await expect(collect(stub.chat([{ size: 1 }], options))).rejects.toThrow("text/csv");
    }
    // Once each: nobody else could do better.
    expect(attempts.length).toBe(10);
    expect((await stub.echo({ size: 1 })).size).toBe(1n);
  });
});

test("compressed streams keep the order of their messages", async () => {
  const gzip = { compression: "gzip" };
  await withFleet({ server: gzip, client: gzip }, async ({ client }) => {
    const sent = Array.from({ length: 200 }, (_, at) => ({
      text: "x".repeat((at * 997) % 9000),
      size: BigInt(at),
    }));
    expect(await collect(client.of(contract).chat(sent))).toEqual(sent);
  });
});

test("a reader that leaves cancels the handler; one that is slow holds it up", async () => {
  await withFleet({}, async ({ client, nodes }) => {
    expect(nodes.length).toBe(1);
    // A busy machine is late now and then; who waits for something is late always.
    let fastest = Infinity;
    for (let round = 0; round < 5 && fastest >= 50; round++) {
      aborted.length = 0;
      for await (const { size } of client.of(contract).count({ size: 1_000_000 })) {
        if (size === 10n) break;
      }
      const from = performance.now();
      await eventually(() => expect(aborted).toEqual(["count"]), { intervalMs: 1 });
      fastest = Math.min(fastest, performance.now() - from);
    }
    expect(fastest, "ms until the handler is cancelled").toBeLessThan(50);
  });
});

test("two nodes restarted one after the other under load: no call fails", async () => {
  await withFleet({ nodes: 2 }, async ({ client, start, nodes }) => {
    const stub = client.of(contract);
    let running = true;
    let calls = 0;
    const failures: unknown[] = [];
    const load = Array.from({ length: 20 }, async () => {
      while (running) {
        calls++;
        await stub.echo({ text: "x" }).catch((error: unknown) => failures.push(error));
      }
    });
    for (let round = 0; round < 4; round++) {
      const before = calls;
      await eventually(() => expect(calls).toBeGreaterThan(before + 100));
      const old = nodes.shift();
      nodes.push(await start());
      await old?.stop();
    }
    running = false;
    await within("the calls", Promise.all(load));
    expect(failures).toEqual([]);
  });
});
