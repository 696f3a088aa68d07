import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TemporaryFolder, temporaryFolder } from "@micro/programs";
import { findServer } from "./find-server.ts";
import { end, type Launched, launch } from "./launch.ts";

/** How a {@link NatsServer} is started. */
export interface NatsServerOptions {
  /** Added to the configuration file, in its own syntax: `max_payload: 64KB`. */
  readonly config?: string;
  /** Port of the loopback interface; starting fails when it is taken. @default any that is free */
  readonly port?: number;
}

/** A nats-server of one test. */
export interface NatsServer {
  /** `127.0.0.1:41234`; the same after a restart. */
  readonly address: string;
  /** Ends it as its operator would. Idempotent. */
  stop(): Promise<void>;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** Holds it still until the returned function is called. */
  freeze(): () => void;
  /** Starts it again after `stop` or `kill`, on the same port. */
  restart(): Promise<void>;
  /** Ends it for good and takes its files away. */
  [Symbol.asyncDispose](): Promise<void>;
}

interface Running extends Launched {
  readonly port: number;
}

/** Starts a nats-server on a free port of the loopback interface; resolves when it listens. Dispose of it. */
export async function startNatsServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  const program = await findServer({
    program: "nats-server",
    packages: ["nats-server"],
    path: "usr/sbin/nats-server",
  });
  const folder = await temporaryFolder();
  let running: Running | undefined;
  try {
    running = await start({ program, folder, port: options.port ?? -1, config: options.config ?? "" });
  } catch (error) {
    await folder.remove();
    throw error;
  }
  const { port } = running;

  async function finish(signal: NodeJS.Signals): Promise<void> {
    const ending = running;
    running = undefined;
    if (ending !== undefined) await end(ending, signal);
  }

  return {
    address: `127.0.0.1:${port}`,
    stop: () => finish("SIGTERM"),
    kill: () => finish("SIGKILL"),
    freeze() {
      const frozen = running?.child;
      frozen?.kill("SIGSTOP");
      return () => frozen?.kill("SIGCONT");
    },
    async restart() {
      await finish("SIGTERM");
      running = await start({ program, folder, port, config: options.config ?? "" });
    },
    async [Symbol.asyncDispose]() {
      await finish("SIGKILL");
      await folder.remove();
    },
  };
}

interface StartOptions {
  readonly program: string;
  readonly folder: TemporaryFolder;
  /** -1: any that is free. */
  readonly port: number;
  readonly config: string;
}

async function start({ program, folder, port, config }: StartOptions): Promise<Running> {
  const file = join(folder.path, "nats.conf");
  await writeFile(file, `listen: "127.0.0.1:${port}"\n${config}\n`);
  let bound = 0;
  const launched = await launch({
    name: "nats-server",
    program,
    args: ["-c", file],
    isReady(line) {
      const found = /Listening for client connections on \S+:(\d+)/.exec(line);
      if (found !== null) bound = Number(found[1]);
      return line.includes("Server is ready");
    },
  });
  return { ...launched, port: bound };
}
