import { join } from "node:path";
import { type Program, startProgram, type TemporaryFolder, temporaryFolder } from "@micro/programs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runMain } from "./run-micro.ts";

let folder: TemporaryFolder;
let node: Program;
let flags: readonly string[];
let address: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  flags = ["--registry=file", `--registry_path=${folder.path}`];
  node = startProgram(join(import.meta.dirname, "programs/grpc-greeter.ts"), { args: flags });
  address = (await node.line(/^ready /)).slice("ready ".length);
});

afterAll(async () => {
  await node.stop();
  await folder.remove();
});

test("a node whose metadata says grpc is called over gRPC", async () => {
  const { status, stdout } = await runMain([
    "call",
    "greeter",
    "Greeter.Hello",
    '{"name":"Ada"}',
    "-o=json",
    ...flags,
  ]);
  expect({ status, stdout }).toEqual({ status: 0, stdout: '{"text":"Hello Ada"}\n' });
});

test("streams too", async () => {
  const { stdout } = await runMain([
    "stream",
    "greeter",
    "Greeter.Count",
    '{"to":2}',
    "--kind=server",
    ...flags,
  ]);
  expect(stdout).toBe('{"n":1}\n{"n":2}\n');
});

test("without a registry the client is chosen by name", async () => {
  const args = ["call", "greeter", "Greeter.Hello", "-o=json", "--address", address];
  expect((await runMain([...args, "--client=grpc"])).stdout).toBe('{"text":"Hello nobody"}\n');
});

test("the client of another protocol is told which one the node speaks", async () => {
  const { status, stdout, stderr } = await runMain([
    "call",
    "greeter",
    "Greeter.Hello",
    "--address",
    address,
  ]);
  expect(stderr).toMatch(/^micro: greeter Greeter\.Hello: the peer speaks HTTP\/2, as gRPC servers do/);
  expect(stderr).toContain("  --client grpc speaks the node's protocol\n");
  expect({ status, stdout }).toEqual({ status: 5, stdout: "" });
});

test("a handler's error is exit code 4, an endpoint that is not there 3", async () => {
  const failed = await runMain(["call", "greeter", "Greeter.Fail", ...flags]);
  expect(failed.stderr).toContain("no such name: Bob");
  expect(failed.status).toBe(4);
  const args = ["call", "greeter", "Greeter.Nope", "--client=grpc", "--address", address];
  expect((await runMain(args)).status).toBe(3);
});

test("health is asked of grpc.health.v1", async () => {
  const { status, stdout } = await runMain(["health", "greeter", "-o=json", ...flags]);
  expect(JSON.parse(stdout)).toMatchObject([{ ok: true, address, status: "serving" }]);
  expect(status).toBe(0);
  const byAddress = ["health", "-o=json", "--client=grpc", "--address", address];
  expect(JSON.parse((await runMain(byAddress)).stdout)).toMatchObject([{ ok: true, status: "serving" }]);
});
