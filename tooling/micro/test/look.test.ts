import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freeUdpPort } from "@micro/programs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runMain, runMicro } from "./run-micro.ts";
import { startWorld, type World } from "./world.ts";

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world.close());

describe("services", () => {
  test("lists names, one per line, as a program of its own", async () => {
    const { status, stdout, stderr } = await runMicro(["services", ...world.flags]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout.split("\n")).toContain("greeter");
  });

  test("--long adds versions and numbers of nodes", async () => {
    const { stdout } = await runMain(["services", "-l", ...world.flags]);
    expect(stdout).toMatch(/^SERVICE +VERSION +NODES\n/);
    expect(stdout).toMatch(/^greeter +1\.2\.3 +1$/m);
  });

  test("--output json is one document", async () => {
    const { stdout } = await runMain(["services", "--long", "--output", "json", ...world.flags]);
    expect(JSON.parse(stdout)).toContainEqual({
      name: "greeter",
      versions: [{ version: "1.2.3", nodes: 1 }],
    });
  });

  test("an empty registry is no error, but is told of", async () => {
    const path = join(world.folder, "empty");
    await mkdir(path);
    const { status, stdout, stderr } = await runMain([
      "services",
      "--registry=file",
      `--registry_path=${path}`,
    ]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
    expect(stderr).toContain("registry 'file' knows no service");
  });

  test("a folder that is mistyped is told with its name and not made, whichever command looks into it", async () => {
    const path = join(world.folder, "mistyped");
    for (const command of [
      ["services"],
      ["describe", "greeter"],
      ["health"],
      ["call", "greeter", "Greeter.Hello"],
      ["publish", "orders", "{}"],
    ]) {
      const { status, stdout, stderr } = await runMain([
        ...command,
        "--registry=file",
        `--registry_path=${path}`,
      ]);
      expect(stderr).toContain(`there is no folder ${path}`);
      expect({ status, stdout }).toEqual({ status: 5, stdout: "" });
    }
    await expect(stat(path)).rejects.toThrow("ENOENT");
  });

  test("a registry that cannot be asked is exit code 5", async () => {
    const path = join(world.folder, "no-folder");
    await writeFile(path, "a file where a folder must be");
    const { status, stderr } = await runMain(["services", "--registry=file", `--registry_path=${path}`]);
    expect(stderr).toContain("no-folder");
    expect(status).toBe(5);
  });

  test("the registry may come from variables and from micro.yaml, where flags win", async () => {
    const path = join(world.folder, "registry");
    const byEnv = await runMain(["services"], { env: { REGISTRY: "file", REGISTRY_PATH: path } });
    expect(byEnv.stdout).toContain("greeter\n");
    const file = join(world.folder, "micro.yaml");
    await writeFile(file, `registry: {plugin: file, path: ${path}}\n`);
    const byFile = await runMain(["services"], { cwd: world.folder });
    expect(byFile.stdout).toContain("greeter\n");
    const byConfig = await runMain(["--config", file, "services"]);
    expect(byConfig.stdout).toContain("greeter\n");
    const elsewhere = join(world.folder, "empty");
    const byFlag = await runMain(["services", "--registry_path", elsewhere], { cwd: world.folder });
    expect(byFlag.stdout).toBe("");
  });

  test("what a file says of the service's own listening, logging and further parts is not meant here", async () => {
    const file = join(world.folder, "service.yaml");
    await writeFile(
      file,
      "server: {address: ':1'}\nstore: {plugin: nats}\nbroker: {addresses: ['127.0.0.1:1']}\nlogger: {plugin: not-installed, level: trace, stream: stdout}\n",
    );
    const args = ["services", "--config", file, ...world.flags];
    const { status, stdout, stderr } = await runMain(args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(await runMain([...args, "--logger_level=warn"])).toMatchObject({ status: 0, stderr: "" });
    expect(stdout).not.toContain("level");
  });
});

test("services are found by multicast DNS too", async () => {
  const flags = ["--registry=mdns", "--registry_domain=clitest", `--registry_port=${await freeUdpPort()}`];
  const other = await startWorld({ registry: flags, health: "ok" });
  try {
    const { status, stdout, stderr } = await runMain(["describe", "greeter", ...flags]);
    expect(stderr).toBe("");
    expect(stdout).toContain("registry=mdns");
    expect(status).toBe(0);
    const health = await runMain(["health", "greeter", ...flags]);
    expect(health).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^ok +greeter .* ok$/m) as string,
    });
    const missing = await runMain(["describe", "nobody", ...flags]);
    expect(missing.status).toBe(3);
  } finally {
    await other.close();
  }
});

