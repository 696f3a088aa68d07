import { grpcClient } from "@micro/client-grpc";
import { jsonCodec } from "@micro/codec-json";
import { Channel, createService } from "@micro/core";
import { memoryRegistry } from "@micro/registry-memory";
import { randomSelector } from "@micro/selector";
import { grpcServer } from "@micro/server-grpc";
import { callerService, echoContract, echoService } from "./micro-echo.ts";
import type { Message, Peer, PeerClient, PeerServer } from "./peer.ts";

/** Micro over gRPC: the same service and messages as grpc-js has, with routing, deadlines, feedback and limits around. */
export const microGrpc: Peer = { name: "micro-grpc", startServer, connect };

async function startServer(): Promise<PeerServer> {
  const service = await createService(echoService, {
    plugins: [jsonCodec, memoryRegistry, grpcServer],
    server: { address: "127.0.0.1:0" },
  });
  await service.start();
  return { address: service.server.address ?? "", close: () => service.stop() };
}

async function connect(address: string): Promise<PeerClient> {
  const service = await createService(callerService, {
    plugins: [jsonCodec, memoryRegistry, randomSelector, grpcClient],
  });
  await service.start();
  const client = service.client.of(echoContract);
  return {
    call: (message) => client.echo(message, { address }),
    async openStream() {
      const requests = new Channel<Message>();
      return {
        send: (message) => requests.send(message),
        replies: client.stream(requests, { address, timeoutMs: 600_000 }),
        close: async () => requests.end(),
      };
    },
    close: () => service.stop(),
  };
}
