import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { cleanEnvironment } from "@micro/checks/run-command";

/** How a program is started. */
export interface ProgramOptions {
  readonly args?: readonly string[];
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** @default the current one */
  readonly cwd?: string;
}

/** How a program ended. */
export interface EndedProgram {
  /** The exit code, or the signal that ended it. */
  readonly status: number | NodeJS.Signals | null;
  /** Lines of standard output. */
  readonly stdout: readonly string[];
  /** Lines of standard error. */
  readonly stderr: readonly string[];
}

/** A program that runs. */
export interface Program {
  readonly pid: number;
  /** Resolves when it has ended and all it printed is known. */
  readonly ended: Promise<EndedProgram>;
  /**
   * The first line, of output or errors, that matches; those printed before count. Rejects, with all that was
   * printed, when there is none within `timeoutMs` (@default 60000) or the program ends without it.
   */
  line(wanted: RegExp, options?: { readonly timeoutMs?: number }): Promise<string>;
  /** Sends a signal (@default SIGTERM) and resolves when it has ended; kills it after `timeoutMs` (@default 10000). */
  stop(signal?: NodeJS.Signals, options?: { readonly timeoutMs?: number }): Promise<EndedProgram>;
}

interface Waiting {
  readonly wanted: RegExp;
  readonly resolve: (line: string) => void;
}

/** Starts a TypeScript program of the workspace in a process of its own. Stop it in `finally` or `afterAll`. */
export function startProgram(file: string, options: ProgramOptions = {}): Program {
  const { args = [], env = {}, cwd = process.cwd() } = options;
  const child = spawn(
    process.execPath,
    ["--conditions=@micro/source", "--disable-warning=ExperimentalWarning", file, ...args],
    { cwd, env: { ...cleanEnvironment(), ...env }, stdio: ["ignore", "pipe", "pipe"] },
  );
  const printed: string[] = [];
  const waiting = new Set<Waiting>();
  const told = (line: string): void => {
    printed.push(line);
    for (const one of waiting) if (one.wanted.test(line)) one.resolve(line);
  };
  const stdout = linesOf(child.stdout, told);
  const stderr = linesOf(child.stderr, told);
  const failure = (why: string): Error => new Error(`${file} ${why}; it printed:\n${printed.join("\n")}`);
  const ended = ending(child).then((status) => ({ status, stdout, stderr }));
  return {
    pid: child.pid ?? 0,
    ended,
    async line(wanted, { timeoutMs = 60_000 } = {}) {
      const found = printed.find((line) => wanted.test(line));
      if (found !== undefined) return found;
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const one: Waiting = { wanted, resolve };
      waiting.add(one);
      ended.then(({ status }) => reject(failure(`ended (${status}) without a line ${wanted}`)), reject);
      const timer = setTimeout(
        () => reject(failure(`printed no line ${wanted} within ${timeoutMs} ms`)),
        timeoutMs,
      );
      return promise.finally(() => {
        clearTimeout(timer);
        waiting.delete(one);
      });
    },
    async stop(signal = "SIGTERM", { timeoutMs = 10_000 } = {}) {
      const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
      child.kill(signal);
      return ended.finally(() => clearTimeout(timer));
    },
  };
}

/** Runs a program to its end, or kills it after `timeoutMs` (@default 60000). */
export async function runProgram(
  file: string,
  options: ProgramOptions & { readonly timeoutMs?: number } = {},
): Promise<EndedProgram> {
  const program = startProgram(file, options);
  const timer = setTimeout(() => void program.stop("SIGKILL"), options.timeoutMs ?? 60_000);
  return program.ended.finally(() => clearTimeout(timer));
}

/** Collects the lines of a stream as they come. */
function linesOf(input: Readable, told: (line: string) => void): readonly string[] {
  const lines: string[] = [];
  createInterface({ input }).on("line", (line) => {
    lines.push(line);
    told(line);
  });
  return lines;
}

function ending(child: ChildProcess): Promise<number | NodeJS.Signals | null> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? signal));
  });
}
