import { PassThrough } from "node:stream";
import { ServiceBroker } from "moleculer";
import { MessageQueue } from "./message-queue.ts";
import { echoService } from "./moleculer-echo.ts";
import type { Message, Peer, PeerClient, PeerServer, PeerStream } from "./peer.ts";

const SERVER = "server";
const READY_MS = 10_000;
const POLL_MS = 20;

/** Moleculer over its TCP transporter with the address of the server given, so that nothing is broadcast. */
export const moleculerTcp: Peer = { name: "moleculer-tcp", startServer, connect };

function brokerOf(nodeID: string, urls: readonly string[]): ServiceBroker {
  return new ServiceBroker({
    nodeID,
    logger: false,
    transporter: {
      type: "TCP",
      options: { udpDiscovery: false, useHostname: false, gossipPeriod: 1, urls: urls.join(",") },
    },
  });
}

async function startServer(): Promise<PeerServer> {
  const broker = brokerOf(SERVER, []);
  broker.createService(echoService);
  await broker.start();
  const { port } = broker.getLocalNodeInfo();
  return { address: `tcp://127.0.0.1:${port}/${SERVER}`, close: () => broker.stop() };
}

async function connect(address: string): Promise<PeerClient> {
  const broker = brokerOf("client", [address]);
  await broker.start();
  await broker.waitForServices("echo", READY_MS, POLL_MS);
  return {
    call: (message) => broker.call<Message, Message>("echo.echo", message),
    openStream: () => openStream(broker),
    close: () => broker.stop(),
  };
}

async function openStream(broker: ServiceBroker): Promise<PeerStream> {
  const replies = new MessageQueue();
  const requests = new PassThrough({ objectMode: true });
  const responses = await broker.call<NodeJS.ReadableStream, Record<string, never>>(
    "echo.stream",
    {},
    { stream: requests },
  );
  responses.on("data", (message: unknown) => replies.push(message as Message));
  responses.on("end", () => replies.end());
  responses.on("error", (error: Error) => replies.end(error));
  return {
    send(message) {
      requests.write(message);
    },
    replies,
    close: async () => {
      requests.end();
    },
  };
}
