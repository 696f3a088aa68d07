import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/** What Node compiled is kept between processes: starting one costs a third. */
const COMPILED = fileURLToPath(new URL("../node_modules/.cache/compiled", import.meta.url));

/** Starts a program of `src` in a process of its own, with a channel for messages; its errors are piped. */
export function forkProgram(file: string, args: readonly string[] = []): ChildProcess {
  return fork(fileURLToPath(new URL(file, import.meta.url)), args, {
    execArgv: ["--conditions=@micro/source", "--expose-gc"],
    // NODE_OPTIONS of a test runner are not for programs.
    env: { ...process.env, NODE_OPTIONS: "", NODE_COMPILE_CACHE: COMPILED },
    stdio: ["ignore", "inherit", "pipe", "ipc"],
  });
}
