import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createService, defineService } from "@micro/core";
import { type Program, startProgram, type TemporaryFolder, temporaryFolder } from "@micro/programs";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { options } from "../src/composition.ts";
import { greeterContract } from "../src/contract.ts";
import { source } from "./bundle.ts";
import { configuration, type Group, ownGroup } from "./group.ts";

let folder: TemporaryFolder;
let group: Group;
let program: Program | undefined;

beforeAll(async () => {
  folder = await temporaryFolder();
  group = await ownGroup();
});
afterEach(() => program?.stop("SIGKILL"));
afterAll(() => folder.remove());

/** Starts the program in a folder whose micro.yaml has the group, and `more`. */
async function start(file: string, more = ""): Promise<Program> {
  await writeFile(join(folder.path, "micro.yaml"), configuration(group) + more);
  program = startProgram(source(file), {
    cwd: folder.path,
    args: ["--server_address=nonsense", "--help"],
    env: { SERVER_ADDRESS: "nonsense" },
  });
  return program;
}

const LISTENS = /^greeter listens on 127\.0\.0\.1:\d+, \d+ ms after its start$/;

describe.each(["main.ts", "runtime.ts"])("the service of src/%s", (file) => {
  test("reads its file and neither flags nor variables, is found, and answers", async () => {
    await (await start(file)).line(LISTENS);
    const client = await createService(defineService({ name: "greeter.client" }), {
      ...options,
      hooks: {},
      configFile: false,
      registry: group,
      server: { enabled: false },
    });
    await client.start();
    try {
      const reply = await client.client.of(greeterContract).hello({ name: "Ada" });
      expect(reply).toEqual({ message: "Hello Ada" });
    } finally {
      await client.stop();
    }
  });

  test.each(["SIGTERM", "SIGINT"] as const)("ends after %s with exit code 0", async (signal) => {
    const running = await start(file);
    await running.line(LISTENS);
    const { status, stderr } = await running.stop(signal);
    expect([status, stderr]).toEqual([0, []]);
  });

  test("does not start with a mistake in its file, and says which", async () => {
    const { status, stdout, stderr } = await (await start(file, "client: { pool_sise: 5 }\n")).ended;
    expect(stderr.join("\n")).toMatch(
      /^service 'greeter' cannot start: 1 problem\n {2}micro\.yaml:3.*: unknown key 'client\.pool_sise'\n {6}did you mean 'client\.pool_size'\?$/,
    );
    expect([status, stdout]).toEqual([1, []]);
  });

  test("takes the plugin that its file chooses", async () => {
    const running = await start(file, "selector: { plugin: leastpending }\n");
    const { stderr, status } = await Promise.race([
      running.ended,
      running.line(LISTENS).then(() => running.stop()),
    ]);
    expect([status, stderr]).toEqual([0, []]);
  });
});
