import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** How a server is started. */
export interface LaunchOptions {
  /** Name in errors. */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Told each line of standard error; true when the server is ready. */
  readonly isReady: (line: string) => boolean;
}

/** A server process. */
export interface Launched {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
}

const START_DEADLINE_MS = 10_000;
const STOP_DEADLINE_MS = 5000;
/** What a server that runs for long prints is of no use; its start is. */
const LINES_KEPT = 200;

/** Starts a server and resolves when it says that it is ready; rejects with what it printed. */
export async function launch(options: LaunchOptions): Promise<Launched> {
  const { name, program, args, env, isReady } = options;
  const child = spawn(program, [...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const printed: string[] = [];
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
    child.once("error", () => resolve());
  });
  const ready = Promise.withResolvers<void>();
  createInterface({ input: child.stderr }).on("line", (line) => {
    if (printed.length < LINES_KEPT) printed.push(line);
    if (isReady(line)) ready.resolve();
  });
  const failed = (why: string): Error => new Error(`${name} ${why}; it printed:\n${printed.join("\n")}`);
  child.once("error", (error) => ready.reject(failed(error.message)));
  void ended.then(() => ready.reject(failed("ended")));
  const timer = setTimeout(
    () => ready.reject(failed(`is not ready after ${START_DEADLINE_MS} ms`)),
    START_DEADLINE_MS,
  );
  try {
    await ready.promise;
    return { child, ended };
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Ends a server by a signal, and by SIGKILL when that is not enough. */
export async function end({ child, ended }: Launched, signal: NodeJS.Signals): Promise<void> {
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_DEADLINE_MS);
  child.kill(signal);
  await ended.finally(() => clearTimeout(timer));
}
