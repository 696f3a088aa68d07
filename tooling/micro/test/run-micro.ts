import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { cleanEnvironment } from "@micro/checks/run-command";
import { main } from "../src/main.ts";

/** How a command line ended. */
export interface Ran {
  readonly status: number | NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a command line is run. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What standard input holds; it ends after that. @default it is empty */
  readonly stdin?: string;
}

/** The command as a program of its own, as people start it. */
export const BIN: readonly string[] = [
  "--conditions=@micro/source",
  "--disable-warning=ExperimentalWarning",
  join(import.meta.dirname, "../src/bin.ts"),
];

/** A command that runs in a process of its own. */
export interface RunningMicro {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ran>;
  /** Resolves when standard output or error holds a match, rejects when the command ends without it or after 60 s. */
  seen(wanted: RegExp): Promise<void>;
}

/** Starts the command with standard input open, unless `stdin` is given. */
export function startMicro(args: readonly string[], options: RunOptions = {}): RunningMicro {
  const child = spawn(process.execPath, [...BIN, ...args], {
    cwd: options.cwd ?? import.meta.dirname,
    env: { ...cleanEnvironment(), ...options.env },
  });
  let stdout = "";
  let stderr = "";
  const waiting = new Set<() => void>();
  const tell = (): void => {
    for (const one of waiting) one();
  };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    tell();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    tell();
  });
  // A command that ends early closes its input; what is still written there is of no interest.
  child.stdin.on("error", () => undefined);
  if (options.stdin !== undefined) child.stdin.end(options.stdin);
  const ended = new Promise<Ran>((resolve, reject) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ status: code ?? signal, stdout, stderr });
    });
  });
  return {
    child,
    ended,
    async seen(wanted) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const look = (): void => {
        if (wanted.test(stdout) || wanted.test(stderr)) resolve();
      };
      const timer = setTimeout(
        () => reject(new Error(`no ${wanted} within 60 s:\n${stdout}${stderr}`)),
        60_000,
      );
      ended.then(
        ({ status }) => reject(new Error(`ended (${status}) without ${wanted}:\n${stdout}${stderr}`)),
        reject,
      );
      waiting.add(look);
      look();
      await promise.finally(() => {
        clearTimeout(timer);
        waiting.delete(look);
      });
    },
  };
}

/** Runs the command in a process of its own to its end. */
export function runMicro(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return startMicro(args, { stdin: "", ...options }).ended;
}

/** Runs the command line in this process: the same code without the cost of a process. */
export async function runMain(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const text = { stdout: "", stderr: "" };
  stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text.stdout += chunk;
  });
  stderr.setEncoding("utf8").on("data", (chunk: string) => {
    text.stderr += chunk;
  });
  const status = await main({
    argv: args,
    env: options.env ?? {},
    cwd: options.cwd ?? import.meta.dirname,
    stdin: Readable.from([Buffer.from(options.stdin ?? "")]),
    stdout,
    stderr,
    signal: new AbortController().signal,
  });
  return { status, ...text };
}
