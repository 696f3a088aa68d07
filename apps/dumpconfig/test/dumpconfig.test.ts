import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runProgram, type TemporaryFolder, temporaryFolder } from "@micro/programs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const main = join(import.meta.dirname, "../src/main.ts");
const cwd = join(import.meta.dirname, "..");

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

/** The three parts that the program prints with a file. */
async function dumped(file: string, env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = await runProgram(main, { cwd, args: ["--config", file], env });
  expect(stderr).toEqual([]);
  expect(status).toBe(0);
  const [, yaml = "", json = "", explained = ""] = stdout.join("\n").split(/^# .*$/m);
  return { yaml, json, explained };
}

test("prints the effective configuration and its origins, secrets masked", async () => {
  const { status, stdout, stderr } = await runProgram(main, {
    cwd,
    args: ["--client_retries=5"],
    env: { MAILER_PASSWORD: "secret-of-the-environment", SERVER_ADDRESS: "127.0.0.1:0" },
  });
  const printed = stdout.join("\n");
  expect(stderr).toEqual([]);
  expect(status).toBe(0);
  expect(`${printed}${stderr.join("\n")}`).not.toMatch(/this-is-never-shown|secret-of-the-environment/);

  const [, yaml = "", json = "", explained = ""] = printed.split(/^# .*$/m);
  expect(yaml).toMatch(/^mailer:\n(.*\n)*? {2}host: mail\.example\.com\n {2}password: '?\*{8}'?\n/m);
  expect(JSON.parse(json)).toMatchObject({
    client: { plugin: "rpc", pool_size: 4, pool_retries: 5, pool_request_timeout: "2s" },
    mailer: { plugin: "printed", host: "mail.example.com", user: "shop", password: "********" },
    registry: { plugin: "mdns", logger: { level: "debug" } },
    server: { address: "127.0.0.1:0" },
  });
  expect(explained.trim().split("\n")).toEqual([
    "client.pool_request_timeout = 2s from micro.yaml:3:3, not 3s of createService",
    "client.pool_retries = 5 from --client_retries, not 2 of createService",
    "client.pool_size = 4 from micro.yaml:2:3",
    "mailer.host = mail.example.com from micro.yaml:5:3",
    "mailer.password = ******** from MAILER_PASSWORD, not ******** of micro.yaml:7:3",
    "mailer.user = shop from micro.yaml:6:3",
    "registry.logger.level = debug from micro.yaml:9:13",
    "server.address = 127.0.0.1:0 from SERVER_ADDRESS",
  ]);
});

test("nothing is created for it: what the configuration names may be elsewhere", async () => {
  const file = join(folder.path, "elsewhere.yaml");
  await writeFile(file, "transport: {tls: {ca_file: nope.pem}}\n");
  const { json } = await dumped(file);
  expect(JSON.parse(json)).toMatchObject({ transport: { tls: { ca_file: "nope.pem" } } });
});

const GO = "../configfile";

describe("of the two configurations of Go Micro", () => {
  test.each([
    [
      "defaults.yaml",
      "json",
      { broker: { plugin: "http" }, server: { plugin: "rpc", register_interval: 60, register_ttl: 30 } },
    ],
    [
      "nats.yaml",
      "yaml",
      {
        broker: {
          addresses: ["nats://localhost:4222"],
          logger: { enabled: true, fields: { component: "broker" }, level: "trace", plugin: "winston" },
          plugin: "nats",
        },
        client: { content_type: "application/protobuf", plugin: "grpc", pool_size: 100, pool_ttl: "5m" },
        server: { logger: { caller_skip_count: 2, level: "info" }, plugin: "grpc" },
        transport: { logger: { fields: { component: "transport" } }, plugin: "quic" },
      },
    ],
  ])(
    "%s: what is in effect, and reading that back is the same service",
    async (file, kind, expected) => {
      const first = await dumped(`${GO}/${file}`);
      expect(JSON.parse(first.json)).toMatchObject(expected);
      const back = join(folder.path, `dump.${kind}`);
      await writeFile(back, kind === "yaml" ? first.yaml : first.json);
      const second = await dumped(back);
      expect([second.yaml, second.json]).toEqual([first.yaml, first.json]);
    },
    30_000,
  );

  test("gRPC does not use the transport that nats.yaml configures, and that is said", async () => {
    const { explained } = await dumped(`${GO}/nats.yaml`);
    expect(explained).toContain(
      "transport.plugin = quic: server 'grpc' does not use it: gRPC brings its own, HTTP/2\n",
    );
  });
});

test("a dump without its secrets is not taken for a whole one: it is named what is missing", async () => {
  const first = await dumped("micro.yaml");
  const back = join(folder.path, "masked.yaml");
  await writeFile(back, first.yaml);
  const { status, stdout, stderr } = await runProgram(main, { cwd, args: ["--config", back] });
  expect(stdout).toEqual([]);
  expect(stderr.map((line) => line.replace(`${folder.path}/`, ""))).toEqual([
    "service 'dumpconfig' cannot start: 1 problem",
    expect.stringMatching(
      /^ {2}masked\.yaml:\d+:3: 'mailer\.password' is masked: a dump does not hold secrets$/,
    ),
    "      write the secret here, or set it by its variable or flag",
  ]);
  expect(status).toBe(1);
  const second = await dumped(back, { MAILER_PASSWORD: "given" });
  expect(second.yaml).toBe(first.yaml);
});

describe("a mistake in the file stops it and names file, line, column, key and the nearest valid key", () => {
  test.each([
    ["yaml", "4:3", "2:3"],
    ["json", "6:5", "3:5"],
    ["toml", "5:1", "2:1"],
    ["config.ts", "4:13", "3:13"],
  ])("mistakes.%s", async (kind, size, host) => {
    const file = `test/mistakes.${kind}`;
    const { status, stdout, stderr } = await runProgram(main, { cwd, args: ["--config", file] });
    expect(stdout).toEqual([]);
    expect(stderr.join("\n")).toBe(
      [
        "service 'dumpconfig' cannot start: 2 problems",
        `  ${file}:${size}: 'client.pool_size' must be a whole number, not "many"`,
        `  ${file}:${host}: unknown key 'mailer.hots'`,
        "      did you mean 'mailer.host'?",
      ].join("\n"),
    );
    expect(status).toBe(1);
  });
});
