import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TemporaryFolder, temporaryFolder } from "@micro/programs";
import { findServer, type ServerPackage } from "./find-server.ts";
import { end, type Launched, launch } from "./launch.ts";

/** Where nats-server comes from. */
export const NATS_SERVER: ServerPackage = {
  program: "nats-server",
  packages: ["nats-server"],
  path: "usr/sbin/nats-server",
};

/** How a {@link NatsServer} is started. */
export interface NatsServerOptions {
  /** Added to the configuration file, in its own syntax: `max_payload: 64KB`. */
  readonly config?: string;
  /** Port of the loopback interface; starting fails when it is taken. @default any that is free */
  readonly port?: number;
  /** Whether other servers may connect to it as its leaf nodes. @default false */
  readonly leafnodes?: boolean;
}

/** A nats-server of one test. */
export interface NatsServer {
  /** `127.0.0.1:41234`; the same after a restart. */
  readonly address: string;
  /** Where its leaf nodes connect, the same after a restart: `127.0.0.1:41235`; empty without the option. */
  readonly leafAddress: string;
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

/** -1: any that is free. */
interface Ports {
  readonly client: number;
  /** Undefined: it takes no leaf nodes. */
  readonly leaf: number | undefined;
}

interface Running extends Launched {
  readonly ports: Ports;
}

/** Starts a nats-server on a free port of the loopback interface; resolves when it listens. Dispose of it. */
export async function startNatsServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  const program = await findServer(NATS_SERVER);
  const folder = await temporaryFolder();
  let running: Running | undefined;
  try {
    const ports = { client: options.port ?? -1, leaf: options.leafnodes ? -1 : undefined };
    running = await start({ program, folder, ports, config: options.config ?? "" });
  } catch (error) {
    await folder.remove();
    throw error;
  }
  const { ports } = running;

  async function finish(signal: NodeJS.Signals): Promise<void> {
    const ending = running;
    running = undefined;
    if (ending !== undefined) await end(ending, signal);
  }

  return {
    address: `127.0.0.1:${ports.client}`,
    leafAddress: ports.leaf === undefined ? "" : `127.0.0.1:${ports.leaf}`,
    stop: () => finish("SIGTERM"),
    kill: () => finish("SIGKILL"),
    freeze() {
      const frozen = running?.child;
      frozen?.kill("SIGSTOP");
      return () => frozen?.kill("SIGCONT");
    },
    async restart() {
      await finish("SIGTERM");
      running = await start({ program, folder, ports, config: options.config ?? "" });
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
  readonly ports: Ports;
  readonly config: string;
}

async function start({ program, folder, ports, config }: StartOptions): Promise<Running> {
  const file = join(folder.path, "nats.conf");
  const leafnodes = ports.leaf === undefined ? "" : `leafnodes { listen: "127.0.0.1:${ports.leaf}" }\n`;
  await writeFile(file, `listen: "127.0.0.1:${ports.client}"\n${leafnodes}${config}\n`);
  let bound: Ports = { client: 0, leaf: undefined };
  const launched = await launch({
    name: "nats-server",
    program,
    args: ["-c", file],
    isReady(line) {
      const [, kind, port] = /Listening for (client|leafnode) connections on \S+:(\d+)/.exec(line) ?? [];
      if (kind === "client") bound = { ...bound, client: Number(port) };
      else if (kind === "leafnode") bound = { ...bound, leaf: Number(port) };
      return line.includes("Server is ready");
    },
  });
  return { ...launched, ports: bound };
}
