import { spawn } from "node:child_process";

/** How a finished command ended. */
export interface CommandResult {
  /** The exit code, or the signal that ended it. */
  readonly status: number | NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where and how long a command runs. */
export interface RunOptions {
  readonly cwd: string;
  /** @default this process' environment without what a package manager adds */
  readonly env?: NodeJS.ProcessEnv;
  /** After this the command is killed. @default 120_000 */
  readonly timeoutMs?: number;
}

/** Runs a command to its end and returns what it printed, whatever its exit code. Throws if it cannot start. */
export function runCommand(
  command: string,
  args: readonly string[],
  { cwd, env = cleanEnvironment(), timeoutMs = 120_000 }: RunOptions,
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
    child.once("error", (cause) => {
      clearTimeout(timer);
      reject(new Error(`cannot run ${command}: ${cause.message}`, { cause }));
    });
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ status: code ?? signal, stdout, stderr });
    });
  });
}

/** Runs a command and returns its standard output; throws with all it printed unless it exits with 0. */
export async function mustRun(
  command: string,
  args: readonly string[],
  options: RunOptions,
): Promise<string> {
  const { status, stdout, stderr } = await runCommand(command, args, options);
  if (status === 0) return stdout;
  const line = [command, ...args].join(" ");
  throw new Error(`${line}\nended with ${status} in ${options.cwd}\n${stdout}${stderr}`.trimEnd());
}

/**
 * The environment without the variables by which pnpm and npm tell their scripts about the current project:
 * an npm started in another folder would take that project for its own.
 */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const foreign =
    /^(npm_(package|lifecycle|config_local_prefix|command|execpath)|pnpm_|init_cwd$|node_options$)/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}

/** Runs one task per item, at most `limit` at a time; the results are in the order of the items. */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  limit: number,
  task: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++) {
      results[index] = await task(items[index] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}
