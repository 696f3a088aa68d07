import { readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { runProgram, startProgram, temporaryFolder } from "@micro/programs";
import { expect, test } from "vitest";
import { bundle, source } from "./bundle.ts";
import { configuration, ownGroup } from "./group.ts";

const app = join(import.meta.dirname, "..");
const SOURCES = ["@micro/source"];

test("wire.gen.ts is what `micro wire` writes", async () => {
  const micro = join(app, "../../tooling/micro/src/bin.ts");
  const { status, stdout } = await runProgram(micro, {
    cwd: app,
    args: ["wire", "src/composition.ts", "--check"],
  });
  expect(stdout).toEqual(["src/wire.gen.ts is up to date"]);
  expect(status).toBe(0);
});

test("what is not listed is not installed", async () => {
  const { dependencies } = JSON.parse(await readFile(join(app, "package.json"), "utf8")) as {
    readonly dependencies: Record<string, string>;
  };
  expect(Object.keys(dependencies).join()).not.toMatch(/@micro\/cli\b|cli-|set-|yargs/);
});

test("a bundle of the generated wiring has no container in it, and one of the other wiring has", async () => {
  const isContainer = (path: string): boolean =>
    /node_modules\/(tsyringe|reflect-metadata)\/|compose-service|core\/src\/container/.test(path);
  const isUnused = (path: string): boolean => /yargs|\/cli\/|\/composition\.ts$/.test(path);
  const generated = await bundle(source("main.ts"), SOURCES);
  expect(generated.modules.filter((path) => isContainer(path) || isUnused(path))).toEqual([]);
  expect(generated.modules.map((path) => basename(path))).toEqual(
    expect.arrayContaining(["wire.gen.ts", "wired.ts", "announce.ts", "rpc-server.ts"]),
  );
  const runtime = await bundle(source("runtime.ts"), SOURCES);
  expect(runtime.modules.filter(isContainer).length).toBeGreaterThan(3);
  expect(generated.minifiedBytes).toBeLessThan(runtime.minifiedBytes);
});

test("a bundle runs where nothing is installed", async () => {
  const folder = await temporaryFolder();
  try {
    const file = join(folder.path, "greeter.mjs");
    await writeFile(file, (await bundle(source("main.ts"), SOURCES)).code);
    await writeFile(join(folder.path, "micro.yaml"), configuration(await ownGroup()));
    const program = startProgram(file, { cwd: folder.path });
    try {
      await program.line(/^greeter listens on 127\.0\.0\.1:/);
      expect((await program.stop()).status).toBe(0);
    } finally {
      await program.stop("SIGKILL");
    }
  } finally {
    await folder.remove();
  }
});
