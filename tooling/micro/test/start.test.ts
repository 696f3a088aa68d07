import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import { runProgram, type TemporaryFolder, temporaryFolder } from "@micro/programs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

let folder: TemporaryFolder;
let taken: Server;
let address: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  address = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
});

afterAll(async () => {
  await new Promise((resolve) => taken.close(resolve));
  await folder.remove();
});

/** Runs the service, whose `micro.yaml` says this, in the folder of the test. */
async function run(yaml: string, ...args: readonly string[]) {
  await writeFile(join(folder.path, "micro.yaml"), yaml);
  const main = join(import.meta.dirname, "programs/started.ts");
  const { status, stdout, stderr } = await runProgram(main, { cwd: folder.path, args });
  return { status, stdout: stdout.join("\n"), stderr: stderr.join("\n") };
}

const nodes = "registry: {path: nodes}\n";

describe("a service that cannot start says in one text which part, what, where it was set and what to do", () => {
  test.each(["rpc", "grpc"])("a port that is taken, of the %s server", async (server) => {
    const { status, stderr } = await run(`${nodes}server:\n  plugin: ${server}\n  address: ${address}\n`);
    expect(stderr).toBe(
      [
        "service 'shop' cannot start: 1 problem",
        `  micro.yaml:4:3: server '${server}': the address ${address} is taken`,
        "      end the program that listens there (or this service, if it runs already), or choose another address ('server.address')",
      ].join("\n"),
    );
    expect(status).toBe(1);
  });

  test.each([
    ["transport", "http", "rpc"],
    ["server", "grpc", "grpc"],
  ])("a certificate that is not there, of the %s", async (section, plugin, server) => {
    const tls = "tls: {cert_file: tls/server.pem, key_file: tls/server.key}";
    const args = [`--server=${server}`];
    const { status, stdout, stderr } = await run(`${nodes}${section}:\n  ${tls}\n`, ...args);
    expect(stderr.split("\n")).toEqual([
      "service 'shop' cannot start: 1 problem",
      `  micro.yaml:3:9: ${section} '${plugin}': ${section}.tls.cert_file: ENOENT: no such file or directory, open 'tls/server.pem'`,
      expect.stringMatching(
        new RegExp(
          `^ {6}there is no /.*/tls/server\\.pem: put it there, or .*\\('${section}\\.tls\\.cert_file'\\)$`,
        ),
      ),
    ]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  });

  test("a registry that cannot be used", async () => {
    await writeFile(join(folder.path, "file"), "no folder");
    const { status, stderr } = await run("", "--registry_path=file/nodes");
    expect(stderr).toMatch(
      /^service 'shop' cannot start: 1 problem\n {2}--registry_path: registry 'file': cannot use the folder .*file\/nodes; set 'path'/,
    );
    expect(stderr).not.toMatch(/^ +at /m);
    expect(status).toBe(1);
  });
});

test("with logger.level debug the log has the whole error, its causes and their stacks", async () => {
  const { status, stdout, stderr } = await run(nodes, `--server_address=${address}`, "--logger_level=debug");
  const log = `${stdout}\n${stderr}`;
  expect(log).toMatch(/"message":"service shop cannot start","error":\{"name":"StartError"/);
  expect(log).toMatch(/Error: listen EADDRINUSE.*\\n +at /);
  expect(stderr).toContain("\n  --server_address: server 'rpc': the address");
  expect(status).toBe(1);
});
