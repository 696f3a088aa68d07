import { httpBroker } from "@micro/broker-http";
import { memoryBroker } from "@micro/broker-memory";
import { bytesCodec } from "@micro/codec-bytes";
import { jsonCodec } from "@micro/codec-json";
import { jsonrpcCodec } from "@micro/codec-jsonrpc";
import { msgpackCodec } from "@micro/codec-msgpack";
import { protobufCodec } from "@micro/codec-protobuf";
import { protorpcCodec } from "@micro/codec-protorpc";
import { textCodec } from "@micro/codec-text";
import { createService, defineService, subscribe } from "@micro/core";
import { consoleLogger } from "@micro/logger-console";
import { fileRegistry } from "@micro/registry-file";
import { mdnsRegistry } from "@micro/registry-mdns";
import { memoryRegistry } from "@micro/registry-memory";
import { grpcServer } from "@micro/server-grpc";
import { rpcServer } from "@micro/server-rpc";
import { httpTransport } from "@micro/transport-http";
import { memoryTransport } from "@micro/transport-memory";
import { Counts, echoHandlers } from "./echo-handlers.ts";
import { portFlag, readFlags, UsageProblem } from "./support/flags.ts";
import { serve, testee } from "./support/program.ts";

// A service that black-box suites call, kill and flood, with the plugins that its flags choose.

const plugins = [
  jsonCodec,
  protobufCodec,
  msgpackCodec,
  bytesCodec,
  textCodec,
  jsonrpcCodec,
  protorpcCodec,
  consoleLogger,
  memoryRegistry,
  fileRegistry,
  mdnsRegistry,
  httpTransport,
  memoryTransport,
  httpBroker,
  memoryBroker,
  rpcServer,
  grpcServer,
] as const;
const CODECS = plugins.filter(({ component }) => component.name === "codec").map(({ name }) => name);
const ALL = CODECS.join(",");

const flags = {
  ...portFlag,
  name: { type: "string", describe: "Name of the service", default: "testees" },
  server: { type: "string", describe: "Server plugin", choices: ["rpc", "grpc"], default: "rpc" },
  transport: { type: "string", describe: "Transport of rpc", choices: ["http", "memory"], default: "http" },
  registry: {
    type: "string",
    describe: "Where the node is announced; memory is this process alone",
    choices: ["memory", "file", "mdns"],
    default: "memory",
  },
  broker: {
    type: "string",
    describe: "Brings events of the topic testees.count",
    choices: ["none", "memory", "http"],
    default: "none",
  },
  codec: { type: "string", describe: "Codecs, by comma", default: ALL },
  config: { type: "string", describe: "A configuration file for all else; it wins over the other flags" },
  log_level: { type: "string", describe: "Least level that is logged", default: "info" },
} as const;

/** The list without the codecs that are not named. Its type says that they may be there. */
function withCodecs(text: string): typeof plugins {
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !CODECS.some((known) => known === name));
  if (unknown !== undefined) throw new UsageProblem(`--codec must be some of ${ALL}, not '${unknown}'`, 2);
  return plugins.filter(
    ({ component, name }) => component.name !== "codec" || names.includes(name),
  ) as unknown as typeof plugins;
}

await testee(async () => {
  const given = await readFlags({ name: "echo", usage: "echo [flags]: a service to test", flags });
  const { server, transport, registry, broker, log_level: level } = given;
  const counts = new Counts();
  const definition = defineService({
    name: given.name,
    version: "1.0.0",
    handlers: [
      echoHandlers({
        counts,
        service: given.name,
        version: "1.0.0",
        server,
        log: (text) => process.stderr.write(`${text}\n`),
      }),
    ],
    subscribers:
      broker === "none"
        ? []
        : [
            subscribe<{ readonly id: string }>("testees.count", ({ id }) => {
              counts.add(id, "events");
            }),
          ],
  });
  const service = await createService(definition, {
    plugins: withCodecs(given.codec),
    configFile: given.config ?? false,
    logger: { level: level as "info" },
    registry: { plugin: registry as "memory" },
    transport: { plugin: transport as "http" },
    broker: broker === "none" ? { enabled: false } : { plugin: broker as "memory" },
    server: { plugin: server as "rpc", address: `${given.host}:${given.port}` },
  });
  await serve(service, { service: given.name });
});
