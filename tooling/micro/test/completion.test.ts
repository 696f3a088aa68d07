import { execFile } from "node:child_process";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BIN, runMain } from "./run-micro.ts";
import { startWorld, type World } from "./world.ts";

const run = promisify(execFile);
let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world.close());

/** The words proposed for a line; the last word is the one that is being typed. */
async function proposed(...line: readonly string[]): Promise<readonly string[]> {
  const { status, stdout, stderr } = await runMain(["--complete", ...line]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout.split("\n").flatMap((text) => text.split("\t", 1)[0] || []);
}

test("commands, flags and values", async () => {
  expect(await proposed("")).toEqual(expect.arrayContaining(["services", "call", "generate"]));
  expect(await proposed("se")).toEqual(["services"]);
  expect(await proposed("services", "--lon")).toEqual(["--long"]);
  expect(await proposed("stream", "a", "B.c", "--kind", "")).toEqual(["bidi", "server", "client"]);
  expect(await proposed("services", "--registry", "")).toEqual(["mdns", "file", "memory"]);
  expect(await proposed("config", "")).toEqual(["schema", "dump", "explain"]);
});

test("names of services and of their endpoints come from the registry", async () => {
  expect(await proposed(...world.flags, "describe", "gre")).toEqual(["greeter"]);
  expect(await proposed("call", ...world.flags, "greeter", "Greeter.H")).toEqual(["Greeter.Hello"]);
});

test("a line that makes no sense proposes nothing and fails in nothing", async () => {
  expect(await proposed("nonsense", "")).toEqual([]);
  expect(await proposed("services", "--no-such-flag", "x")).toEqual([]);
  expect(await proposed("describe", "--registry=none", "")).toEqual([]);
});

test("the script of bash completes a line as it is typed", async () => {
  const bin = join(world.folder, "micro");
  await writeFile(bin, `#!/bin/sh\nexec ${process.execPath} ${BIN.join(" ")} "$@"\n`);
  await chmod(bin, 0o755);
  const { stdout: script } = await runMain(["completion", "bash"]);
  const program = `${script}
COMP_WORDS=(micro describe --registry_path = "$FOLDER" --registry = file gre); COMP_CWORD=8; _micro_complete; printf '%s\\n' "\${COMPREPLY[@]}"
COMP_WORDS=(micro sub); COMP_CWORD=1; _micro_complete 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const [, path = ""] = /--registry_path=(.*)/.exec(world.flags.join("\n")) ?? [];
  const { stdout } = await run("bash", ["--norc", "-c", program], {
    env: {
      PATH: `${world.folder}:${process.env.PATH}`,
      REGISTRY: "file",
      REGISTRY_PATH: join(world.folder, "empty"),
      FOLDER: path,
    },
  });
  expect(stdout.trim().split("\n")).toEqual(["greeter", "subscribe"]);
});

test.each(["bash", "zsh", "fish"])("there is a script for %s", async (shell) => {
  const { status, stdout } = await runMain(["completion", shell]);
  expect(stdout).toContain("micro --complete");
  expect(status).toBe(0);
});
