import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

const run = promisify(execFile);
const program = (name: string): readonly string[] => [
  "--conditions=@micro/source",
  join(import.meta.dirname, "../src", name),
];

describe.each(["auto", "file"])("the tour with discovery '%s'", (discovery) => {
  test("keeps all its promises and exits 0, in plain text when piped", async () => {
    const { stdout, stderr } = await run(
      process.execPath,
      [...program("main.ts"), `--discovery=${discovery}`],
      { timeout: 60_000 },
    );
    expect(stderr).toBe("");
    expect(stdout).not.toContain("\u001b");
    expect(stdout).toMatch(/greeter +1\.0\.0 +greeter-a +127\.0\.0\.1:\d+ +http/);
    expect(stdout).toContain("404 NOT_FOUND, id 'greeter', 'no such name: Nobody'");
    expect(stdout).toMatch(/a deadline of 150 ms +408 TIMEOUT/);
    expect(stdout).toContain("heard 'HELLO', 'HOW ARE YOU'");
    expect(stdout).toContain("1000 messages, the last is 1");
    expect(stdout).toContain("reached all of a, audit, b");
    expect(stdout.match(/failed calls +0/g)).toHaveLength(2);
    expect(stdout).toMatch(/All promises kept/);
    expect(stdout.includes("No multicast")).toBe(discovery === "file");
  }, 70_000);
});

test.each([
  [["--kep"], 2, /^Unknown option '--kep'[\s\S]*--keep/],
  [["--discovery=dns"], 2, /^--discovery must be 'file' or 'auto', not 'dns'\nusage:/],
  [["--help"], 0, /^usage: .*--keep/],
] as const)("%s says how it is started", async (args, code, text) => {
  const ended = await run(process.execPath, [...program("main.ts"), ...args], { timeout: 20_000 }).then(
    ({ stdout }) => ({ code: 0, text: stdout }),
    (error: { code: number; stderr: string }) => ({ code: error.code, text: error.stderr }),
  );
  expect(ended).toEqual({ code, text: expect.stringMatching(text) as string });
});

test("none of its processes outlives it when the reader of its pipe goes away", async () => {
  const tour = spawn(process.execPath, [...program("main.ts"), "--discovery=file"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  try {
    // The nodes have standard error too: it closes when the last of them has ended.
    tour.stderr.resume();
    const closed = once(tour, "close", { signal: AbortSignal.timeout(30_000) });
    for await (const line of createInterface({ input: tour.stdout }))
      if (line.includes("Who is there")) break;
    tour.stdout.destroy();
    await closed;
    expect(tour.exitCode).toBe(1);
  } finally {
    tour.kill("SIGKILL");
  }
}, 40_000);

test("--keep leaves it running and says how to talk to it; Ctrl-C ends it", async () => {
  const tour = spawn(process.execPath, [...program("main.ts"), "--keep"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    let flags: string[] | undefined;
    for await (const line of createInterface({ input: tour.stdout })) {
      flags ??= / say Ada (.*)$/.exec(line)?.[1]?.split(" ");
      if (line.startsWith("Ctrl-C")) break;
    }
    const said = await run(process.execPath, [...program("say.ts"), "Grace", ...(flags ?? [])], {
      timeout: 20_000,
    });
    expect(said.stdout).toMatch(/^Hello Grace, from node c\n$/);
    tour.stdout.resume();
    tour.kill("SIGINT");
    const [code] = (await once(tour, "exit", { signal: AbortSignal.timeout(20_000) })) as [number | null];
    expect(code).toBe(0);
  } finally {
    tour.kill("SIGKILL");
  }
}, 90_000);
