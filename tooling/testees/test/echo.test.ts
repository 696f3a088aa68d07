import { grpcClient } from "@micro/client-grpc";
import { rpcClient } from "@micro/client-rpc";
import { jsonCodec } from "@micro/codec-json";
import { msgpackCodec } from "@micro/codec-msgpack";
import { protobufCodec } from "@micro/codec-protobuf";
import { createService, defineService } from "@micro/core";
import { runProgram } from "@micro/programs";
import { memoryRegistry } from "@micro/registry-memory";
import { randomSelector } from "@micro/selector";
import { httpTransport } from "@micro/transport-http";
import { describe, expect, test } from "vitest";
import { Echo } from "../src/gen/testees/echo.ts";
import { all } from "../src/interop/case.ts";
import { sourceOf, startTestee } from "./support/testees.ts";

const shared = [
  jsonCodec,
  protobufCodec,
  msgpackCodec,
  memoryRegistry,
  randomSelector,
  httpTransport,
] as const;

/** A typed client of an echo testee that runs with these flags. */
async function withEcho<T>(
  {
    server,
    contentType,
    flags = [],
  }: { server: "rpc" | "grpc"; contentType: string; flags?: readonly string[] },
  use: (
    echo: Awaited<ReturnType<typeof clientOf>>["echo"],
    testee: Awaited<ReturnType<typeof startTestee>>,
  ) => Promise<T>,
): Promise<T> {
  const testee = await startTestee("echo", ["--server", server, ...flags]);
  const { service, echo } = await clientOf(server, { address: `${testee.host}:${testee.port}`, contentType });
  try {
    return await use(echo, testee);
  } finally {
    await service.stop();
    await testee.stop();
  }
}

async function clientOf(server: "rpc" | "grpc", options: { address: string; contentType: string }) {
  const definition = defineService({ name: "caller" });
  const service =
    server === "grpc"
      ? await createService(definition, { plugins: [...shared, grpcClient], configFile: false })
      : await createService(definition, { plugins: [...shared, rpcClient], configFile: false });
  await service.start();
  return { service, echo: service.client.of(Echo, { retries: 0, timeoutMs: 10_000, ...options }) };
}

const body = Uint8Array.of(0, 255, 7);

describe.each([
  { server: "rpc", contentType: "application/json" },
  { server: "rpc", contentType: "application/protobuf" },
  { server: "rpc", contentType: "application/msgpack" },
  { server: "grpc", contentType: "application/json" },
  { server: "grpc", contentType: "application/protobuf" },
] as const)("echo: $server, $contentType", (how) => {
  test("every method does what it says", () =>
    withEcho(how, async (echo, { program }) => {
      expect(await echo.echo({ text: "é", body })).toEqual({ text: "é", body });
      expect((await echo.sleep({ ms: 20 })).sleptMs).toBeGreaterThanOrEqual(19);
      await expect(echo.fail({ code: "NOT_FOUND", detail: "no such" })).rejects.toMatchObject({
        id: "testee.echo",
        code: "NOT_FOUND",
        detail: "no such",
      });
      await expect(echo.fail({ code: "WHAT", detail: "" })).rejects.toMatchObject({ code: "BAD_REQUEST" });
      expect(await echo.count({ id: "a", idempotent: true })).toEqual({ times: 1, events: 0 });
      expect(await echo.count({ id: "a", idempotent: false })).toEqual({ times: 2, events: 0 });
      await program.line(/id 'a' came 2 times/);
      const said = await all(
        echo.chat([
          { text: "1", body },
          { text: "2", body },
        ]),
      );
      expect(said.map(({ text }) => text)).toEqual(["1", "2"]);
      const flood = await all(echo.flood({ n: 100, size: 1000 }));
      expect(flood.map(({ text, body: bytes }) => [text, bytes.length]).at(-1)).toEqual(["100", 1000]);
      expect(flood).toHaveLength(100);
      expect(
        await echo.sink([
          { text: "", body },
          { text: "", body },
        ]),
      ).toEqual({ messages: 2, bytes: 6 });
      const who = await echo.whoami({}, { metadata: { "x-tenant": "a" } });
      expect(who).toMatchObject({ pid: program.pid, service: "testees", server: how.server });
      expect(Object.entries(who.metadata).map(([key, value]) => [key.toLowerCase(), value])).toContainEqual([
        "x-tenant",
        "a",
      ]);
    }));
});

test("crash: the process is gone at once, and the caller is told", () =>
  withEcho({ server: "rpc", contentType: "application/json" }, async (echo, { program }) => {
    await expect(echo.crash({})).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect((await program.ended).status).toBe("SIGKILL");
  }));

describe("every testee", () => {
  test.each([
    ["echo", []],
    ["echo", ["--transport", "memory"]],
    ["echo", ["--registry", "memory", "--broker", "http"]],
    ["interop-server", []],
    ["bench-server", []],
  ])("%s %s prints that it is ready, and ends by SIGTERM with exit code 0", async (name, flags) => {
    const { program } = await startTestee(name, flags);
    const { status, stdout } = await program.stop();
    expect(status).toBe(0);
    expect(stdout).toHaveLength(1);
  });

  test.each([
    "echo",
    "interop-server",
    "interop-client",
    "conformance-server",
    "conformance-client",
    "bench-server",
  ])("%s refuses a flag that it does not know", async (name) => {
    const { status, stdout, stderr } = await runProgram(sourceOf(name), { args: ["--bogus"] });
    expect([status, stdout]).toEqual([2, []]);
    expect(stderr.join("\n")).toMatch(/Unknown argument: bogus/);
  });
});
