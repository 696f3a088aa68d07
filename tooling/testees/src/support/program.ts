import { asProgram } from "@micro/core";
import { UsageProblem } from "./flags.ts";

/** What is used of a service that listens. */
export interface ListeningService {
  readonly server: { readonly address: string | undefined };
  start(): Promise<unknown>;
  run(): Promise<unknown>;
}

/** Runs `body` as the main program of a testee: problems go to standard error, with exit code 2 for the command line. */
export async function testee(body: () => Promise<void>): Promise<void> {
  try {
    await asProgram(body);
  } catch (error) {
    if (!(error instanceof UsageProblem)) throw error;
    (error.exitCode === 0 ? process.stdout : process.stderr).write(`${error.message}\n`);
    process.exitCode = error.exitCode;
  }
}

/** Starts a service, prints the ready line, and serves until SIGTERM or SIGINT. */
export function serve(service: ListeningService, more: object = {}): Promise<void> {
  return serveQuietly(service, () => {
    const ready = { ready: true, address: service.server.address, ...more, pid: process.pid };
    process.stdout.write(`${JSON.stringify(ready)}\n`);
  });
}

/** Starts a service, tells so, and serves until SIGTERM or SIGINT. */
export async function serveQuietly(service: ListeningService, tell: () => void): Promise<void> {
  await service.start();
  // A service that listens on no socket would leave Node with nothing to wait for.
  const alive = setInterval(() => undefined, 60_000);
  try {
    // It listens to signals from here on: whoever is told may send one.
    const ended = service.run();
    tell();
    await ended;
  } finally {
    clearInterval(alive);
  }
}
