import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Answer, Answers, Request } from "./control.ts";
import { isLocal } from "./peers/index.ts";
import type { Workload } from "./workloads.ts";

const ANSWER_MS = 20_000;
const EXIT_MS = 5_000;

/** One measurement: both processes together. */
export interface Sample {
  readonly callsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** User and system time of both processes, per call, in microseconds. */
  readonly cpuUsPerCall: number;
  /** Resident memory of both processes. */
  readonly rssBytes: number;
}

/** Options of a pair. */
export interface PairOptions {
  /** Folder for a `.cpuprofile` of each process. */
  readonly profileDir?: string | undefined;
}

/** The processes of one peer for one workload: a client, and a server unless the peer is local. */
export class ProcessPair {
  readonly peer: string;
  readonly #workload: Workload;
  readonly #client: Child;
  readonly #server: Child | undefined;

  constructor(peer: string, workload: Workload, options: PairOptions = {}) {
    this.peer = peer;
    this.#workload = workload;
    const label = `${workload.name}.${peer}`;
    this.#server = isLocal(peer) ? undefined : new Child("server", peer, label, options);
    this.#client = new Child("client", peer, label, options);
  }

  /** Starts the server and connects the client; false if the peer cannot do the workload. */
  async open(): Promise<boolean> {
    const address = this.#server === undefined ? "" : (await this.#server.ask({ do: "serve" })).address;
    const { streams } = await this.#client.ask({ do: "connect", address, workload: this.#workload.name });
    return streams || this.#workload.kind !== "stream";
  }

  /**
   * Makes calls that are not measured, many at once: the compiler then sees each path tens of thousands of times in a
   * second, as in a server that has run for a while, and not only as often as one call after the other allows.
   */
  async warmUp(seconds: number): Promise<void> {
    const inFlight = this.#workload.inFlight === 1 ? 64 : undefined;
    await this.#client.ask({ do: "run", seconds, sampleEvery: this.#sampleEvery, inFlight });
  }

  /** Local calls take about as long as reading the clock does. */
  get #sampleEvery(): number {
    return this.#server === undefined ? 16 : 1;
  }

  /** Measures one slice. */
  async measure(seconds: number): Promise<Sample> {
    const sampleEvery = this.#sampleEvery;
    const before = await this.#server?.ask({ do: "usage" });
    const slice = await this.#client.ask({ do: "run", seconds, sampleEvery });
    const after = await this.#server?.ask({ do: "usage" });
    const client = await this.#client.ask({ do: "usage" });
    const serverCpuUs = (after?.cpuUs ?? 0) - (before?.cpuUs ?? 0);
    return {
      callsPerSecond: slice.calls / slice.seconds,
      p50Us: slice.p50Us,
      p99Us: slice.p99Us,
      cpuUsPerCall: (slice.usedCpuUs + serverCpuUs) / slice.calls,
      rssBytes: client.rssBytes + (after?.rssBytes ?? 0),
    };
  }

  /** Closes both, client first; a process that does not leave is killed, and then this rejects. */
  async close(): Promise<void> {
    try {
      await this.#client.close();
    } finally {
      await this.#server?.close();
    }
  }
}

class Child {
  readonly #process: ChildProcess;
  readonly #name: string;
  #exited = false;

  constructor(role: "client" | "server", peer: string, label: string, { profileDir }: PairOptions) {
    this.#name = `${role} of ${peer}`;
    const profiling =
      profileDir === undefined
        ? []
        : ["--cpu-prof", `--cpu-prof-dir=${profileDir}`, `--cpu-prof-name=${label}.${role}.cpuprofile`];
    this.#process = fork(fileURLToPath(new URL(`./${role}-process.ts`, import.meta.url)), [peer], {
      execArgv: [...process.execArgv, ...profiling],
    });
    this.#process.once("exit", () => {
      this.#exited = true;
    });
  }

  ask<R extends Request>(request: R): Promise<Answers[R["do"]]> {
    const child = this.#process;
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void): void => {
        clearTimeout(timer);
        child.off("message", onMessage);
        child.off("exit", onExit);
        finish();
      };
      const fail = (text: string): void => settle(() => reject(new Error(`${this.#name}: ${text}`)));
      const onMessage = (answer: Answer): void => {
        if ("error" in answer) fail(`${request.do} failed: ${answer.error}`);
        else settle(() => resolve(answer.value as Answers[R["do"]]));
      };
      const onExit = (): void => fail(`the process ended before it answered to ${request.do}`);
      const timer = setTimeout(() => fail(`no answer to ${request.do} within ${ANSWER_MS} ms`), ANSWER_MS);
      child.on("message", onMessage);
      child.on("exit", onExit);
      if (this.#exited) onExit();
      else child.send(request);
    });
  }

  async close(): Promise<void> {
    if (this.#exited) return;
    const gone = new Promise<void>((resolve) => {
      this.#process.once("exit", () => resolve());
    });
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), EXIT_MS);
    try {
      await this.ask({ do: "close" });
    } catch (error) {
      this.#process.kill("SIGKILL");
      throw error;
    } finally {
      await gone;
      clearTimeout(timer);
    }
  }
}
