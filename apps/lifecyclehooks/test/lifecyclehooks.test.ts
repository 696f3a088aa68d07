import { join } from "node:path";
import { type Program, startProgram } from "@micro/programs";
import { afterEach, expect, test } from "vitest";

let program: Program | undefined;

afterEach(async () => {
  await program?.stop("SIGKILL");
});

test.each(["SIGTERM", "SIGINT"] as const)(
  "after %s every step runs in its order although one fails, and the exit code tells",
  async (signal) => {
    program = startProgram(join(import.meta.dirname, "../src/main.ts"), {
      cwd: join(import.meta.dirname, ".."),
    });
    await program.line(/^afterStart 2/);
    const { status, stdout, stderr } = await program.stop(signal);
    expect(stdout).toEqual([
      "journal: create",
      "beforeStart: the service is starting",
      "journal: start",
      "afterStart 1: the service is running",
      "afterStart 2: its server is serving, stop it with Ctrl-C",
      "beforeStop 1: fails",
      "beforeStop 2: runs all the same",
      "journal: drain",
      "journal: stop",
      "afterStop: its server is stopped",
    ]);
    expect(stderr.join("\n")).toContain(
      "service 'lifecyclehooks' stopped with 1 failure(s): hook beforeStop[0]: the farewell mail could not be sent",
    );
    expect(status).toBe(1);
  },
);
