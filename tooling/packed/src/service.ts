import { type ChildProcess, spawn } from "node:child_process";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { cleanEnvironment, mustRun } from "@micro/checks/run-command";
import type { SupportedNode } from "./nodes.ts";

/** The programs: `service.mjs` prints "ready" when it serves, `client.mjs` exits with 0 when its call was good. */
const PROGRAMS = ["service.mjs", "client.mjs"];
const READY_WITHIN_MS = 20_000;
const STOPPED_WITHIN_MS = 15_000;

/**
 * Starts the sample service from the installed packages on one Node, lets another process find and call it,
 * and stops it by SIGTERM. Throws if the service does not get ready, the call fails, or the stop is not clean.
 */
export async function serveAndCall(
  folder: string,
  { version, executable }: SupportedNode,
  fixture: string = join(import.meta.dirname, "../fixture"),
): Promise<void> {
  for (const file of PROGRAMS) await copyFile(join(fixture, file), join(folder, file));
  const registry = join(folder, `registry-${version}`);
  await mkdir(registry, { recursive: true });
  const env = { ...cleanEnvironment(), PACKED_REGISTRY: registry };
  const service = spawn(executable, [join(folder, "service.mjs")], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const errors: string[] = [];
  service.stderr.setEncoding("utf8").on("data", (chunk: string) => errors.push(chunk));
  const ended = new Promise<string>((resolve) => {
    service.once("error", (error) => resolve(error.message));
    service.once("close", (code, signal) => resolve(`exit ${code ?? signal}`));
  });
  try {
    await firstLine(service, "ready", ended);
    await mustRun(executable, [join(folder, "client.mjs")], { cwd: folder, env, timeoutMs: 30_000 });
    service.kill("SIGTERM");
    const outcome = await within(ended, STOPPED_WITHIN_MS, "the service did not stop after SIGTERM");
    if (outcome !== "exit 0") throw new Error(`the service ended with ${outcome}`);
  } catch (cause) {
    throw new Error(`service on Node ${version}: ${String(cause)}\n${errors.join("")}`.trimEnd(), { cause });
  } finally {
    service.kill("SIGKILL");
  }
}

async function firstLine(child: ChildProcess, expected: string, ended: Promise<string>): Promise<void> {
  const { stdout } = child;
  if (stdout === null) throw new Error("the service has no standard output");
  const line = new Promise<string>((resolve) => createInterface({ input: stdout }).once("line", resolve));
  const first = await within(Promise.race([line, ended]), READY_WITHIN_MS, "the service printed nothing");
  if (first !== expected) throw new Error(`expected the service to print "${expected}", got "${first}"`);
}

async function within<T>(promise: Promise<T>, ms: number, message: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${message} within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
