import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createService, defineService } from "@micro/core";
import { type Program, startProgram, type TemporaryFolder, temporaryFolder } from "@micro/programs";
import { fileRegistry } from "@micro/registry-file";
import { defaults } from "@micro/set-defaults";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mirrorContract } from "../src/contract.ts";

const app = join(import.meta.dirname, "..");
let folder: TemporaryFolder;
let program: Program;

/** The file of the app, with a registry that is this test's own. */
async function writeConfig(name: string, more: string): Promise<string> {
  const own = `\n  path: ${folder.path}/nodes`;
  const text = (await readFile(join(app, "micro.yaml"), "utf8")).replace(
    "plugin: mdns",
    `plugin: file${own}`,
  );
  const path = join(folder.path, name);
  await writeFile(path, `${text}${more}`);
  return path;
}

/** A service of this process that is configured by the same kind of file. */
function createCaller(configFile: string) {
  return createService(defineService({ name: "caller" }), {
    plugins: [...defaults, fileRegistry],
    configFile,
    cli: { noFlags: true },
    logger: { level: "error" },
  });
}

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeConfig("micro.yaml", "  address: 127.0.0.1:0\n  id: one\n  metadata: { zone: attic }\n");
  program = startProgram(join(app, "src/main.ts"), {
    cwd: folder.path,
    args: ["--server_id=flag", "--no_such_flag"],
    env: { SERVER_ID: "variable", LOGGER_LEVEL: "fatal" },
  });
  await program.line(/service mirror 1\.0\.0 is running/);
});

afterAll(async () => {
  await program.stop("SIGKILL");
  await folder.remove();
});

describe("the file has effect, key by key", () => {
  test("logger: level, fields, caller_skip_count", async () => {
    const line = JSON.parse(await program.line(/listening on/)) as Record<string, unknown>;
    expect(line).toMatchObject({ level: "info", app: "configfile" });
    expect(line.caller).toMatch(/^\S+\.ts:\d+$/);
  });

  test("server: register_interval above register_ttl is accepted, warned of, and does not lose the node", async () => {
    const line = JSON.parse(await program.line(/register_interval/)) as Record<string, unknown>;
    expect(line.level).toBe("warn");
    expect(JSON.stringify(line)).toContain(
      "register_interval 1m is not below register_ttl 30s: registering every 10s",
    );
  });

  test("server, registry, broker: what others find, whatever flags and variables say", async () => {
    const caller = await createCaller(await writeConfig("caller.yaml", "").then(disableServer));
    await caller.start();
    try {
      const [record] = await caller.registry.get("mirror");
      expect(record?.version).toBe("1.0.0");
      expect(record?.nodes).toHaveLength(1);
      expect(record?.nodes[0]?.id).toBe("mirror-one");
      expect(record?.nodes[0]?.address).toMatch(/^127\.0\.0\.1:\d+$/);
      expect(record?.nodes[0]?.metadata).toMatchObject({
        broker: "http",
        registry: "file",
        zone: "attic",
      });
    } finally {
      await caller.stop();
    }
  });

  test("client: content_type, pool_request_timeout, pool_retries", async () => {
    const config = await writeConfig("slow.yaml", "").then(disableServer);
    const text = await readFile(config, "utf8");
    await writeFile(
      config,
      text
        .replace("pool_request_timeout: 2s", "pool_request_timeout: 200ms")
        .replace("pool_retries: 1", "pool_retries: 0")
        .replace("content_type: application/json", "content_type: text/plain"),
    );
    const caller = await createCaller(config);
    await caller.start();
    try {
      const request = { service: "mirror", endpoint: "Mirror.Look" };
      await expect(caller.client.call({ ...request, message: "a text" })).rejects.toThrow(/text/);
      const json = { contentType: "application/json" };
      expect(await caller.client.of(mirrorContract).look({}, json)).toEqual({
        contentType: json.contentType,
      });
      const begin = performance.now();
      await expect(
        caller.client.of(mirrorContract).wait({ ms: 60_000 }, { ...json, idempotent: true }),
      ).rejects.toMatchObject({ code: "TIMEOUT" });
      expect(performance.now() - begin).toBeLessThan(2000);
    } finally {
      await caller.stop();
    }
  });

  test("all of it: explain names the line of each value", async () => {
    const caller = await createCaller(join(app, "micro.yaml"));
    try {
      const from = Object.fromEntries(caller.explain().map(({ key, from }) => [key, from]));
      const lines = (await readFile(join(app, "micro.yaml"), "utf8")).split("\n");
      for (const key of [
        "broker.plugin",
        "client.content_type",
        "client.pool_size",
        "client.pool_ttl",
        "client.pool_request_timeout",
        "client.pool_retries",
        "logger.level",
        "logger.caller_skip_count",
        "logger.fields.app",
        "registry.plugin",
        "server.register_interval",
        "server.register_ttl",
      ]) {
        const [, line] = /micro\.yaml:(\d+):\d+$/.exec(from[key] ?? "") ?? [];
        expect(lines[Number(line) - 1], key).toContain(`${key.split(".").at(-1)}:`);
      }
    } finally {
      await caller.stop();
    }
  });
});

test("SIGTERM ends the service with exit code 0, and nobody finds it any more", async () => {
  const { status } = await program.stop();
  expect(status).toBe(0);
});

/** The caller serves nobody. */
async function disableServer(path: string): Promise<string> {
  const text = await readFile(path, "utf8");
  await writeFile(path, text.replace(/^server:\n {2}enabled: true/m, "server:\n  enabled: false"));
  return path;
}
