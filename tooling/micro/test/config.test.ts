import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TemporaryFolder, temporaryFolder } from "@micro/programs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runMain, runMicro } from "./run-micro.ts";

let folder: TemporaryFolder;

beforeAll(async () => {
  folder = await temporaryFolder();
});

afterAll(() => folder.remove());

async function file(name: string, text: string): Promise<string> {
  const path = join(folder.path, name);
  await writeFile(path, text);
  return path;
}

/** Beside the tests, because a module of a project imports what is installed there. */
const COMPOSITION = join(import.meta.dirname, "programs/composition.ts");

test("schema is a JSON Schema of the plugins there are", async () => {
  const { status, stdout } = await runMicro(["config", "schema"]);
  const schema = JSON.parse(stdout) as { $schema: string; properties: Record<string, unknown> };
  expect(schema.$schema).toContain("json-schema.org");
  expect(Object.keys(schema.properties)).toEqual(
    expect.arrayContaining(["registry", "broker", "server", "client"]),
  );
  expect(status).toBe(0);
});

test("schema --out writes it, and says how editors find it", async () => {
  const { status, stdout, stderr } = await runMain(
    ["config", "schema", "--out", "schemas/micro.schema.json", "--service", COMPOSITION],
    { cwd: folder.path },
  );
  expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
  expect(stderr).toContain("# yaml-language-server: $schema=./schemas/micro.schema.json");
  const schema = JSON.parse(await readFile(join(folder.path, "schemas/micro.schema.json"), "utf8")) as {
    properties: Record<string, unknown>;
  };
  // Of the composed service alone.
  expect(Object.keys(schema.properties)).toEqual(["$schema", "codec", "logger", "registry"]);
});

describe("dump", () => {
  test("--out with --schema is a file that editors check, and that says the same when it is read", async () => {
    const options = { cwd: folder.path, env: { REGISTRY_PATH: "/somewhere" } };
    const args = ["--service", COMPOSITION, "--schema", "micro.schema.json"];
    for (const [out, more, line] of [
      ["config/micro.yaml", [], "# yaml-language-server: $schema=../micro.schema.json"],
      ["micro.json", ["-o", "json"], '  "$schema": "./micro.schema.json",'],
    ] as const) {
      const first = await runMain(["config", "dump", "--out", out, ...args, ...more], options);
      expect(first).toMatchObject({ status: 0, stdout: "" });
      const written = await readFile(join(folder.path, out), "utf8");
      expect(written.split("\n")[out.endsWith("json") ? 1 : 0]).toBe(line);
      const second = await runMain(["config", "dump", out, ...args, ...more], { cwd: folder.path });
      expect(second.status).toBe(0);
      expect(second.stdout.split("\n").slice(2)).toEqual(written.split("\n").slice(2));
    }
  });

  test("is the effective configuration: file, variables and flags, the strongest", async () => {
    const path = await file(
      "dump.yaml",
      "client: {pool_request_timeout: 7s, pool_size: 2}\nregistry: {plugin: file}\n",
    );
    const { status, stdout } = await runMain(["config", "dump", path, "--client_pool_size=3", "-o", "json"], {
      env: { REGISTRY_PATH: "/somewhere" },
    });
    expect(JSON.parse(stdout)).toMatchObject({
      client: { pool_request_timeout: "7s", pool_size: 3 },
      registry: { plugin: "file", path: "/somewhere" },
    });
    expect(status).toBe(0);
  });

  test("masks secrets, and is YAML for people", async () => {
    const path = await file("secret.yaml", "registry: {addresses: ['nats://user:hunter2@host:1']}\n");
    const { stdout } = await runMain(["config", "dump", path]);
    expect(stdout).toMatch(/^registry:\n {2}addresses:\n {4}- nats:\/\/user:\*+@host:1$/m);
    expect(stdout).not.toContain("hunter2");
  });
});

