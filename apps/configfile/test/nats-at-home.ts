import { type NatsServer, startNatsServer } from "@micro/servers";
import { whyNoNatsServer } from "@micro/servers/vitest";
import { afterAll, beforeAll } from "vitest";

/** A nats-server of a test file, and what a service needs to find it in spite of `nats.yaml`. */
export interface NatsAtHome {
  /** Why there is none: tests that need it skip. Undefined where there is. */
  readonly missing: string | undefined;
  /** Variables that override the addresses of the file; empty when the server is where the file says, and before tests run. */
  readonly env: Readonly<Record<string, string>>;
}

const PORT_OF_THE_FILE = 4222;

/** A nats-server for the tests of this file, where `nats.yaml` says that it is, or, when somebody listens there, elsewhere. */
export async function natsAtHome(): Promise<NatsAtHome> {
  const missing = await whyNoNatsServer();
  let server: NatsServer | undefined;
  let env: NatsAtHome["env"] = {};
  beforeAll(async () => {
    if (missing !== undefined) return;
    try {
      server = await startNatsServer({ port: PORT_OF_THE_FILE });
    } catch (error) {
      if (!String(error).includes("address already in use")) throw error;
      server = await startNatsServer();
      const address = `nats://${server.address}`;
      console.warn(
        `port ${PORT_OF_THE_FILE} is taken: the addresses of nats.yaml are overridden by ${address}`,
      );
      env = { BROKER_ADDRESS: address, REGISTRY_ADDRESS: address };
    }
  });
  afterAll(() => server?.[Symbol.asyncDispose]());
  return {
    missing,
    get env() {
      return env;
    },
  };
}
