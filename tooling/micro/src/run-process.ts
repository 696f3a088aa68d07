import { EXIT_CODES } from "./exit-codes.ts";
import { type Interruption, main } from "./main.ts";

/**
 * Runs the command line of this process and gives its exit code. The first signal ends the command in order, a second
 * one at once. A reader that has seen enough (`| head`) is no error.
 */
export async function runProcess(): Promise<number> {
  const { stdin, stdout, stderr } = process;
  const controller = new AbortController();
  const end = (exitCode: number): void => controller.abort({ exitCode } satisfies Interruption);
  const onInterrupt = (): void => end(EXIT_CODES.interrupted);
  const onTerminate = (): void => end(EXIT_CODES.terminated);
  const onBroken = (error: NodeJS.ErrnoException): void => {
    if (error.code !== "EPIPE" && error.code !== "ERR_STREAM_DESTROYED")
      stderr.write(`micro: ${error.message}\n`);
    end(error.code === "EPIPE" ? EXIT_CODES.ok : EXIT_CODES.unexpected);
  };
  process.once("SIGINT", onInterrupt);
  process.once("SIGTERM", onTerminate);
  process.once("SIGHUP", onTerminate);
  stdout.on("error", onBroken);
  // Nobody is left to be told.
  stderr.on("error", () => undefined);
  try {
    return await main({
      argv: process.argv.slice(2),
      env: process.env,
      cwd: process.cwd(),
      stdin,
      stdout,
      stderr,
      signal: controller.signal,
    });
  } finally {
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onTerminate);
    process.off("SIGHUP", onTerminate);
    // A pipe that stays open must not keep the process.
    stdin.destroy();
  }
}
