import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { chooseDiscovery } from "../src/fleet.ts";

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
      { timeout: 80_000 },
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
    expect(stdout.includes("through a folder")).toBe(discovery === "file");
  });
});

test.each([
  [["--kep"], 2, /^Unknown option '--kep'[\s\S]*--keep/],
  [["--discovery=dns"], 2, /^--discovery must be 'file' or 'auto', not 'dns'\nusage:/],
  [["--help"], 0, /^usage: .*--keep/],
] as const)("%s says how it is started", async (args, code, text) => {
  const ended = await run(process.execPath, [...program("main.ts"), ...args], { timeout: 60_000 }).then(
    ({ stdout }) => ({ code: 0, text: stdout }),
    (error: { code: number; stderr: string }) => ({ code: error.code, text: error.stderr }),
  );
  expect(ended).toEqual({ code, text: expect.stringMatching(text) as string });
});

test("where multicast is impossible it says so in one sentence and goes on through a folder", async () => {
  const probe = async () => ({ ok: false as const, reason: "a packet did not come back" });
  const discovery = await chooseDiscovery("auto", probe);
  await discovery.cleanUp();
  const { sentence, reason, flags } = discovery;
  expect(sentence).toBe(
    "Multicast is impossible on this host, so the services find each other through a folder (registry-file).",
  );
  expect(reason).toBe("a packet did not come back");
  expect(flags).toEqual(["--registry=file", expect.stringMatching(/^--registry_path=\/.+/)]);
});

/** The tour in a process group of its own, as a terminal makes one. */
function startTour(...flags: readonly string[]) {
  const tour = spawn(process.execPath, [...program("main.ts"), ...flags], {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let stderr = "";
  tour.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  return {
    tour,
    lines: createInterface({ input: tour.stdout }),
    /** Resolves when the last process that has its standard error has ended: the tour or one of its nodes. */
    ended: once(tour, "close", { signal: AbortSignal.timeout(60_000) }).then(() => ({
      code: tour.exitCode,
      stderr,
    })),
  };
}

test("it ends quietly, and its processes with it, when the reader of its pipe goes away", async () => {
  const { tour, lines, ended } = startTour("--discovery=file");
  try {
    for await (const line of lines) if (line.includes("Who is there")) break;
    tour.stdout.destroy();
    expect(await ended).toEqual({ code: 1, stderr: "" });
  } finally {
    tour.kill("SIGKILL");
  }
});

test("none of its processes outlives it when it is killed", async () => {
  const { tour, lines, ended } = startTour();
  try {
    for await (const line of lines) if (line.includes("Who is there")) break;
    tour.stdout.resume();
    tour.kill("SIGKILL");
    expect(await ended).toEqual({ code: null, stderr: "" });
  } finally {
    tour.kill("SIGKILL");
  }
});

test("Ctrl-C in the middle ends it and its processes in order", async () => {
  const { tour, lines, ended } = startTour();
  const printed: string[] = [];
  try {
    for await (const line of lines) {
      printed.push(line);
      if (line.includes("4. Failures")) process.kill(-(tour.pid as number), "SIGINT");
    }
    expect(await ended).toEqual({ code: 1, stderr: "" });
    expect(printed.at(-1)).toBe("SIGINT ended the tour.");
  } finally {
    tour.kill("SIGKILL");
  }
});

test("--keep leaves it running and says how to talk to it; Ctrl-C ends it", async () => {
  const { tour, lines, ended } = startTour("--keep");
  try {
    let flags: string[] | undefined;
    for await (const line of lines) {
      flags ??= / say Ada (.*)$/.exec(line)?.[1]?.split(" ");
      if (line.startsWith("Ctrl-C")) break;
    }
    const said = await run(process.execPath, [...program("say.ts"), "Grace", ...(flags ?? [])], {
      timeout: 60_000,
    });
    expect(said.stdout).toMatch(/^Hello Grace, from node c\n$/);
    tour.stdout.resume();
    process.kill(-(tour.pid as number), "SIGINT");
    expect(await ended).toEqual({ code: 0, stderr: "" });
  } finally {
    tour.kill("SIGKILL");
  }
});
