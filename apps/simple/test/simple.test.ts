import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { freeUdpPort, type Program, runProgram, startProgram } from "@micro/programs";
import { afterAll, beforeAll, expect, test } from "vitest";

const source = (file: string): string => join(import.meta.dirname, "../src", file);
const cwd = join(import.meta.dirname, "..");
let env: Record<string, string>;
let service: Program;

beforeAll(async () => {
  // A group of this test's own: what runs on the host is neither seen nor disturbed.
  env = {
    REGISTRY_DOMAIN: `simple-${randomUUID()}`,
    REGISTRY_PORT: String(await freeUdpPort()),
    REGISTRY_INTERFACES: "127.0.0.1",
  };
  service = startProgram(source("service.ts"), { cwd, env, args: ["--server_address=127.0.0.1:0"] });
  await service.line(/service greeter 1\.0\.0 is running/);
});

afterAll(() => service.stop("SIGKILL"));

test("the client finds the service in another process and calls it", async () => {
  const { status, stdout, stderr } = await runProgram(source("client.ts"), { cwd, env, args: ["Ada"] });
  expect(stdout, stderr.join("\n")).toEqual(["Hello Ada"]);
  expect(status).toBe(0);
});

test("the client says what is wrong when nobody offers the service", async () => {
  const alone = { ...env, REGISTRY_DOMAIN: `nobody-${randomUUID()}` };
  const { status, stderr } = await runProgram(source("client.ts"), { cwd, env: alone });
  expect(stderr.at(-1)).toMatch(/^NOT_FOUND: service greeter: not found/);
  expect(status).toBe(1);
});

test("a flag that does not exist stops the start with a hint", async () => {
  const { status, stderr } = await runProgram(source("service.ts"), {
    cwd,
    env,
    args: ["--server_adress=:0"],
  });
  expect(stderr.join("\n")).toMatch(/server_address/);
  expect(status).toBe(1);
});

test("SIGTERM ends the service with exit code 0", async () => {
  expect((await service.stop()).status).toBe(0);
});
