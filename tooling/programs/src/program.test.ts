import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runProgram, startProgram } from "./program.ts";
import { type TemporaryFolder, temporaryFolder } from "./temporary-folder.ts";

let folder: TemporaryFolder;

beforeAll(async () => {
  folder = await temporaryFolder();
});

afterAll(() => folder.remove());

async function programOf(name: string, source: string): Promise<string> {
  const file = join(folder.path, `${name}.ts`);
  await writeFile(file, source);
  return file;
}

test("gives exit code, output and errors of a program, its arguments and environment", async () => {
  const file = await programOf(
    "talk",
    "console.log(process.argv[2]); console.error(process.env.GREETING); process.exitCode = 3;",
  );
  const ended = await runProgram(file, { args: ["hello"], env: { GREETING: "welcome" } });
  expect(ended).toEqual({ status: 3, stdout: ["hello"], stderr: ["welcome"] });
});

test("waits for a line, also for one that was printed before, and stops the program by signal", async () => {
  const file = await programOf(
    "serve",
    'process.on("SIGTERM", () => process.exit(0)); setInterval(() => 0, 60_000); console.log("one\\ntwo");',
  );
  const program = startProgram(file);
  try {
    expect(await program.line(/^two$/)).toBe("two");
    expect(await program.line(/^one$/)).toBe("one");
    await expect(program.line(/three/, { timeoutMs: 20 })).rejects.toThrow(
      /no line .*three.* within 20 ms.*\none\ntwo/s,
    );
    expect((await program.stop()).status).toBe(0);
  } finally {
    await program.stop("SIGKILL");
  }
});

test("waiting for a line ends with the program, and says what it printed", async () => {
  const program = startProgram(await programOf("fail", 'throw new Error("no such port");'));
  await expect(program.line(/ready/)).rejects.toThrow(/ended \(1\) without a line .*no such port/s);
});

test("a program that does not stop is killed", async () => {
  const file = await programOf(
    "stay",
    'process.on("SIGTERM", () => 0); setInterval(() => 0, 60_000); console.log("here");',
  );
  const program = startProgram(file);
  await program.line(/here/);
  expect((await program.stop("SIGTERM", { timeoutMs: 50 })).status).toBe("SIGKILL");
});
