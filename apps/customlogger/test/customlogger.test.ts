import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "@micro/programs";
import { expect, test } from "vitest";

const app = join(import.meta.dirname, "..");
const main = join(app, "src/main.ts");

test("the logger of the file writes for all but the server, which has its own", async () => {
  const { status, stdout, stderr } = await runProgram(main, { cwd: app });
  expect(stderr).toEqual([]);
  expect(status).toBe(0);
  expect(stdout).toContain("WARN  a line of the application app=customlogger answer=42");
  expect(stdout.join("\n")).toMatch(/^INFO {2}service login is running app=customlogger$/m);
  const server = stdout.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as object);
  expect(server).toContainEqual(expect.objectContaining({ level: "info", app: "customlogger" }));
  expect(stdout.join("\n")).toMatch(/^\{.*listening on 127\.0\.0\.1:\d+/m);
});

test("values of redacted keys are never written, and levels below the chosen one neither", async () => {
  const { stdout } = await runProgram(main, { cwd: app });
  const line = stdout.find((entry) => entry.includes("somebody enters"));
  expect(line).toMatch(
    /^INFO {2}somebody enters app=customlogger endpoint=Login\.Enter request=\{"user":"ada",/,
  );
  expect(stdout.join("\n")).not.toMatch(/analytical|not even made/);
});

test("another file chooses another logger", async () => {
  const { stdout } = await runProgram(main, { cwd: app, args: ["--config=test/console.yaml"] });
  expect(stdout.join("\n")).toMatch(/^\{.*"a line of the application"/m);
});

test("the plugin is no longer than forty lines", async () => {
  const source = await readFile(join(app, "src/short-logger.ts"), "utf8");
  expect(source.trimEnd().split("\n").length).toBeLessThanOrEqual(40);
});
