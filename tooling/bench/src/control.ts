import type { Slice, SliceOptions } from "./driver.ts";

/** Processor time and memory of one process. */
export interface Usage {
  /** User and system time since the process started, all threads, in microseconds. */
  readonly cpuUs: number;
  readonly rssBytes: number;
}

/** What the benchmark asks a process to do; one request at a time, each gets one answer. */
export type Request =
  | { readonly do: "serve" }
  | { readonly do: "connect"; readonly address: string; readonly workload: string }
  | ({ readonly do: "run" } & SliceOptions)
  | { readonly do: "usage" }
  | { readonly do: "close" };

/** The answers, in the order of the requests. */
export interface Answers {
  serve: { readonly address: string };
  connect: { readonly streams: boolean };
  run: Slice & { readonly usedCpuUs: number };
  usage: Usage;
  close: null;
}

/** An answer on its way: a value or the text of an error. */
export type Answer = { readonly value: unknown } | { readonly error: string };

/** This process's own usage. */
export function ownUsage(): Usage {
  const { user, system } = process.cpuUsage();
  return { cpuUs: user + system, rssBytes: process.memoryUsage.rss() };
}

/** Answers the requests of the parent process; ends when the parent is gone. */
export function answerParent(handle: (request: Request) => Promise<unknown>): void {
  process.on("message", (request: Request) => {
    void handle(request)
      .then(
        (value): Answer => ({ value }),
        (error: unknown): Answer => ({ error: error instanceof Error ? (error.stack ?? "") : String(error) }),
      )
      .then((answer) => {
        process.send?.(answer, undefined, undefined, () => {
          if (request.do === "close") process.disconnect?.();
        });
      });
  });
  // Peers keep timers and sockets; without its parent a process has nothing left to do.
  process.on("disconnect", () => process.exit(0));
}
