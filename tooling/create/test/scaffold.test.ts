import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { main, type ScaffoldOptions, scaffold } from "../src/index.ts";
import { TOOLS } from "../src/versions.ts";

let cwd: string;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "micro-create-"));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

const make = (kind: ScaffoldOptions["kind"], name: string, more: Partial<ScaffoldOptions> = {}) =>
  scaffold({ kind, name, cwd, ...more });
const read = (...path: string[]) => readFile(join(cwd, ...path), "utf8");

describe("names", () => {
  test("a plugin has its technology in files, types and values", async () => {
    const { files, packageName } = await make("plugin", "broker-rabbit-mq");
    expect(packageName).toBe("micro-broker-rabbit-mq");
    expect(files).toContain("src/rabbit-mq-broker.ts");
    const plugin = await read("broker-rabbit-mq/src/plugin.ts");
    expect(plugin).toContain("export const rabbitMqBroker = definePlugin(broker, {");
    expect(plugin).toContain('name: "rabbit-mq"');
    expect(plugin).toContain("new RabbitMqBroker(");
  });

  test("a service keeps its dots where the name is a name, and has none in files", async () => {
    const { files, packageName, folder } = await make("service", "shop.orders");
    expect([packageName, folder]).toEqual(["shop-orders", join(cwd, "shop-orders")]);
    expect(files).toContain("src/shop-orders.test.ts");
    expect(await read("shop-orders/src/contract.ts")).toContain('service: "shop.orders"');
    expect(await read("shop-orders/src/contract.ts")).toContain("export const shopOrdersContract");
  });

  test("a scope is the scope of the package", async () => {
    const { packageName } = await make("component", "ledger", { scope: "@acme" });
    expect(packageName).toBe("@acme/ledger");
    expect(await read("ledger/README.md")).toContain('from "@acme/ledger"');
  });

  test.each(["broker-x", "codec-x", "logger-x", "registry-x", "selector-x", "transport-x"])(
    "%s: nothing of the template's own name is left",
    async (name) => {
      const { folder, files } = await make("plugin", name);
      for (const file of files) {
        const text = `${file}\n${await readFile(join(folder, file), "utf8")}`;
        expect(text).not.toMatch(/\bsample\b|Sample[A-Z]|COMPONENT|PACKAGE/);
      }
    },
  );

  test.each([
    ["service", "Greeter", "'Greeter' is no name of a service"],
    ["service", "a/b", "'a/b' is no name of a service"],
    ["component", "key-value", "lower case letters and digits only"],
    ["component", "class", "the word is taken"],
    ["component", "option", "the word is taken"],
    ["component", "service", "the word is taken"],
    ["component", "broker", "'broker' is a component of Micro: choose another name, or make a plugin of it"],
    ["component", "index", "two files src/index.ts"],
    ["component", "conformance", "two files src/conformance.ts"],
    ["service", "contract", "two files src/contract.ts"],
    ["service", "main", "two files src/main.ts"],
    ["plugin", "mqtt", "named <component>-<technology>, as broker-mqtt; components: broker,"],
    ["plugin", "cache-redis", "components: broker,"],
    ["plugin", "constructor-x", "components: broker,"],
    // Their templates import ours under the name that theirs would have.
    ["plugin", "cli-yargs", "'cli-yargs' is a plugin of Micro"],
    ["plugin", "client-rpc", "'client-rpc' is a plugin of Micro"],
    ["plugin", "server-rpc", "'server-rpc' is a plugin of Micro"],
    ["plugin", "transport-memory", "'transport-memory' is a plugin of Micro"],
  ] as const)("a %s named %s is refused", async (kind, name, message) => {
    await expect(make(kind, name)).rejects.toThrow(message);
    expect(await readdir(cwd)).toEqual([]);
  });

  test("a scope that is none is refused", async () => {
    await expect(make("service", "greeter", { scope: "acme" })).rejects.toThrow("'acme' is no npm scope");
  });
});

test("a folder that is not empty is left alone, one with a fresh repository is not", async () => {
  await mkdir(join(cwd, "greeter"));
  await writeFile(join(cwd, "greeter/mine.txt"), "mine");
  await expect(make("service", "greeter")).rejects.toThrow("is not empty (it has mine.txt)");
  expect(await readdir(join(cwd, "greeter"))).toEqual(["mine.txt"]);
  await mkdir(join(cwd, "fresh/.git"), { recursive: true });
  await make("service", "greeter", { out: "fresh" });
  expect(await readdir(join(cwd, "fresh"))).toContain(".gitignore");
});

test("what core takes for itself is no name of a component", async () => {
  const core = await readFile(join(import.meta.dirname, "../../../packages/core/src/component.ts"), "utf8");
  const [, words = ""] = /const RESERVED[^`]*`([^`]+)`/.exec(core) ?? [];
  const taken = words.trim().split(/\s+/);
  expect(taken).toContain("container");
  for (const name of taken) {
    await expect(make("component", name), name).rejects.toThrow("the word is taken");
  }
});

test("scaffolds are built with what this repository is built with", async () => {
  const text = await readFile(join(import.meta.dirname, "../../../package.json"), "utf8");
  expect((JSON.parse(text) as { devDependencies: object }).devDependencies).toMatchObject(TOOLS);
});

describe("the command", () => {
  const run = async (...argv: string[]) => {
    const out = new PassThrough();
    const err = new PassThrough();
    const code = await main({ argv, cwd, stdin: new PassThrough(), stdout: out, stderr: err });
    return { code, out: String(out.read() ?? ""), err: String(err.read() ?? "") };
  };

  test("makes it and says what to type next", async () => {
    const { code, out } = await run("service", "greeter");
    expect(code).toBe(0);
    expect(out).toContain("  cd greeter\n  npm install\n  npm test\n  npm run dev\n");
  });

  test("says what is wrong with a line, with 2", async () => {
    expect(await run()).toMatchObject({ code: 2, err: expect.stringContaining("say what to make") });
    expect(await run("service")).toMatchObject({
      code: 2,
      err: expect.stringContaining("how the service is"),
    });
    expect(await run("servce", "x")).toMatchObject({
      code: 2,
      err: expect.stringContaining("'servce' is none of"),
    });
    expect(await run("service", "x", "y")).toMatchObject({
      code: 2,
      err: expect.stringContaining("too many"),
    });
    expect(await run("service", "x", "--fast")).toMatchObject({
      code: 2,
      err: expect.stringContaining("--fast"),
    });
    expect(await readdir(cwd)).toEqual([]);
  });

  test("says why it cannot be made, with 1", async () => {
    expect(await run("plugin", "mqtt")).toMatchObject({
      code: 1,
      err: expect.stringContaining("broker-mqtt"),
    });
  });

  test("asks on a terminal for what was not said", async () => {
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    const stdout = Object.assign(new PassThrough(), { isTTY: true });
    stdout.on("data", (chunk) => {
      if (String(chunk).includes("What shall it be")) stdin.write("component\n");
      if (String(chunk).includes("Its name")) stdin.write("ledger\n");
    });
    const code = await main({ argv: [], cwd, stdin, stdout, stderr: new PassThrough() });
    expect(code).toBe(0);
    expect(await readdir(cwd)).toEqual(["ledger"]);
  });

  test("an end of input at a question is no answer", async () => {
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    const stdout = Object.assign(new PassThrough(), { isTTY: true });
    stdin.end();
    expect(await main({ argv: ["service"], cwd, stdin, stdout, stderr: new PassThrough() })).toBe(2);
  });
});
