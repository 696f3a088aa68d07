import { createMonolith } from "@micro/core";
import { defaults } from "@micro/set-defaults";
import { asyncEchoService, callerService, echoContract, echoService } from "./micro-echo.ts";
import type { Peer, PeerClient } from "./peer.ts";

/** Two Micro services in one process: deadlines, errors and isolation of objects as over the network. */
export const microLocal: Peer = {
  name: "micro-local",
  connect: () => connect(echoService),
};

/** The same with a handler that is an async function. */
export const microLocalAsync: Peer = {
  name: "micro-local-async",
  connect: () => connect(asyncEchoService),
};

async function connect(echo: typeof echoService): Promise<PeerClient> {
  const monolith = await createMonolith([echo, callerService], {
    plugins: defaults,
    configFile: false,
    cli: { enabled: false },
    logger: { level: "error" },
    registry: { domain: `bench-${process.pid}` },
    server: { address: "127.0.0.1:0" },
    shared: ["registry"],
  });
  await monolith.start();
  const client = monolith.service(callerService.name).client.of(echoContract);
  return {
    call: (message) => client.echo(message),
    close: () => monolith.stop(),
  };
}
