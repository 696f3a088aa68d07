import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { temporaryFolder } from "@micro/programs";
import { findServer, type ServerPackage } from "./find-server.ts";
import { end, type Launched, launch } from "./launch.ts";

/** An MQTT server of one test. */
export interface Mosquitto extends AsyncDisposable {
  /** `mqtt://127.0.0.1:41234`; the same after a restart. */
  readonly url: string;
  /** Ends it as its operator would. */
  stop(): Promise<void>;
  /** Starts it again on the same port. */
  restart(): Promise<void>;
}

/** Where mosquitto comes from. */
export const MOSQUITTO: ServerPackage = {
  program: "mosquitto",
  packages: ["mosquitto", "libcjson1", "libdlt2", "libmosquitto1", "libwrap0"],
  path: "usr/sbin/mosquitto",
};
const LIBRARIES = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" } as const;

/** Starts mosquitto on a free port of the loopback interface; resolves when it listens. Dispose of it. */
export async function startMosquitto(): Promise<Mosquitto> {
  const program = await findServer(MOSQUITTO);
  const folder = await temporaryFolder();
  const config = join(folder.path, "mosquitto.conf");
  const port = await freeTcpPort();
  await writeFile(config, `listener ${port} 127.0.0.1\nallow_anonymous true\n`);
  const start = (): Promise<Launched> =>
    launch({
      name: "mosquitto",
      program,
      args: ["-c", config],
      // Its own libraries, where it was unpacked and not installed.
      env: { LD_LIBRARY_PATH: join(dirname(program), "../lib", LIBRARIES[process.arch as "x64"] ?? "") },
      isReady: (line) => /mosquitto version \S+ running/.test(line),
    });
  let running: Launched | undefined;
  const finish = async (signal: NodeJS.Signals): Promise<void> => {
    const ending = running;
    running = undefined;
    if (ending !== undefined) await end(ending, signal);
  };
  try {
    running = await start();
  } catch (error) {
    await folder.remove();
    throw error;
  }
  return {
    url: `mqtt://127.0.0.1:${port}`,
    stop: () => finish("SIGTERM"),
    async restart() {
      await finish("SIGTERM");
      running = await start();
    },
    async [Symbol.asyncDispose]() {
      await finish("SIGKILL");
      await folder.remove();
    },
  };
}

/** Free when it was asked for: mosquitto cannot choose one by itself. */
async function freeTcpPort(): Promise<number> {
  const server = createServer();
  const port = await new Promise<number>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { readonly port: number }).port));
  });
  await new Promise((resolve) => server.close(resolve));
  return port;
}
