import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { multicastAvailable } from "@micro/registry-mdns";

const LOOPBACK = "127.0.0.1";

/** How the processes of one tour find each other, as flags that every one of them takes. */
export interface Discovery {
  readonly flags: readonly string[];
  /** A sentence for people. */
  readonly sentence: string;
  /** Why multicast DNS is impossible on this host; undefined where it is not. */
  readonly reason: string | undefined;
  cleanUp(): Promise<void>;
}

/** Multicast DNS under a domain of this tour's own; a folder of the host where multicast is impossible. */
export async function chooseDiscovery(
  choice: "auto" | "file",
  probe: typeof multicastAvailable = multicastAvailable,
): Promise<Discovery> {
  if (choice === "file")
    return throughFolder("As asked for, the services find each other through a folder (registry-file).");
  const available = await probe({ interfaces: [LOOPBACK] });
  if (!available.ok)
    return throughFolder(
      "Multicast is impossible on this host, so the services find each other through a folder (registry-file).",
      available.reason,
    );
  const domain = `tour-${process.pid}`;
  return {
    flags: ["--registry=mdns", `--registry_domain=${domain}`, `--registry_interfaces=${LOOPBACK}`],
    sentence: `Discovery by multicast DNS, domain '${domain}', on loopback.`,
    reason: undefined,
    cleanUp: () => Promise.resolve(),
  };
}

async function throughFolder(sentence: string, reason?: string): Promise<Discovery> {
  const path = await mkdtemp(join(tmpdir(), "micro-tour-"));
  return {
    flags: ["--registry=file", `--registry_path=${path}`],
    sentence,
    reason,
    cleanUp: () => rm(path, { recursive: true, force: true }),
  };
}

/** One process of the tour. */
export interface NodeProcess {
  readonly name: string;
  readonly pid: number;
  /** Sends a signal and resolves when the process has ended. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<{ readonly code: number | null }>;
}

const READY_TIMEOUT_MS = 60_000;
const END_TIMEOUT_MS = 15_000;

/** The processes that one tour started; none outlives it. */
export class Fleet {
  readonly #discovery: Discovery;
  readonly #running = new Map<string, ChildProcess>();
  #stopped = false;

  constructor(discovery: Discovery) {
    this.#discovery = discovery;
    // Also when the tour ends without stopping them, as when the reader of its pipe has gone.
    process.once("exit", () => {
      for (const child of this.#running.values()) child.kill("SIGKILL");
    });
  }

  /** Starts a node and resolves when it serves. Rejects after {@link stop}. */
  async start(program: "greeter" | "audit", name: string): Promise<NodeProcess> {
    if (this.#stopped) throw new Error(`node '${name}' is not started: the tour has ended`);
    const script = join(import.meta.dirname, "nodes", `${program}.ts`);
    const child = spawn(
      process.execPath,
      [
        "--conditions=@micro/source",
        "--disable-warning=ExperimentalWarning",
        script,
        `--server_id=${name}`,
        ...this.#discovery.flags,
      ],
      {
        stdio: ["ignore", "inherit", "inherit", "ipc"],
        env: { ...process.env, TOUR_NODE: name },
        // Ctrl-C reaches the whole group of a terminal's process: the nodes are ended by the tour, in its order.
        detached: true,
      },
    );
    this.#running.set(name, child);
    child.once("exit", () => this.#running.delete(name));
    const ended = once(child, "exit").then(() => {
      throw new Error(`node '${name}' ended before it was ready`);
    });
    await Promise.race([once(child, "message", { signal: AbortSignal.timeout(READY_TIMEOUT_MS) }), ended]);
    ended.catch(() => undefined); // from now on its end is somebody's wish, or shows in the calls
    return { name, pid: child.pid as number, end: (signal) => endProcess(child, signal) };
  }

  /** Ends what still runs. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#running.values()].map((child) => endProcess(child, "SIGTERM")));
    await this.#discovery.cleanUp();
  }
}

async function endProcess(
  child: ChildProcess,
  signal: "SIGTERM" | "SIGKILL",
): Promise<{ readonly code: number | null }> {
  if (child.exitCode === null && child.signalCode === null) {
    const exit = once(child, "exit", { signal: AbortSignal.timeout(END_TIMEOUT_MS) });
    child.kill(signal);
    await exit.catch(() => child.kill("SIGKILL"));
  }
  return { code: child.exitCode };
}
