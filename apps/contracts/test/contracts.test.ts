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
    REGISTRY_DOMAIN: `contracts-${randomUUID()}`,
    REGISTRY_PORT: String(await freeUdpPort()),
    REGISTRY_INTERFACES: "127.0.0.1",
  };
  service = startProgram(source("service.ts"), { cwd, env, args: ["--server_address=127.0.0.1:0"] });
  await Promise.all([
    service.line(/service library\.proto 1\.0\.0 is running/),
    service.line(/service library\.code 1\.0\.0 is running/),
  ]);
});

afterAll(() => service.stop("SIGKILL"));

test("the client calls both libraries, and each refuses what its contract does not allow", async () => {
  const { status, stdout, stderr } = await runProgram(source("client.ts"), { cwd, env });
  expect(stdout, stderr.join("\n")).toEqual([
    "proto: Pride and Prejudice, Emma",
    "code: Pride and Prejudice, Emma",
    "proto: Ada has Emma for 7 days",
    "code: Ada has Emma for 14 days",
    "proto: NOT_FOUND: no book 1",
    "code: BAD_REQUEST: request of Library.Lend: isbn: must have 13 digits; days: Too big: expected number to be <=60",
  ]);
  expect(status).toBe(0);
});

test("SIGTERM ends both with exit code 0", async () => {
  expect((await service.stop()).status).toBe(0);
});