describe("describe", () => {
  test("shows endpoints with types and descriptions, subscribers, and nodes with metadata", async () => {
    const { status, stdout } = await runMicro(["describe", "greeter", ...world.flags]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^greeter 1\.2\.3$/m);
    expect(stdout).toMatch(/^Greeter\.Hello {2}unary\n {2}Says hello\.\n {2}request {3}\{ name\??: string;/m);
    expect(stdout).toMatch(/^Greeter\.Count {2}server stream$/m);
    expect(stdout).toMatch(/subscriber of greeted/);
    expect(stdout).toContain(world.address);
    expect(stdout).toMatch(/protocol=mucp registry=file/);
  });

  test("--output json is the registry's own model", async () => {
    const { stdout } = await runMain(["describe", "greeter", "-o", "json", ...world.flags]);
    const [record] = JSON.parse(stdout) as {
      name: string;
      nodes: { address: string }[];
      endpoints: unknown[];
    }[];
    expect(record?.name).toBe("greeter");
    expect(record?.nodes[0]?.address).toBe(world.address);
    expect(record?.endpoints.length).toBeGreaterThan(5);
  });

  test("nobody of that name is exit code 3, with the nearest name", async () => {
    const { status, stdout, stderr } = await runMicro(["describe", "greter", ...world.flags]);
    expect({ status, stdout }).toEqual({ status: 3, stdout: "" });
    expect(stderr).toContain("service 'greter' is not there");
    expect(stderr).toContain("did you mean 'greeter'?");
  });

  test("an error is one JSON document too", async () => {
    const { stderr } = await runMain(["describe", "nobody", "--output=json", ...world.flags]);
    expect(JSON.parse(stderr)).toMatchObject({
      exitCode: 3,
      error: { message: "service 'nobody' is not there" },
    });
  });
});

describe("health", () => {
  test("each node with address, time and its own word", async () => {
    const { status, stdout } = await runMicro(["health", "greeter", ...world.flags]);
    expect(stdout).toMatch(
      new RegExp(`^ok +greeter +1\\.2\\.3 +greeter-[\\w-]+ +${world.address} +[\\d.]+ ms +ok$`, "m"),
    );
    expect(status).toBe(0);
  });

  test("of all services, as JSON", async () => {
    const { status, stdout } = await runMain(["health", "--output=json", ...world.flags]);
    expect(JSON.parse(stdout)).toMatchObject([{ service: "greeter", ok: true, address: world.address }]);
    expect(status).toBe(0);
  });

  test("a node that does not feel well, or does not answer, is exit code 5", async () => {
    const other = await startWorld({ health: "sick" });
    try {
      const sick = await runMain(["health", "greeter", ...other.flags]);
      expect(sick).toMatchObject({
        status: 5,
        stdout: expect.stringMatching(/^FAIL +greeter .* sick$/m) as string,
      });
      process.kill(other.greeter.pid, "SIGSTOP");
      const { status, stdout } = await runMain(["health", "greeter", "--timeout=1s", ...other.flags]);
      expect(stdout).toMatch(/^FAIL +greeter .*call timeout/m);
      expect(status).toBe(5);
    } finally {
      process.kill(other.greeter.pid, "SIGCONT");
      await other.close();
    }
  });

  test("a Go node without the handler is there all the same", async () => {
    const other = await startWorld({ health: "none" });
    try {
      const { status, stdout } = await runMain(["health", "greeter", "-o=json", ...other.flags]);
      expect(JSON.parse(stdout)).toMatchObject([{ ok: true, status: "reachable" }]);
      expect(status).toBe(0);
    } finally {
      await other.close();
    }
  });

  test("of nodes by their address, without a registry", async () => {
    const one = await runMain(["health", "--address", world.address]);
    expect(one.stdout).toMatch(new RegExp(`^ok +${world.address} +[\\d.]+ ms +ok$`, "m"));
    expect(one.status).toBe(0);
    const args = ["health", "greeter", "-o=json", "--address", world.address, "--address", "127.0.0.1:1"];
    const two = await runMain(args);
    expect(JSON.parse(two.stdout)).toMatchObject([
      { service: "greeter", address: world.address, ok: true, status: "ok" },
      { service: "greeter", address: "127.0.0.1:1", ok: false },
    ]);
    expect(two.status).toBe(5);
    expect(await runMain(["health", "--address", "nowhere"])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("--address") as string,
    });
  });

  test("of a service that nobody offers is exit code 3", async () => {
    expect((await runMain(["health", "nobody", ...world.flags])).status).toBe(3);
  });
});
