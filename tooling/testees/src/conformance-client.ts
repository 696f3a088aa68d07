import type { Client } from "@micro/client";
import { grpcClient } from "@micro/client-grpc";
import { jsonCodec } from "@micro/codec-json";
import { protobufCodec } from "@micro/codec-protobuf";
import { createService, defineService, formatAddress } from "@micro/core";
import { consoleLogger } from "@micro/logger-console";
import { memoryRegistry } from "@micro/registry-memory";
import { randomSelector } from "@micro/selector";
import { conformanceCall } from "./conformance/call.ts";
import { createProtoWire, readFrames } from "./conformance/wire.ts";
import { ClientCompatRequest, ClientCompatResponse } from "./gen/connectrpc/conformance/v1/client_compat.ts";
import { Codec, Compression } from "./gen/connectrpc/conformance/v1/config.ts";
import { readFlags } from "./support/flags.ts";
import { testee } from "./support/program.ts";

// The client side of the Connect conformance suite: reads calls from standard input, makes them, and writes what became
// of them to standard output.

const flags = {
  parallel: { type: "number", describe: "Calls at once", default: 16 },
} as const;

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();

/** The settings of a client that a request asks for; requests with the same ones share a client. */
function settingsOf(request: ClientCompatRequest) {
  const { compression, serverTlsCert, clientTlsCreds, messageReceiveLimit } = request;
  return {
    compression: compression === Compression.COMPRESSION_GZIP ? "gzip" : "identity",
    ...(messageReceiveLimit > 0 ? { maxReceiveMessageSize: messageReceiveLimit } : {}),
    ...(serverTlsCert.length > 0
      ? {
          tls: {
            ca: text(serverTlsCert),
            ...(clientTlsCreds === undefined
              ? {}
              : { cert: text(clientTlsCreds.cert), key: text(clientTlsCreds.key) }),
          },
        }
      : {}),
  } as const;
}

async function startClient(settings: ReturnType<typeof settingsOf>) {
  const service = await createService(defineService({ name: "conformance-client" }), {
    plugins: [consoleLogger, protobufCodec, jsonCodec, memoryRegistry, randomSelector, grpcClient],
    configFile: false,
    logger: { level: "warn" },
    client: settings,
  });
  await service.start();
  return service;
}

await testee(async () => {
  const given = await readFlags({ name: "conformance-client", usage: "conformance-client [flags]", flags });
  const wire = await createProtoWire();
  const services = new Map<string, ReturnType<typeof startClient>>();
  const clientOf = async (request: ClientCompatRequest): Promise<Client> => {
    const settings = settingsOf(request);
    const key = JSON.stringify(settings);
    const service = services.get(key) ?? startClient(settings);
    services.set(key, service);
    return (await service).client;
  };
  const answer = async (request: ClientCompatRequest): Promise<void> => {
    const { testName, host, port, codec } = request;
    try {
      const options = {
        address: formatAddress({ host, port }),
        contentType: codec === Codec.CODEC_JSON ? "application/json" : "application/protobuf",
        retries: 0,
      };
      const client = await clientOf(request);
      wire.write(ClientCompatResponse, await conformanceCall(request, { wire, client, options }));
    } catch (error) {
      const message = (error as Error).message;
      wire.write(ClientCompatResponse, { testName, error: { message } } as ClientCompatResponse);
    }
  };
  const running = new Set<Promise<void>>();
  for await (const frame of readFrames(process.stdin)) {
    const call = answer(wire.decode(ClientCompatRequest, frame)).finally(() => running.delete(call));
    running.add(call);
    if (running.size >= given.parallel) await Promise.race(running);
  }
  await Promise.all(running);
  for (const service of services.values()) await (await service).stop();
});
