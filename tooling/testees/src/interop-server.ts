import { protobufCodec } from "@micro/codec-protobuf";
import { createService, defineService } from "@micro/core";
import { consoleLogger } from "@micro/logger-console";
import { memoryRegistry } from "@micro/registry-memory";
import { grpcServer } from "@micro/server-grpc";
import { testServiceHandlers } from "./interop/test-service.ts";
import { portFlag, readFlags, serverTls, tlsServerFlags } from "./support/flags.ts";
import { serve, testee } from "./support/program.ts";

// grpc.testing.TestService of gRPC's interop test descriptions.

const flags = {
  ...portFlag,
  ...tlsServerFlags,
  compression: {
    type: "string",
    describe: "How replies are packed for clients that can read it",
    choices: ["identity", "gzip"],
    default: "identity",
  },
} as const;

await testee(async () => {
  const given = await readFlags({ name: "interop-server", usage: "interop-server [flags]", flags });
  const tls = serverTls(given);
  const service = await createService(
    defineService({ name: "grpc.testing", handlers: [testServiceHandlers()] }),
    {
      plugins: [consoleLogger, protobufCodec, memoryRegistry, grpcServer],
      configFile: false,
      server: {
        address: `${given.host}:${given.port}`,
        compression: given.compression as "gzip",
        ...(tls === undefined ? {} : { tls }),
      },
    },
  );
  await serve(service);
});
