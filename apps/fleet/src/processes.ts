import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

const END_TIMEOUT_MS = 10_000;
/** Lines of standard error that are kept of each process, to be shown when it ends by itself. */
const KEPT_LINES = 20;

/** The processes that one demo started; none outlives it. */
export class Processes {
  readonly #running = new Map<string, ChildProcess>();
  readonly #failure = Promise.withResolvers<never>();
  #stopping = false;

  constructor() {
    this.#failure.promise.catch(() => undefined); // told to whoever asks `failure`
    // Also when the demo ends without stopping them, as when the reader of its pipe has gone.
    process.once("exit", () => {
      for (const child of this.#running.values()) child.kill("SIGKILL");
    });
  }

  /** Rejects when a process ends that nobody stopped. */
  get failure(): Promise<never> {
    return this.#failure.promise;
  }

  /** Starts a service of ours. */
  startNode(name: string, script: string, flags: readonly string[]): void {
    const args = ["--conditions=@micro/source", "--disable-warning=ExperimentalWarning", script, ...flags];
    this.#start(name, process.execPath, args, process.env);
  }

  /** Starts a compiled program. */
  startProgram(name: string, program: string, env: Readonly<Record<string, string>>): void {
    // Go's client takes the way through a proxy of the environment even to loopback (spec 1.1).
    const noProxy = { HTTPS_PROXY: "", HTTP_PROXY: "", https_proxy: "", http_proxy: "" };
    this.#start(name, program, [], { ...process.env, ...noProxy, ...env });
  }

  /** Ends what still runs. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all([...this.#running.values()].map(endProcess));
  }

  #start(name: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv): void {
    if (this.#stopping) throw new Error(`'${name}' is not started, as the demo ends`);
    const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"], env });
    const log: string[] = [];
    createInterface({ input: child.stderr }).on("line", (text) => {
      log.push(text);
      if (log.length > KEPT_LINES) log.shift();
    });
    this.#running.set(name, child);
    const ended = (how: string): void => {
      this.#running.delete(name);
      if (!this.#stopping) this.#failure.reject(new Error(`'${name}' ${how}:\n${log.join("\n")}`));
    };
    child.once("error", (error) => ended(`could not be started (${error.message})`));
    child.once("close", (code, signal) => ended(`ended (${code ?? signal}) in the middle of the demo`));
  }
}

async function endProcess(child: ChildProcess): Promise<void> {
  const ended = once(child, "close");
  child.kill("SIGTERM");
  const late = new AbortController();
  const kill = sleep(END_TIMEOUT_MS, undefined, { signal: late.signal }).then(
    () => child.kill("SIGKILL"),
    () => undefined,
  );
  await ended;
  late.abort();
  await kill;
}
