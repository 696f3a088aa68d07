import { jsonCodec } from "@micro/codec-json";
import { protobufCodec } from "@micro/codec-protobuf";
import { createService, defineService, parseAddress } from "@micro/core";
import { consoleLogger } from "@micro/logger-console";
import { memoryRegistry } from "@micro/registry-memory";
import { grpcServer } from "@micro/server-grpc";
import { conformanceHandlers } from "./conformance/handlers.ts";
import { createProtoWire, readFrames } from "./conformance/wire.ts";
import { ServerCompatRequest, ServerCompatResponse } from "./gen/connectrpc/conformance/v1/server_compat.ts";
import { portFlag, readFlags } from "./support/flags.ts";
import { serveQuietly, testee } from "./support/program.ts";

// The server side of the Connect conformance suite: reads what server is wanted from standard input, and writes where it
// is to standard output.

const flags = {
  ...portFlag,
  compression: {
    type: "string",
    describe: "How replies are packed for clients that can read it",
    choices: ["identity", "gzip"],
    default: "gzip",
  },
} as const;

await testee(async () => {
  const given = await readFlags({ name: "conformance-server", usage: "conformance-server [flags]", flags });
  const wire = await createProtoWire();
  const first = await readFrames(process.stdin).next();
  if (first.done === true) throw new Error("the runner said nothing");
  const { useTls, serverCreds, clientTlsCert, messageReceiveLimit } = wire.decode(
    ServerCompatRequest,
    first.value,
  );
  const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();
  const tls = {
    cert: text(serverCreds?.cert),
    key: text(serverCreds?.key),
    ...(clientTlsCert.length > 0 ? { ca: text(clientTlsCert), requestCert: true } : {}),
  };
  const service = await createService(
    defineService({ name: "connectrpc.conformance.v1", handlers: [conformanceHandlers(wire)] }),
    {
      plugins: [consoleLogger, protobufCodec, jsonCodec, memoryRegistry, grpcServer],
      configFile: false,
      logger: { level: "warn" },
      server: {
        address: `${given.host}:${given.port}`,
        compression: given.compression as "gzip",
        ...(messageReceiveLimit > 0 ? { maxReceiveMessageSize: messageReceiveLimit } : {}),
        ...(useTls ? { tls } : {}),
      },
    },
  );
  await serveQuietly(service, () => {
    const { host, port } = parseAddress(service.server.address ?? "", "server.address");
    const pemCert = useTls && serverCreds !== undefined ? serverCreds.cert : new Uint8Array(0);
    wire.write(ServerCompatResponse, { host, port, pemCert });
  });
});
