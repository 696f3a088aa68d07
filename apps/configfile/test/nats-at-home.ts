import { type NatsServer, startNatsServer } from "@micro/servers";

/** A nats-server of this test run, and what a service needs to find it in spite of the file. */
export interface NatsAtHome {
  readonly server: NatsServer;
  /** Variables that override the addresses of `nats.yaml`; empty when the server is where the file says. */
  readonly env: Readonly<Record<string, string>>;
}

const PORT_OF_THE_FILE = 4222;

/** Starts a nats-server where `nats.yaml` says that it is, or, when somebody listens there, elsewhere. */
export async function natsAtHome(): Promise<NatsAtHome> {
  try {
    return { server: await startNatsServer({ port: PORT_OF_THE_FILE }), env: {} };
  } catch (error) {
    if (!String(error).includes("address already in use")) throw error;
    const server = await startNatsServer();
    const address = `nats://${server.address}`;
    console.warn(
      `port ${PORT_OF_THE_FILE} is taken: the addresses of nats.yaml are overridden by ${address}`,
    );
    return { server, env: { BROKER_ADDRESS: address, REGISTRY_ADDRESS: address } };
  }
}
