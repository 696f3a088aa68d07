import { readdir } from "node:fs/promises";
import { temporaryFolder } from "@micro/programs";
import { expect, test } from "vitest";
import { runMain } from "./run-micro.ts";

test("micro new makes a package and says what to type next; --output json is for scripts", async () => {
  await using folder = await temporaryFolder();
  const { status, stdout } = await runMain(["new", "service", "greeter"], { cwd: folder.path });
  expect([status, stdout]).toEqual([0, expect.stringContaining("  cd greeter\n  npm install\n  npm test\n")]);
  const args = ["new", "plugin", "broker-mqtt", "--scope", "@acme", "--out", "mqtt", "--output", "json"];
  const made = await runMain(args, { cwd: folder.path });
  expect(JSON.parse(made.stdout)).toMatchObject({ packageName: "@acme/broker-mqtt" });
  expect(await readdir(folder.path)).toEqual(["greeter", "mqtt"]);
});

test("micro new says what is wrong with a name, and ends with 2", async () => {
  await using folder = await temporaryFolder();
  const { status, stderr } = await runMain(["new", "plugin", "mqtt"], { cwd: folder.path });
  expect([status, stderr]).toEqual([2, expect.stringContaining("<component>-<technology>, as broker-mqtt")]);
  expect(await runMain(["new", "world", "x"], { cwd: folder.path })).toMatchObject({ status: 2 });
});
