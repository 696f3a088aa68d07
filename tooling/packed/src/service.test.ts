import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { serveAndCall } from "./service.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "micro-serve-"));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const SERVES = `
  console.log("ready");
  const timer = setInterval(() => {}, 1000);
  process.once("SIGTERM", () => clearInterval(timer));`;

async function run(service: string, client: string): Promise<void> {
  const fixture = join(folder, "fixture");
  await mkdir(fixture);
  await writeFile(join(fixture, "service.mjs"), service);
  await writeFile(join(fixture, "client.mjs"), client);
  await serveAndCall(folder, { version: process.version, executable: process.execPath }, fixture);
}

test("a service that gets ready, answers and stops is good", async () => {
  await run(SERVES, "process.exitCode = 0;");
});

test("a service that ends before it is ready is reported with what it wrote", async () => {
  await expect(run(`throw new Error("no registry");`, "")).rejects.toThrow(/got "exit 1"[\s\S]*no registry/);
});

test("a call that fails is reported with what the client wrote", async () => {
  await expect(run(SERVES, `throw new Error("no answer");`)).rejects.toThrow("no answer");
});

test("a service that does not end well is reported", async () => {
  const service = `${SERVES} process.once("SIGTERM", () => process.exit(3));`;
  await expect(run(service, "")).rejects.toThrow("the service ended with exit 3");
});
