import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defineService } from "../definition.ts";
import { createService } from "../service.ts";
import { StartError } from "../start-error.ts";
import { type Folder, makeFolder } from "../testing/folder.ts";
import { consoleLogger, sampleCli, samplePlugins } from "../testing/sample.ts";
import { readConfigFile } from "./file.ts";
import { findConfigFile } from "./load-file.ts";

const sample = defineService({ name: "sample" });
let folder: Folder;
let count = 0;
beforeAll(async () => {
  folder = await makeFolder();
});
afterAll(() => folder.remove());

/** A service with this configuration file; each has a name of its own, because modules are cached. */
async function start(kind: string, content: string | Uint8Array) {
  const { mdns, nats } = samplePlugins();
  const path = await folder.file(`${++count}.${kind}`, content);
  return createService(sample, { plugins: [mdns, nats, consoleLogger], configFile: path });
}
const problems = async (kind: string, content: string | Uint8Array) =>
  (await folder.problemsOf(start(kind, content))).map((line) => line.replace(/^\d+\./, ""));

describe("a file", () => {
  test.each([
    ["yaml", "\uFEFFbroker: {pool_size: 7}\n"],
    ["json", '\uFEFF{"broker": {"pool_size": 7}}'],
    ["toml", "\uFEFF[broker]\npool_size = 7\n"],
    ["yaml", "broker:\r\n  pool_size: 7\r\n"],
    ["json", '{\r\n\t"broker": {\r\n\t\t"pool_size": 7\r\n\t}\r\n}'],
    ["toml", "[broker]\r\npool_size = 7\r\n"],
    ["json", '{"$schema": "./micro.schema.json", "broker": {"poolSize": 7}}'],
    ["cjs", "module.exports = { broker: { poolSize: 7 } };"],
    ["mts", "const broker: object = { poolSize: 7 };\nexport default Promise.resolve({ broker });"],
  ])("of kind %s is read (%#)", async (kind, content) => {
    expect((await start(kind, content)).broker.options.poolSize).toBe(7);
  });

  test.each([
    ["yaml", ""],
    ["yaml", "# only a comment\n"],
    ["yaml", "---\n"],
    ["yaml", "broker:\n"],
    ["yaml", "broker: {plugin: null}\n"],
    ["json", ""],
    ["json", "null"],
    ["toml", "# only a comment\n"],
  ])("of kind %s may say nothing (%#)", async (kind, content) => {
    expect((await start(kind, content)).broker.options.poolSize).toBe(1);
  });

  test.each([
    ["json", '{\r\n  "broker": {\r\n    "pool_size": "x"\r\n}}', "3:5"],
    ["yaml", "a: 1\r\nbroker:\r\n\r\n  pool_size: x\r\n", "4:3"],
    ["toml", "[broker]\r\n# text\r\npool_size = 'x'\r\n", "3:1"],
    ["toml", "[registry]\nttl = 5\nbroker = { a = 1 }\n[broker]\n  \"pool_size\" = 'x'\n", "5:3"],
    ["ts", "export default {\n  broker: { poolSize: 'x' } as object,\n};", "2:13"],
    ["mjs", "const broker = {\n  pool_size: 'x' };\nexport default { broker };", "2:3"],
    ["cjs", "module.exports = {\n  broker: { 'poolSize': 'x' } };", "2:13"],
  ])("of kind %s has its lines and columns counted right (%#)", async (kind, content, place) => {
    expect((await problems(kind, content)).join("\n")).toContain(
      `${kind}:${place}: 'broker.pool_size' must be a whole number, not "x"`,
    );
  });

  test.each([
    ["yaml", "broker:\n  - [a\n", /^yaml:3:1: cannot be read: /],
    ["yaml", "a: 1\n---\nb: 1\n", /several documents/],
    ["yaml", "a: 1\na: 2\n", /^yaml:2:1: cannot be read: duplicated mapping key/],
    ["json", '{\n "broker": x}', /^json:2:12: cannot be read: .*not valid JSON/],
    [
      "json",
      '{"broker": {"a": "hunter2" "b": 1}}',
      /^json:1:28: cannot be read: Expected ',' or '}' after property value: this is not valid JSON$/,
    ],
    ["json", '{"a": {\n\t"b": 1,\n\t"b": 2}}', /^json:3:3: cannot be read: duplicated mapping key/],
    [
      "json",
      '{"a": at position 1}',
      /^json:1:7: cannot be read: Unexpected token 'a': this is not valid JSON$/,
    ],
    ["toml", "[broker]\npool_size = \n", /^toml:2:13: cannot be read: Invalid TOML document: invalid value$/],
    ["mjs", "\nthrow new Error('oops')", /^mjs:2:7: cannot be read: oops$/],
    // The test runner reads TypeScript in a way of its own: that Node's place is found is error-place.test.ts.
    ["ts", "export default {\n  broker: {", /^ts(:2(:\d+)?)?: cannot be read: /],
    ["mjs", "export const broker = {}", /^mjs: cannot be read: it has no default export/],
    ["ts", "export default () => 1", /^ts: the top level must be a map/],
    ["ts", "import 'not-installed-at-all'; export default {}", /^ts:1:1: cannot be read: Cannot find/],
    ["yaml", new Uint8Array([0, 255, 254, 3]), /^yaml:1:\d+: cannot be read/],
    [
      "yaml",
      Buffer.from("broker:\n  token: caf\u00e9\n", "latin1"),
      /^yaml:2:13: cannot be read: it is no UTF-8: save it as such$/,
    ],
    ["xml", "<broker/>", /^xml: unknown kind of configuration file '.xml'/],
  ])("of kind %s that cannot be read is one problem with its line (%#)", async (kind, content, expected) => {
    const found = await problems(kind, content);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(expected);
  });

  test("error and problem keep the cause", async () => {
    const error = await start("mjs", "throw new TypeError('oops')").catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StartError);
    expect((error as StartError).cause).toBeInstanceOf(TypeError);
  });

  test("that is too large, too deep, endless or a folder is refused", async () => {
    expect(await problems("yaml", `# ${"x".repeat(1024 * 1024)}`)).toEqual([
      expect.stringContaining("larger than 1MiB"),
    ]);
    expect(
      await problems("json", `{"broker":{"addresses":${"[".repeat(20_000)}${"]".repeat(20_000)}}}`),
    ).toEqual([expect.stringContaining("'broker.addresses.0.0…' is nested more than 32 levels deep")]);
    expect(await problems("yaml", "broker:\n  addresses: &a [*a]\n")).toEqual([
      expect.stringContaining("yaml:2:3: 'broker.addresses.0.0…' is nested more than 32 levels deep"),
    ]);
    const laughs = "abcdefg".split("").map((name, index, all) => {
      const inner = index === 0 ? "x" : `*${all[index - 1]}`;
      return `${name}: &${name} [${Array.from({ length: 10 }, () => inner).join(",")}]`;
    });
    expect(await problems("yaml", laughs.join("\n"))).toEqual([
      expect.stringContaining("more than 20000 values"),
    ]);
    const { mdns, nats } = samplePlugins();
    const inFolder = createService(sample, { plugins: [mdns, nats], configFile: folder.path });
    expect((await folder.problemsOf(inFolder))[0]).toMatch(
      /^createService: configuration file '.*' is a folder/,
    );
    const endless = createService(sample, { plugins: [mdns, nats], configFile: "/dev/zero" });
    expect(await folder.problemsOf(endless)).toEqual([
      "createService: '/dev/zero' cannot be read: it is neither a file nor a pipe",
    ]);
  });

  test("that is a module which never ends is given up", async () => {
    const { mdns } = samplePlugins();
    const configFile = await folder.file(
      "hanging.mjs",
      "await new Promise(() => setInterval(() => 0, 1e6).unref());",
    );
    await expect(createService(sample, { plugins: [mdns], configFile, startTimeoutMs: 50 })).rejects.toThrow(
      "reading the configuration file took longer than 50 ms (option startTimeoutMs)",
    );
  });

  test("with thousands of mistakes is refused soon, and shows some of them", async () => {
    const keys = Array.from({ length: 15_000 }, (_, index) => `  key${index}: 1\n`);
    const error = (await start("yaml", `broker:\n${keys.join("")}`).catch(
      (reason: unknown) => reason,
    )) as StartError;
    expect(error.problems).toHaveLength(15_000);
    expect(error.detail.length).toBeLessThan(20_000);
    expect(error.detail).toMatch(/… and 14950 more$/);
  });

  test("must not hold keys that reach a prototype, wherever they stand", async () => {
    for (const key of ["__proto__", "constructor", "prototype"]) {
      const hint = "(no configuration needs a key of this name: rename it)";
      expect(
        await problems("json", `{"${key}": {"x": 1}, "broker": {"tls": {"${key}": {"caFile": "x"}}}}`),
      ).toEqual([
        `json:1:2: key '${key}' is not allowed ${hint}`,
        `json:1:${key.length + 35}: key 'broker.tls.${key}' is not allowed ${hint}`,
      ]);
      expect(await problems("yaml", `registry:\n  addresses: [{${key}: 1}]\n`)).toEqual([
        `yaml:2:16: key 'registry.addresses.0.${key}' is not allowed ${hint}`,
      ]);
      expect(await problems("toml", `[broker.${key}]\nx = 1\n`)).toEqual([
        expect.stringContaining(`key 'broker.${key}' is not allowed`),
      ]);
    }
    expect(await problems("json", '{"broker": {"tls": {"toString": 1, "valueOf": 2}}}')).toEqual([
      expect.stringContaining("unknown key 'broker.tls.to_string'"),
      expect.stringContaining("unknown key 'broker.tls.value_of'"),
    ]);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  test.each([
    ["json", '{"broker": {"token": hunter2}}'],
    ["json", '{"broker": {"token": "hunter2"'],
    ["yaml", "broker:\n  token: hunter2\n  token: hunter3\n"],
    ["yaml", "broker:\n  token: 'hunter2\n"],
    ["toml", "[broker]\ntoken = hunter2\n"],
  ])("of kind %s that cannot be read shows nothing of what stands in it (%#)", async (kind, content) => {
    const error = (await start(kind, content).catch((reason: unknown) => reason)) as StartError;
    expect(error.problems).toHaveLength(1);
    expect(inspect(error, { depth: 10 })).not.toContain("hunter");
  });

  test("shows no secret in an error, and names keys as they stand in it", async () => {
    expect(await problems("yaml", "broker:\n  tls:\n    ca_file: 5\n    key_password: hunter2\n")).toEqual([
      "yaml:3:5: 'broker.tls.ca_file' must be a text, not 5",
    ]);
    expect(await problems("yaml", "broker: {tls: hunter2, token: [hunter2]}")).toEqual([
      "yaml:1:24: 'broker.token' must be a text",
      "yaml:1:10: 'broker.tls' must be a map of options",
    ]);
    expect(await problems("yaml", "broker: {tls: {ca_fil: x}, pool_size: 'nats://me:hunter2@host'}")).toEqual(
      [
        "yaml:1:28: 'broker.pool_size' must be a whole number, not \"nats://me:********@host\"",
        "yaml:1:16: unknown key 'broker.tls.ca_fil' (did you mean 'broker.tls.ca_file'?)",
      ],
    );
  });

  test("may import others: itself it wins, lists are replaced, and lines are those of the file that says it", async () => {
    const base = await folder.file(
      "base.yaml",
      "broker:\n  addresses: [base]\n  pool_size: 3\nregistry:\n  ttl: soon\n",
    );
    const content = `$import: ${base}\nbroker:\n  addresses: [own]\n`;
    expect(await problems("yaml", content)).toEqual([
      expect.stringContaining("base.yaml:5:3: 'registry.ttl' must be"),
    ]);
    await folder.file("base.yaml", "broker:\n  addresses: [base]\n  pool_size: 3\n");
    const { options } = (await start("yaml", content)).broker;
    expect(options).toMatchObject({ addresses: ["own"], poolSize: 3 });
  });

  test("cannot say one option in two spellings", async () => {
    const content = "broker:\n  pool_size: 7\n  poolSize: 8\n";
    expect(await problems("yaml", content)).toEqual([
      expect.stringMatching(
        /^yaml:3:3: 'broker\.poolSize' says the same as 'pool_size' \(\d+\.yaml:2:3\) \(keep one of the two\)$/,
      ),
    ]);
  });

  test("cannot configure what reads the configuration", async () => {
    const { mdns } = samplePlugins();
    const configFile = await folder.file("cli.yaml", "cli:\n  plugin: sample\n");
    const plugins = [mdns, sampleCli(() => [])] as const;
    expect(await folder.problemsOf(createService(sample, { plugins, configFile }))).toEqual([
      "cli.yaml:2:3: 'cli' reads the configuration, so a file cannot configure it (set it in code: createService(…, { cli: … }))",
    ]);
    const service = await createService(sample, { plugins, configFile: false });
    expect(JSON.parse(await service.dumpConfig("json"))).not.toHaveProperty("cli");
  });
});

describe("searching", () => {
  test("takes the first of the places, and a broken link or a folder is none", async () => {
    const place = await makeFolder();
    try {
      expect(await findConfigFile(place.path)).toBeUndefined();
      expect(await readConfigFile({ path: undefined, namedBy: "test", cwd: place.path })).toMatchObject({
        content: {},
        problems: [],
      });
      await place.file("micro.config.mjs", "export default {}");
      expect(await findConfigFile(place.path)).toBe(`${place.path}/micro.config.mjs`);
      await place.file("micro.yml", "broker: {}");
      const found = await readConfigFile({ path: undefined, namedBy: "test", cwd: place.path });
      expect(found).toMatchObject({ path: "micro.yml", content: { broker: {} }, problems: [] });
      expect(await findConfigFile(`${place.path}/nowhere`)).toBeUndefined();
    } finally {
      await place.remove();
    }
  });
});
