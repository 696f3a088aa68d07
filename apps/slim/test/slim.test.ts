import { randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  freeUdpPort,
  type Program,
  runProgram,
  startProgram,
  type TemporaryFolder,
  temporaryFolder,
} from "@micro/programs";
import { afterAll, beforeAll, expect, test } from "vitest";

const app = join(import.meta.dirname, "..");
let folder: TemporaryFolder;
let service: Program;

beforeAll(async () => {
  folder = await temporaryFolder();
  // Without a cli plugin a file is still read. A group of this test's own keeps the host's services out.
  const group = `domain: slim-${randomUUID()}, port: ${await freeUdpPort()}, interfaces: [127.0.0.1]`;
  await writeFile(
    join(folder.path, "micro.yaml"),
    `registry: { ${group} }\nserver: { address: "127.0.0.1:0" }\n`,
  );
  service = startProgram(join(app, "src/service.ts"), {
    cwd: folder.path,
    env: { SERVER_ADDRESS: "nonsense" },
  });
  await service.line(/^clock listens on 127\.0\.0\.1:\d+, \d+ ms after its start$/);
});

afterAll(async () => {
  await service.stop("SIGKILL");
  await folder.remove();
});

test("a client that is as slim finds the service and calls it", async () => {
  const { status, stdout, stderr } = await runProgram(join(app, "src/client.ts"), { cwd: folder.path });
  expect(stdout, stderr.join("\n")).toEqual([expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)]);
  expect(status).toBe(0);
});

test("nothing is installed that is not used", async () => {
  const { dependencies } = JSON.parse(await readFile(join(app, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  expect(Object.keys(dependencies)).toHaveLength(7);
  expect(Object.keys(dependencies).join()).not.toMatch(/cli-|logger|broker|set-/);
});

test("SIGTERM ends the service with exit code 0", async () => {
  expect((await service.stop()).status).toBe(0);
});
