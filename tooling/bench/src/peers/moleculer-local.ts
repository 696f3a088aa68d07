import { ServiceBroker } from "moleculer";
import { echoService } from "./moleculer-echo.ts";
import type { Message, Peer, PeerClient } from "./peer.ts";

/** Moleculer's call of an action in the same broker. */
export const moleculerLocal: Peer = {
  name: "moleculer-local",
  connect,
};

async function connect(): Promise<PeerClient> {
  const broker = new ServiceBroker({ nodeID: "local", logger: false });
  broker.createService(echoService);
  await broker.start();
  return {
    call: (message) => broker.call<Message, Message>("echo.echo", message),
    close: () => broker.stop(),
  };
}