test("dump and explain need no plugin to work: a certificate may be elsewhere, a folder is not made", async () => {
  const path = await file(
    "elsewhere.yaml",
    "registry: {plugin: file, path: not-made}\ntransport: {tls: {ca_file: elsewhere.pem}}\n",
  );
  const dumped = await runMain(["config", "dump", path, "-o=json"]);
  expect(dumped).toMatchObject({ status: 0, stderr: "" });
  expect(JSON.parse(dumped.stdout)).toMatchObject({ transport: { tls: { ca_file: "elsewhere.pem" } } });
  const explained = await runMain(["config", "explain", path]);
  expect(explained).toMatchObject({ status: 0, stderr: "" });
  expect(explained.stdout).toMatch(/^transport\.tls\.ca_file +elsewhere\.pem +.*elsewhere\.yaml:2:19$/m);
});

test("what a command cannot work without is told with its place, and what to do", async () => {
  const path = await file("tls.yaml", "transport:\n  tls: {ca_file: elsewhere.pem}\n");
  const args = ["call", "a", "A.B", "--address=127.0.0.1:1", "--config", path];
  const { status, stdout, stderr } = await runMain(args);
  expect(stderr).toMatch(
    /^micro: .*tls\.yaml:2:9: transport 'http': transport\.tls\.ca_file: ENOENT.*\n {2}there is no .*elsewhere\.pem: put it there/,
  );
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
});

