import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Starts a program of `src` in a process of its own, with a channel for messages; its errors are piped. */
export function forkProgram(file: string, args: readonly string[] = []): ChildProcess {
  return fork(fileURLToPath(new URL(file, import.meta.url)), args, {
    execArgv: ["--conditions=@micro/source", "--expose-gc"],
    // NODE_OPTIONS of a test runner are not for programs.
    env: { ...process.env, NODE_OPTIONS: "" },
    stdio: ["ignore", "inherit", "pipe", "ipc"],
  });
}
