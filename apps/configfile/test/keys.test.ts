import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import {
  createServer as createHttp2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import type { Call } from "@micro/core";
import { eventually, within } from "@micro/core/conformance";
import { freeUdpPort } from "@micro/programs";
import { skipEach } from "@micro/servers/vitest";
import { beforeAll, describe, expect, test } from "vitest";
import { playerContract } from "../src/game.ts";
import { type File, pathOf, startHolder, watchGame } from "./game.ts";
import { natsAtHome } from "./nats-at-home.ts";
import { relayTo } from "./relay.ts";

const nats = await natsAtHome();
const env: Record<File, Readonly<Record<string, string>>> = { "defaults.yaml": {}, "nats.yaml": {} };

beforeAll(async () => {
  env["nats.yaml"] = nats.env;
  const port = String(await freeUdpPort());
  env["defaults.yaml"] = { REGISTRY_DOMAIN: `keys-${randomUUID()}`, REGISTRY_PORT: port };
});

/** Every key of a file that has a value, with the line it stands on. */
async function keysOf(file: File): Promise<ReadonlyMap<string, number>> {
  const keys = new Map<string, number>();
  const above: string[] = [];
  for (const [index, line] of (await readFile(pathOf(file), "utf8")).split("\n").entries()) {
    const [, indent = "", key, value] = /^( *)([a-z_]+):(.*)$/.exec(line) ?? [];
    if (key === undefined) continue;
    above.splice(indent.length / 2, above.length, key);
    if (value !== "" || key === "addresses") keys.set(above.join("."), index + 1);
  }
  return keys;
}

test.each(["defaults.yaml", "nats.yaml"] as const)(
  "explain names the line and column of every key of %s",
  async (file) => {
    // The addresses are the file's own: nothing is started, so nobody listens for them.
    const { service } = await watchGame(file, {});
    try {
      const found = new Map(service.explain().map(({ key, from }) => [key, from]));
      const keys = await keysOf(file);
      expect(keys.size).toBeGreaterThan(12);
      for (const [key, line] of keys)
        expect(found.get(key), key).toMatch(new RegExp(`${file.replace(".", "\\.")}:${line}:\\d+$`));
    } finally {
      await service.stop();
    }
  },
);

const JSON_FIRST = {
  wireType: "application/json",
  other: "application/protobuf",
  otherWireType: "application/protobuf",
};
const PROTO_FIRST = {
  wireType: "application/grpc+proto",
  other: "application/json",
  otherWireType: "application/grpc+json",
};

describe.each([
  ["defaults.yaml", { timeoutMs: 5000, attempts: 2, ...JSON_FIRST }],
  ["nats.yaml", { timeoutMs: 10_000, attempts: 6, ...PROTO_FIRST }],
] as const)("%s", (file, expected) => {
  skipEach(file === "nats.yaml" ? nats.missing : undefined);

  test("client.pool_retries counts attempts, client.pool_request_timeout bounds them all", async () => {
    let attempts = 0;
    const timeouts: number[] = [];
    const { service } = await watchGame(file, env[file], {
      middleware: {
        client: [
          (next) => (call: Call) => {
            timeouts.push(call.deadline - Date.now());
            return next(call);
          },
        ],
        attempt: [
          (next) => (call: Call) => {
            attempts++;
            return next(call);
          },
        ],
      },
    });
    await service.start();
    try {
      // Nobody listens on port 1: no attempt reaches a handler, so all of them may be made.
      const call = service.client
        .of(playerContract("ping"), { address: "127.0.0.1:1" })
        .hit({ left: 1, hits: [] });
      await expect(call).rejects.toMatchObject({ code: "UNAVAILABLE" });
      expect(attempts).toBe(expected.attempts);
      expect(timeouts[0]).toBeGreaterThan(expected.timeoutMs - 1000);
      expect(timeouts[0]).toBeLessThanOrEqual(expected.timeoutMs);
    } finally {
      await service.stop();
    }
  });

  test("client.content_type is that of calls", async () => {
    expect(await contentTypeSeen(file, env[file])).toBe(expected.wireType);
    const other = { ...env[file], CLIENT_CONTENT_TYPE: expected.other };
    expect(await contentTypeSeen(file, other)).toBe(expected.otherWireType);
  });

  test("client.pool_size bounds the connections that are kept", async () => {
    // Of the file, and of a variable: 100 are more than the test opens.
    if (file === "defaults.yaml") await keeps(file, [{}, { CLIENT_POOL_SIZE: "3" }], [1, 3]);
    else await keeps(file, [ONE_EACH, { ...ONE_EACH, CLIENT_POOL_SIZE: "2" }], [5, 2]);
  }, 30_000);

  test("client.pool_ttl bounds how long they are kept", async () => {
    // A minute and five minutes are too long for a test: the same key, with another value.
    const large = { ...ONE_EACH, CLIENT_POOL_SIZE: "5" };
    await keeps(file, [large, { ...large, CLIENT_POOL_TTL: "1s" }], [5, 0]);
  }, 30_000);
});

/** Pools look after their connections once a second; a busy machine takes its time. */
const PATIENT = { timeoutMs: 15_000 };

/** A gRPC connection carries many calls; here only one, as those of the rpc client to nodes of Go. */
const ONE_EACH = { CLIENT_MAX_STREAMS: "1" };

/**
 * Each client, with variables of its own beside the file, opens five connections to one node. Resolves when at one
 * moment each has as many of them left as is wanted.
 */
async function keeps(
  file: File,
  variables: readonly Readonly<Record<string, string>>[],
  wanted: readonly number[],
): Promise<void> {
  const holder = await startHolder(file, env[file]);
  const clients = await Promise.all(
    variables.map(async (own) => {
      const { service } = await watchGame(file, { ...env[file], ...own });
      return { service, relay: await relayTo(holder.address) };
    }),
  );
  try {
    await Promise.all(clients.map(({ service }) => service.start()));
    // Without its metadata the node may be one of Go's, which takes one call at a time on a connection.
    const calls = clients.flatMap(({ service, relay }) => {
      const { hit } = service.client.of(playerContract("ping"), { address: relay.address });
      return Array.from({ length: 5 }, () => hit({ left: 1, hits: [] }));
    });
    await eventually(() => expect(holder.held).toHaveLength(calls.length), PATIENT);
    const open = () => clients.map(({ relay }) => relay.open.size);
    expect(open()).toEqual(variables.map(() => 5));
    for (const letGo of holder.held) letGo();
    await Promise.all(calls);
    await eventually(() => expect(open()).toEqual(wanted), PATIENT);
  } finally {
    await Promise.all(clients.map(({ service }) => service.stop()));
    await holder.service.stop();
    await Promise.all(clients.map(({ relay }) => relay.close()));
  }
}

/** The content type that a call has on the wire. */
async function contentTypeSeen(file: File, variables: Readonly<Record<string, string>>): Promise<string> {
  const seen = Promise.withResolvers<string>();
  const isGrpc = file === "nats.yaml";
  const server = isGrpc ? createHttp2Server() : createTcpServer();
  server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    seen.resolve(headers["content-type"] ?? "");
    stream.respond(
      { ":status": 200, "content-type": "application/grpc", "grpc-status": "12" },
      { endStream: true },
    );
  });
  if (!isGrpc)
    server.on("connection", (socket: Socket) => {
      socket.once("data", (bytes) => {
        seen.resolve(/content-type: *(.*?)\r\n/i.exec(bytes.toString("latin1"))?.[1] ?? "");
        socket.destroy();
      });
      socket.on("error", () => undefined);
    });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { service } = await watchGame(file, variables);
  try {
    await service.start();
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const call = service.client
      .of(playerContract("ping"), { address, retries: 0 })
      .hit({ left: 1, hits: [] });
    await expect(call).rejects.toThrow();
    return await within("a call", seen.promise);
  } finally {
    await service.stop();
    server.close();
  }
}