describe("explain", () => {
  test("says where each value is from and what it replaced", async () => {
    const path = await file("explain.yaml", "client:\n  pool_size: 2\n");
    const { stdout } = await runMain(["config", "explain", path, "-o", "json"], {
      env: { CLIENT_POOL_SIZE: "4" },
    });
    const found = JSON.parse(stdout) as { key: string; from: string }[];
    expect(found.find(({ key }) => key === "client.pool_size")).toEqual({
      key: "client.pool_size",
      value: 4,
      from: "CLIENT_POOL_SIZE",
      overridden: [{ value: 2, from: expect.stringMatching(/explain\.yaml:2:3$/) as string }],
    });
    expect(found.some(({ key }) => key.startsWith("cli."))).toBe(false);
  });

  test("tells who does not use what is configured", async () => {
    const path = await file("grpc.yaml", "client: {plugin: grpc}\n");
    const { stdout, stderr } = await runMain(["config", "explain", path]);
    expect(stdout).toMatch(/^transport\.plugin +http/m);
    expect(stderr).toBe(
      "transport.plugin http: client 'grpc' does not use it: gRPC brings its own, HTTP/2\n",
    );
  });

  test("--interpolate-env: variables in texts of the file, by which a plugin may be chosen", async () => {
    const path = await file(
      "variables.yaml",
      `registry: {plugin: $REG, path: '\${FOLDER:-/nowhere}', addresses: ['nats://me:$PW@host']}\n`,
    );
    const env = { REG: "file", PW: "hunter2" };
    const { status, stdout, stderr } = await runMain(["config", "explain", path, "--interpolate-env"], {
      env,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^registry\.plugin +file +\S+variables\.yaml:1:12 \$REG$/m);
    expect(stdout).toMatch(/^registry\.path +\/nowhere +\S+variables\.yaml:1:26 \$FOLDER$/m);
    expect(stdout).not.toContain("hunter2");
    await mkdir(join(folder.path, "nodes"));
    const listed = await runMain(["services", "--config", path, "--interpolate-env"], {
      env: { ...env, FOLDER: join(folder.path, "nodes") },
    });
    expect(listed).toMatchObject({ status: 0, stdout: "" });
    const missing = await runMain(["config", "dump", path, "--interpolate-env"], { env: { REG: "file" } });
    expect(missing.stderr).toMatch(
      /variables\.yaml:1:55: variable 'PW' of 'registry\.addresses\.0' is not set/,
    );
    expect(missing.status).toBe(2);
  });

  test("is a table for people", async () => {
    const { stdout } = await runMain(["config", "explain"]);
    expect(stdout).toMatch(/^KEY +VALUE +FROM +INSTEAD OF\n/);
    expect(stdout).toMatch(/^registry\.plugin +mdns +default$/m);
  });
});

describe("--service", () => {
  test("takes the composition of a module, with its options in code", async () => {
    const { stdout } = await runMain([
      "config",
      "explain",
      "--service",
      COMPOSITION,
      "-o=json",
      "--logger_level=warn",
    ]);
    const found = JSON.parse(stdout) as { key: string; value: unknown; from: string }[];
    const of = (wanted: string) => found.find(({ key }) => key === wanted);
    expect(of("logger.level")).toMatchObject({ value: "warn", from: "--logger_level" });
    expect(of("logger.timestamp")).toMatchObject({ value: false, from: "createService" });
    expect(of("broker.plugin")).toBeUndefined();
  });

  test.each([
    ["no-such-module", /there is no module 'no-such-module'/],
    [join(import.meta.dirname, "run-micro.ts"), /exports no plugins/],
  ])("%s is exit code 2", async (module, expected) => {
    const { status, stderr } = await runMain(["config", "dump", "--service", module]);
    expect(stderr).toMatch(expected);
    expect(status).toBe(2);
  });
});

describe("mistakes are exit code 2 and are all told", () => {
  test("in the file", async () => {
    const path = await file("wrong.yaml", "client:\n  pool_size: many\n  colour: red\n");
    const { status, stdout, stderr } = await runMicro(["config", "dump", path]);
    expect(stderr).toMatch(/the configuration is wrong: 2 problems/);
    expect(stderr).toMatch(/wrong\.yaml:2.*pool_size/);
    expect(stderr).toMatch(/wrong\.yaml:3.*colour/);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  });

  test.each([
    [["explain", "--out", "x"], /--out is for schema and dump/],
    [["explain", "--schema", "x"], /--schema is for dump/],
    [["dump", "--out", "/dev/null/x"], /--out: '\/dev\/null\/x' cannot be written/],
  ])("in the flags: %j", async (args, expected) => {
    const { status, stderr } = await runMain(["config", ...args, "--service", COMPOSITION]);
    expect(stderr).toMatch(expected);
    expect(status).toBe(2);
  });

  test("a file that is not there", async () => {
    const { status, stderr } = await runMain(["config", "dump", "nope.yaml"]);
    expect(stderr).toContain("'nope.yaml' does not exist");
    expect(status).toBe(2);
  });

  test("a plugin that is not installed: what to install", async () => {
    const path = await file("kafka.yaml", "broker: {plugin: kafka}\n");
    const { status, stderr } = await runMain(["config", "dump", path]);
    expect(stderr).toContain("npm install @micro/broker-kafka");
    expect(status).toBe(2);
  });

  test("a component that is not ours: no package of ours is named, but where its plugin may be", async () => {
    const path = await file("own.yaml", "mailer: {plugin: smtp}\nregstry: {plugin: file}\n");
    const { status, stderr } = await runMain(["config", "dump", path]);
    expect(stderr).not.toContain("npm install");
    expect(stderr).toMatch(
      /own\.yaml:1:10: plugin 'smtp' of 'mailer' is not there.*\n +name a module .*--plugin/,
    );
    expect(stderr).toMatch(/own\.yaml:2:11: .*\n +if the component is 'registry', correct its name\n/);
    expect(status).toBe(2);
  });

  test("a plugin that is not there, together with everything else that is wrong", async () => {
    const text =
      "broker: {plugin: kafka, brokers: [a]}\nclient:\n  pool_size: many\ntransport: {colour: red}\n";
    const path = await file("both.yaml", text);
    const { status, stdout, stderr } = await runMain(["config", "dump", path, "--registry=nope"]);
    expect(stderr).toMatch(/^micro: the configuration is wrong: 4 problems\n/);
    expect(stderr).toContain("--registry: plugin 'nope' of 'registry' is not there");
    expect(stderr).toMatch(/both\.yaml:1:10: plugin 'kafka' of 'broker' is not there/);
    expect(stderr).toMatch(/both\.yaml:3:3: 'client\.pool_size' must be a whole number/);
    expect(stderr).toMatch(/both\.yaml:4:13: unknown key 'transport\.colour'/);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    // The other commands look at the sections that they use.
    const published = await runMain(["publish", "orders", "{}", "--config", path]);
    expect(published.stderr).toMatch(
      /3 problems\n(.*\n)*.*'kafka' of 'broker'(.*\n)*.*pool_size(.*\n)*.*colour/,
    );
    expect(published.status).toBe(2);
  });

  test("the options of a plugin that is not there are not said to be unknown", async () => {
    const asked = await runMain(["services", "--registry=nope", "--registry_zone=b"]);
    expect(asked.stderr).toMatch(/--registry: plugin 'nope' of 'registry' is not there/);
    expect(asked.stderr).not.toContain("registry_zone");
    expect(asked.status).toBe(2);
  });

  test("a plugin that is not installed, by another of its names: the package has the first one", async () => {
    // In a process of its own, where the workspace's packages are not found by NODE_PATH.
    const path = await file("zap.yaml", "logger: {plugin: zap}\n");
    const { status, stderr } = await runMicro(["config", "dump", path], { env: { NODE_PATH: "" } });
    expect(stderr).toContain("zap.yaml:1:10: plugin 'zap' of 'logger' is not there");
    expect(stderr).toContain("npm install @micro/logger-winston");
    expect(status).toBe(2);
  });
});

test("a plugin that is installed in the user's project is found by its name, and by --plugin", async () => {
  const project = join(folder.path, "project");
  const installed = join(project, "node_modules/@micro/registry-fixed");
  await mkdir(installed, { recursive: true });
  await writeFile(join(project, "package.json"), '{"type":"module"}');
  await writeFile(
    join(installed, "package.json"),
    '{"name":"@micro/registry-fixed","type":"module","exports":"./index.js"}',
  );
  const source = `
import { definePlugin } from ${JSON.stringify(import.meta.resolve("@micro/core"))};
import { registry } from ${JSON.stringify(import.meta.resolve("@micro/registry"))};
export const fixedRegistry = definePlugin(registry, {
  name: "fixed",
  create: () => ({
    name: "fixed",
    register: async () => undefined,
    deregister: async () => undefined,
    get: async () => [],
    list: async () => ["from.the.project"],
    async *watch() {},
  }),
});
`;
  await writeFile(join(installed, "index.js"), source);
  await writeFile(join(project, "mine.js"), source.replaceAll("fixed", "mine"));
  const byName = await runMain(["services", "--registry=fixed"], { cwd: project });
  expect(byName).toMatchObject({ status: 0, stdout: "from.the.project\n" });
  const byFlag = await runMain(["services", "--plugin=./mine.js", "--registry", "mine"], { cwd: project });
  expect(byFlag).toMatchObject({ status: 0, stdout: "from.the.project\n" });
  // An extra plugin's component need not be chosen by name when nothing else is.
  const alone = await runMain(["services", "--plugin=./mine.js"], { cwd: project });
  expect(alone).toMatchObject({ status: 0, stdout: "from.the.project\n" });
  const missing = await runMain(["services", "--registry=other"], { cwd: project });
  expect(missing.stderr).toContain("npm install @micro/registry-other");
  expect(missing.stderr).not.toContain("did you mean");
  expect(missing.status).toBe(2);
  const mistyped = await runMain(["services", "--registry=mdsn"], { cwd: project });
  expect(mistyped).toMatchObject({ status: 2, stderr: expect.stringContaining("did you mean 'mdns'?") });
});
