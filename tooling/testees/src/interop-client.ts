import { grpcClient } from "@micro/client-grpc";
import { protobufCodec } from "@micro/codec-protobuf";
import { createService, defineService, formatAddress } from "@micro/core";
import { consoleLogger } from "@micro/logger-console";
import { memoryRegistry } from "@micro/registry-memory";
import { randomSelector } from "@micro/selector";
import { TestService } from "./gen/grpc/testing/test.ts";
import { INTEROP_CASES } from "./interop/cases.ts";
import { readFlags, UsageProblem } from "./support/flags.ts";
import { testee } from "./support/program.ts";

// The client of gRPC's interop test descriptions: runs cases, exit code 1 when one fails.

const flags = {
  server_host: { type: "string", describe: "Host of the server", default: "localhost" },
  server_port: { type: "number", describe: "Its port", default: 10_000 },
  server_host_override: { type: "string", describe: "Name that its certificate must have" },
  use_tls: { type: "boolean", describe: "Encrypt", default: false },
  ca_file: { type: "string", describe: "Who signs the certificate of the server, PEM" },
  test_case: { type: "string", describe: "Cases, by comma, or 'all'", default: "large_unary" },
  compression: {
    type: "string",
    describe: "How requests are packed",
    choices: ["identity", "gzip"],
    default: "identity",
  },
  timeout_ms: { type: "number", describe: "For each call", default: 10_000 },
} as const;

await testee(async () => {
  const usage = `interop-client [flags]\n\nCases: ${Object.keys(INTEROP_CASES).join(", ")}`;
  const given = await readFlags({ name: "interop-client", usage, flags });
  const names = given.test_case === "all" ? Object.keys(INTEROP_CASES) : given.test_case.split(",");
  const service = await createService(defineService({ name: "interop-client" }), {
    plugins: [consoleLogger, protobufCodec, memoryRegistry, randomSelector, grpcClient],
    configFile: false,
    client: {
      contentType: "application/protobuf",
      compression: given.compression as "gzip",
      ...(given.use_tls
        ? { tls: { enabled: true, caFile: given.ca_file, serverName: given.server_host_override } }
        : {}),
    },
  });
  await service.start();
  const address = formatAddress({ host: given.server_host, port: given.server_port });
  const options = { address, timeoutMs: given.timeout_ms, retries: 0 };
  const client: typeof service.client = Object.create(service.client);
  client.call = (request, own) => service.client.call(request, { ...options, ...own });
  const world = { client, test: service.client.of(TestService, options) };
  try {
    for (const name of names) {
      const run = INTEROP_CASES[name];
      if (run === undefined) throw new UsageProblem(`--test_case: there is no case '${name}'`, 2);
      try {
        await run(world);
        process.stdout.write(`${JSON.stringify({ case: name, ok: true })}\n`);
      } catch (error) {
        process.stdout.write(
          `${JSON.stringify({ case: name, ok: false, problem: (error as Error).message })}\n`,
        );
        process.exitCode = 1;
      }
    }
  } finally {
    await service.stop();
  }
});
