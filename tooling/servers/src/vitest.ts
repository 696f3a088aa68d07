import { afterAll, beforeAll, beforeEach } from "vitest";
import { findServer, MissingServerError, type ServerPackage } from "./find-server.ts";
import { MOSQUITTO, type Mosquitto, startMosquitto } from "./mosquitto.ts";
import { NATS_SERVER, type NatsServer, type NatsServerOptions, startNatsServer } from "./nats-server.ts";

/** A NATS server that the tests of this file or `describe` share: they ask for it when they run. Where it is missing they are skipped. */
export function sharedNatsServer(options?: NatsServerOptions): Promise<() => NatsServer> {
  return sharedServer(NATS_SERVER, () => startNatsServer(options));
}

/** As {@link sharedNatsServer}, of MQTT. */
export function sharedMosquitto(): Promise<() => Mosquitto> {
  return sharedServer(MOSQUITTO, startMosquitto);
}

/** For tests that start NATS servers of their own: skips those of this file or `describe` where it is missing. */
export async function needsNatsServer(): Promise<void> {
  skipEach(await whyNoNatsServer());
}

/** As {@link needsNatsServer}, of MQTT. */
export async function needsMosquitto(): Promise<void> {
  skipEach(await whyNoServer(MOSQUITTO));
}

/** Why tests that need NATS are skipped here; undefined where they run. Rejects in CI where it is missing. */
export function whyNoNatsServer(): Promise<string | undefined> {
  return whyNoServer(NATS_SERVER);
}

/** Skips each test of this file or `describe` for a reason, if there is one. */
export function skipEach(why: string | undefined): void {
  beforeEach((context) => {
    if (why !== undefined) context.skip(why);
  });
}

/** Any server that the tests of this file or `describe` share. */
export async function sharedServer<Server extends AsyncDisposable>(
  server: ServerPackage,
  start: () => Promise<Server>,
): Promise<() => Server> {
  const why = await whyNoServer(server);
  let running: Server | undefined;
  beforeAll(async () => {
    if (why === undefined) running = await start();
  });
  skipEach(why);
  afterAll(() => running?.[Symbol.asyncDispose]());
  return () => {
    if (running === undefined) throw new Error(`${server.program} runs only while tests do`);
    return running;
  };
}

/** What fetching a program came to is the same for all files of a worker, and may take a minute to fail. */
const looked = new Map<string, Promise<string | undefined>>();

/** As {@link whyNoNatsServer}, of any server. */
export function whyNoServer(server: ServerPackage): Promise<string | undefined> {
  const known = looked.get(server.program) ?? whyMissing(findServer(server));
  looked.set(server.program, known);
  return known;
}

/** The reason of a skip where a server is missing, undefined where it was found. In CI no test may get lost: it rejects. */
export async function whyMissing(finding: Promise<unknown>): Promise<string | undefined> {
  try {
    await finding;
    return undefined;
  } catch (error) {
    if (!(error instanceof MissingServerError) || process.env.CI) throw error;
    return error.message;
  }
}
