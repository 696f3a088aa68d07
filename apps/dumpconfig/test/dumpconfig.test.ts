import { join } from "node:path";
import { runProgram } from "@micro/programs";
import { expect, test } from "vitest";

const main = join(import.meta.dirname, "../src/main.ts");
const cwd = join(import.meta.dirname, "..");

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
    "client.pool_request_timeout = 2s from micro.yaml:3, not 3s of createService",
    "client.pool_retries = 5 from --client_retries, not 2 of createService",
    "client.pool_size = 4 from micro.yaml:2",
    "mailer.host = mail.example.com from micro.yaml:5",
    "mailer.password = ******** from MAILER_PASSWORD, not ******** of micro.yaml:7",
    "mailer.user = shop from micro.yaml:6",
    "registry.logger.level = debug from micro.yaml:9",
    "server.address = 127.0.0.1:0 from SERVER_ADDRESS",
  ]);
});

test("a mistake in the file stops it and names file, line, key and the nearest valid key", async () => {
  const { status, stdout, stderr } = await runProgram(main, {
    cwd,
    args: ["--config=test/mistakes.yaml"],
  });
  expect(stdout).toEqual([]);
  expect(stderr.join("\n")).toBe(
    [
      "service 'dumpconfig' cannot start: 2 problems",
      "  test/mistakes.yaml:4: 'client.pool_size' must be a whole number, not \"many\"",
      "  test/mistakes.yaml:2: unknown key 'mailer.hots'",
      "      did you mean 'mailer.host'?",
    ].join("\n"),
  );
  expect(status).toBe(1);
});
