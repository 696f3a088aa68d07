import { type ChildProcess, spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TemporaryFolder, temporaryFolder } from "@micro/programs";
import { findServer } from "./find-server.ts";

/** How a {@link NatsServer} is started. */
export interface NatsServerOptions {
  /** Added to the configuration file, in its own syntax: `max_payload: 64KB`. */
  readonly config?: string;
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

const START_DEADLINE_MS = 10_000;
const STOP_DEADLINE_MS = 5000;

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
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
    running = await launch({ program, folder, port: -1, config: options.config ?? "" });
  } catch (error) {
    await folder.remove();
    throw error;
  }
  const { port } = running;

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ending = running;
    running = undefined;
    if (ending === undefined) return;
    const timer = setTimeout(() => ending.child.kill("SIGKILL"), STOP_DEADLINE_MS);
    ending.child.kill(signal);
    await ending.ended.finally(() => clearTimeout(timer));
  }

  return {
    address: `127.0.0.1:${port}`,
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
    freeze() {
      const frozen = running?.child;
      frozen?.kill("SIGSTOP");
      return () => frozen?.kill("SIGCONT");
    },
    async restart() {
      await end("SIGTERM");
      running = await launch({ program, folder, port, config: options.config ?? "" });
    },
    async [Symbol.asyncDispose]() {
      await end("SIGKILL");
      await folder.remove();
    },
  };
}

interface Launch {
  readonly program: string;
  readonly folder: TemporaryFolder;
  /** -1: any that is free. */
  readonly port: number;
  readonly config: string;
}

async function launch({ program, folder, port, config }: Launch): Promise<Running> {
  const file = join(folder.path, "nats.conf");
  await writeFile(file, `listen: "127.0.0.1:${port}"\n${config}\n`);
  const child = spawn(program, ["-c", file], { stdio: ["ignore", "ignore", "pipe"] });
  const printed: string[] = [];
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
    child.once("error", () => resolve());
  });
  const listening = Promise.withResolvers<number>();
  let bound = 0;
  createInterface({ input: child.stderr }).on("line", (line) => {
    // What a server that runs for long prints is of no use; its start is.
    if (printed.length < 200) printed.push(line);
    const found = /Listening for client connections on \S+:(\d+)/.exec(line);
    if (found !== null) bound = Number(found[1]);
    if (line.includes("Server is ready")) listening.resolve(bound);
  });
  const failed = (why: string): Error => new Error(`nats-server ${why}; it printed:\n${printed.join("\n")}`);
  child.once("error", (error) => listening.reject(failed(error.message)));
  void ended.then(() => listening.reject(failed("ended")));
  const timer = setTimeout(
    () => listening.reject(failed(`does not listen after ${START_DEADLINE_MS} ms`)),
    START_DEADLINE_MS,
  );
  try {
    return { child, ended, port: await listening.promise };
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
