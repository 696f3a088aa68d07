import { join } from "node:path";
import { rpcClient } from "@micro/client-rpc";
import { jsonCodec } from "@micro/codec-json";
import { createService, defineService, MicroError } from "@micro/core";
import { eventually, within } from "@micro/core/conformance";
import { type Program, startProgram, temporaryFolder } from "@micro/programs";
import { fileRegistry } from "@micro/registry-file";
import { randomSelector } from "@micro/selector";
import { beforeEach, expect, test } from "vitest";
import { quicTransport } from "../src/index.ts";
import { whyNoDriver } from "../src/testing/world.ts";
import { desk } from "./contract.ts";

const missing = await whyNoDriver();
beforeEach((context) => {
  if (missing !== undefined) context.skip(missing);
});

const PLUGINS = [jsonCodec, randomSelector, quicTransport, fileRegistry, rpcClient] as const;

async function startCaller(path: string) {
  const service = await createService(defineService({ name: "caller" }), {
    plugins: PLUGINS,
    configFile: false,
    registry: { path },
    client: { poolRetries: 0 },
    transport: { pingTimeout: "1s" },
  });
  await service.start();
  return service;
}

interface World {
  readonly caller: Awaited<ReturnType<typeof startCaller>>;
  readonly node: Program;
  readonly address: string;
  readonly start: (address?: string) => Promise<Program>;
}

/** A server in a process of its own, a client here, and a folder in which they find each other. */
async function withNode(body: (world: World) => Promise<void>): Promise<void> {
  await using folder = await temporaryFolder();
  const nodes: Program[] = [];
  const start = async (address = "127.0.0.1:0"): Promise<Program> => {
    const node = startProgram(join(import.meta.dirname, "programs/node.ts"), {
      args: [folder.path, address],
    });
    nodes.push(node);
    await node.line(/^listens on /);
    return node;
  };
  const node = await start();
  const address = (await node.line(/^listens on /)).slice("listens on ".length);
  const caller = await startCaller(folder.path);
  try {
    await body({ caller, node, address, start });
  } finally {
    await caller.stop();
    await Promise.all(nodes.map((each) => each.stop("SIGKILL")));
  }
}

async function errorOf(promise: Promise<unknown>): Promise<MicroError> {
  const outcome = await within(
    "the call's end",
    promise.then(
      () => undefined,
      (error: unknown) => error,
    ),
  );
  if (!MicroError.is(outcome)) throw new Error(`a MicroError was expected, not ${String(outcome)}`);
  return outcome;
}

async function* tickets(count: number) {
  for (let id = 1; id <= count; id++) yield { id };
}

async function collect<T>(messages: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const message of messages) all.push(message);
  return all;
}

test("two processes: calls and streams of all kinds, deadlines, cancellation, an orderly end", () =>
  withNode(async ({ caller, node }) => {
    const calls = caller.client.of(desk);
    expect(await calls.hello({ id: 1 })).toEqual({ pid: node.pid });
    expect((await collect(calls.count({ to: 500 }))).length).toBe(500);
    expect(await calls.sum(tickets(100))).toEqual({ id: 5050 });
    expect((await collect(calls.echo(tickets(200)))).at(-1)).toEqual({ id: 200 });

    const late = await errorOf(calls.wait({ id: 1 }, { timeoutMs: 1000 }));
    expect(late.code).toBe("TIMEOUT");
    await node.line(/^cancelled wait 1$/);

    const stop = new AbortController();
    const given = errorOf(calls.wait({ id: 2 }, { signal: stop.signal }));
    await node.line(/^began wait 2$/);
    stop.abort();
    expect((await given).code).toBe("CANCELLED");
    await node.line(/^cancelled wait 2$/);

    for await (const { id } of calls.waitStream({ id: 3 })) {
      expect(id).toBe(3);
      await node.line(/^began waitStream 3$/);
      break;
    }
    await node.line(/^cancelled waitStream 3$/);

    expect((await node.stop("SIGTERM")).status).toBe(0);
  }));

test("a server that is killed: calls end as soon as anything shows it, and the next start is found at once", () =>
  withNode(async ({ caller, node, address, start }) => {
    const calls = caller.client.of(desk);
    const waiting = [errorOf(calls.wait({ id: 1 })), errorOf(collect(calls.waitStream({ id: 2 })))];
    await Promise.all([node.line(/^began wait 1$/), node.line(/^began waitStream 2$/)]);
    await node.stop("SIGKILL");
    for (const error of await Promise.all(waiting)) {
      expect(error).toMatchObject({ code: "UNAVAILABLE" });
      expect(error.detail).toMatch(/nobody listens there|silent/);
    }
    const again = await start(address);
    await eventually(async () => expect(await calls.hello({ id: 3 })).toEqual({ pid: again.pid }));
  }));

test("a server that is frozen: calls end by their deadline or with the connection, and it is called again when it runs", () =>
  withNode(async ({ caller, node }) => {
    const calls = caller.client.of(desk);
    await calls.hello({ id: 1 });
    const waiting = errorOf(calls.wait({ id: 1 }, { timeoutMs: 20_000 }));
    await node.line(/^began wait 1$/);
    process.kill(node.pid, "SIGSTOP");
    try {
      expect((await errorOf(calls.hello({ id: 2 }, { timeoutMs: 300 }))).code).toBe("TIMEOUT");
      const error = await waiting;
      expect(error).toMatchObject({ code: "UNAVAILABLE" });
      expect(error.detail).toMatch(/silent/);
    } finally {
      process.kill(node.pid, "SIGCONT");
    }
    // The server finds out too, and ends what nobody waits for any more.
    await node.line(/^cancelled wait 1$/);
    await eventually(
      async () => expect(await calls.hello({ id: 3 }, { timeoutMs: 1000 })).toEqual({ pid: node.pid }),
      {
        timeoutMs: 10_000,
      },
    );
  }));
