import { runCommand } from "@micro/checks/run-command";
import { runProgram } from "@micro/programs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCountingProxy } from "./support/counting-proxy.ts";
import { type GoTools, goTools } from "./support/go-tools.ts";
import { type RunningServer, sourceOf, startGrpcGo, startTestee, TLS } from "./support/testees.ts";

// gRPC's interop cases between ours and grpc-go's interop programs, in both directions.

const CASES = [
  "empty_unary",
  "large_unary",
  "client_streaming",
  "server_streaming",
  "ping_pong",
  "empty_stream",
  "custom_metadata",
  "status_code_and_message",
  "special_status_message",
  "unimplemented_method",
  "unimplemented_service",
  "cancel_after_begin",
  "cancel_after_first_response",
  "timeout_on_sleeping_server",
] as const;

let tools: GoTools<"grpc-client" | "grpc-server"> = { ok: false, reason: "not looked for yet" };
const servers = new Map<string, RunningServer>();

beforeAll(async () => {
  tools = await goTools("grpc-client", "grpc-server");
  if (!tools.ok) return;
  const tlsFlags = ["--use_tls", "--tls_cert_file", TLS.cert, "--tls_key_file", TLS.key];
  servers.set("ts plain", await startTestee("interop-server"));
  servers.set("ts tls", await startTestee("interop-server", tlsFlags));
  servers.set("go plain", await startGrpcGo(tools.path["grpc-server"]));
  servers.set("go tls", await startGrpcGo(tools.path["grpc-server"], tlsFlags));
});

afterAll(() => Promise.all([...servers.values()].map((server) => server.stop())));

/** Runs a case with grpc-go's client: nothing when it passed, else what it said. */
async function byGo(path: string, name: string, how: string): Promise<string> {
  const { host, port } = serverOf(`ts ${how}`);
  const tls = how === "tls" ? ["-use_tls", "-use_test_ca", "-ca_file", TLS.ca] : [];
  const args = ["-server_host", host, "-server_port", port, "-test_case", name, ...tls];
  const { status, stdout, stderr } = await runCommand(path, args, { cwd: ".", timeoutMs: 20_000 });
  return status === 0 ? "" : `it ended with ${status}: ${stdout}${stderr}`;
}

/** Runs all cases with our client: what each came to, by name. */
async function byUs(how: string): Promise<ReadonlyMap<string, string>> {
  const { host, port } = serverOf(`go ${how}`);
  const tls = how === "tls" ? ["--use_tls", "--ca_file", TLS.ca] : [];
  const args = ["--server_host", host, "--server_port", port, "--test_case", "all", ...tls];
  const { stdout, stderr } = await runProgram(sourceOf("interop-client"), { args, timeoutMs: 60_000 });
  const lines = stdout.map((line) => JSON.parse(line) as { case: string; ok: boolean; problem?: string });
  if (lines.length === 0) throw new Error(`the client printed nothing: ${stderr.join("\n")}`);
  return new Map(lines.map(({ case: name, ok, problem }) => [name, ok ? "" : `it failed: ${problem}`]));
}

describe.each(["plain", "tls"])("grpc-go's client calls our server, %s", (how) => {
  for (const name of CASES)
    test(name, async (context) => {
      if (!tools.ok) return context.skip(tools.reason);
      expect(await byGo(tools.path["grpc-client"], name, how)).toBe("");
    });
});

describe.each(["plain", "tls"])("our client calls grpc-go's server, %s", (how) => {
  let said: ReadonlyMap<string, string> = new Map();
  beforeAll(async () => {
    if (tools.ok) said = await byUs(how);
  });

  for (const name of CASES) {
    test(name, (context) => {
      if (!tools.ok) return context.skip(tools.reason);
      expect(said.get(name) ?? `there is no case '${name}'`).toBe("");
    });
  }
});

describe("gzip, which grpc-go's programs cannot do: our client and our server", () => {
  // A body of zeros shrinks by a factor of a thousand, so bytes on the way tell what was packed.
  test.each([
    ["client_compressed_unary", "identity", "gzip", { up: 0, down: 1 }],
    ["client_compressed_streaming", "identity", "gzip", { up: 0, down: 0 }],
    ["server_compressed_unary", "gzip", "identity", { up: 1, down: 0 }],
    ["server_compressed_streaming", "gzip", "identity", { up: 0, down: 0 }],
    ["large_unary", "identity", "identity", { up: 1, down: 1 }],
  ] as const)("%s", async (name, ours, theirs, large) => {
    const server = await startTestee("interop-server", ["--compression", ours]);
    const proxy = await startCountingProxy(server.port);
    try {
      const args = ["--server_host", "127.0.0.1", "--server_port", proxy.port, "--test_case", name];
      const { status, stdout } = await runProgram(sourceOf("interop-client"), {
        args: [...args, "--compression", theirs],
      });
      expect([status, stdout]).toEqual([0, [JSON.stringify({ case: name, ok: true })]]);
      const isLarge = (bytes: number): number => (bytes > 20_000 ? 1 : 0);
      expect({ up: isLarge(proxy.up), down: isLarge(proxy.down) }).toEqual(large);
    } finally {
      await proxy.stop();
      await server.stop();
    }
  });
});

function serverOf(key: string): RunningServer {
  const server = servers.get(key);
  if (server === undefined) throw new Error(`no server '${key}'`);
  return server;
}
