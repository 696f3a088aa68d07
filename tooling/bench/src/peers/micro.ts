import { Channel, createService } from "@micro/core";
import { defaults } from "@micro/set-defaults";
import { callerService, echoContract, echoService } from "./micro-echo.ts";
import type { Message, Peer, PeerClient, PeerServer } from "./peer.ts";

/** Micro with its default plugins: discovery by multicast DNS, HTTP messages, JSON, deadlines, feedback of calls. */
export const micro: Peer = { name: "micro", startServer, connect };

const LOOPBACK = { address: "127.0.0.1:0" };
const QUIET = { level: "error" } as const;

async function startServer(): Promise<PeerServer> {
  // A domain of its own keeps benchmarks that run at once, and the host's services, apart.
  const domain = `bench-${process.pid}`;
  const service = await createService(echoService, {
    plugins: defaults,
    configFile: false,
    cli: { enabled: false },
    logger: QUIET,
    registry: { domain },
    server: LOOPBACK,
  });
  await service.start();
  return { address: domain, close: () => service.stop() };
}

async function connect(domain: string): Promise<PeerClient> {
  const service = await createService(callerService, {
    plugins: defaults,
    configFile: false,
    cli: { enabled: false },
    logger: QUIET,
    registry: { domain },
    server: LOOPBACK,
  });
  await service.start();
  const client = service.client.of(echoContract);
  return {
    call: (message) => client.echo(message),
    async openStream() {
      const requests = new Channel<Message>();
      return {
        send: (message) => requests.send(message),
        replies: client.stream(requests, { timeoutMs: 600_000 }),
        close: async () => requests.end(),
      };
    },
    close: () => service.stop(),
  };
}
