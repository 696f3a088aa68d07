// biome-ignore-all lint/suspicious/noTemplateCurlyInString: such texts are what is tested
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defineService } from "../definition.ts";
import { createService } from "../service.ts";
import { type Folder, makeFolder } from "../testing/folder.ts";
import { consoleLogger, samplePlugins } from "../testing/sample.ts";
import { escapeVariables, replaceVariables, soundsSecret } from "./variables.ts";

let folder: Folder;
beforeAll(async () => {
  folder = await makeFolder();
});
afterAll(() => folder.remove());

type Env = Readonly<Record<string, string | undefined>>;

async function start(content: string, interpolateEnv: Env | boolean | undefined, kind = "yaml") {
  const { mdns, nats } = samplePlugins();
  return createService(defineService({ name: "sample" }), {
    plugins: [mdns, nats, consoleLogger],
    configFile: await folder.file(`micro.${kind}`, content),
    ...(interpolateEnv === undefined ? {} : { interpolateEnv }),
  });
}
const explained = (service: Awaited<ReturnType<typeof start>>, key: string) =>
  service.explain().find((line) => line.key === key);

describe("texts of a file", () => {
  test("are taken as they stand unless asked for", async () => {
    for (const option of [undefined, false] as const) {
      const service = await start("broker: {addresses: [$HOST]}", option);
      expect(service.broker.options.addresses).toEqual(["$HOST"]);
    }
  });

  test.each([
    ["yaml", "broker:\n  addresses: ['nats://${HOST}:$PORT', $$HOST, 5$, '${NONE:-none}', '${EMPTY:-}']\n"],
    [
      "json",
      '{"broker": {"addresses": ["nats://${HOST}:$PORT", "$$HOST", "5$", "${NONE:-none}", "${EMPTY:-}"]}}',
    ],
    [
      "toml",
      "[broker]\naddresses = ['nats://${HOST}:$PORT', '$$HOST', '5$', '${NONE:-none}', '${EMPTY:-}']\n",
    ],
  ])("of %s hold variables, defaults and single dollars", async (kind, content) => {
    const service = await start(content, { HOST: "h", PORT: "4222", EMPTY: "" }, kind);
    expect(service.broker.options.addresses).toEqual(["nats://h:4222", "$HOST", "5$", "none", ""]);
    expect(explained(service, "broker.addresses")?.from).toMatch(
      new RegExp(`micro\\.${kind}:\\d+:\\d+ \\$HOST \\$PORT \\$NONE \\$EMPTY$`),
    );
  });

  test("mean what a variable of the option would mean: numbers, switches, lists", async () => {
    const content =
      "broker: {pool_size: $POOL, jetstream: $STREAM, addresses: $HOSTS}\nregistry: {ttl: '${TTL}'}";
    const service = await start(content, { POOL: "8", STREAM: "yes", HOSTS: "a,b", TTL: "2m" });
    expect(service.broker.options).toMatchObject({ poolSize: 8, jetstream: true, addresses: ["a", "b"] });
    expect(JSON.parse(await service.dumpConfig("json"))).toMatchObject({
      broker: { pool_size: 8, jetstream: true, addresses: ["a", "b"] },
      registry: { ttl: "2m" },
    });
    const off = await start("broker: {enabled: $ON}\n", { ON: "false" });
    expect(() => off.broker).toThrow(/switched off by .*micro\.yaml:1:10 \$ON$/);
  });

  test("can be of the process's environment", async () => {
    const service = await start("broker: {addresses: [$PATH]}", true);
    expect(service.broker.options.addresses).toEqual([process.env.PATH]);
  });

  test("that name what is not set, or nothing, are problems with file, place and variable", async () => {
    const content =
      "broker:\n  addresses:\n    - ok\n    - $NOPE\n  tls: {ca_file: '${oops'}\n  pool_size: $POOL\n";
    expect(await folder.problemsOf(start(content, { POOL: "hunter2" }))).toEqual([
      "micro.yaml:2:3: variable 'NOPE' of 'broker.addresses.1' is not set (set it, or say what stands for it: ${NOPE:-text})",
      "micro.yaml:5:9: 'broker.tls.ca_file' holds a '${' that begins no variable (write ${NAME} or ${NAME:-text}; $$ stands for one $)",
      "micro.yaml:6:3 $POOL: 'broker.pool_size' must be a whole number, not what $POOL gives",
    ]);
  });

  test("never show a secret: of a secret option, or of a variable that sounds like one", async () => {
    const content =
      "broker:\n  token: $ANY\n  addresses: ['nats://me:${ANY}@host', plain]\n  tls: {ca_file: $CA_TOKEN, key_password: '${NONE:-hunter3}'}\n";
    const service = await start(content, { ANY: "hunter1", CA_TOKEN: "hunter2" });
    expect(service.broker.options).toMatchObject({
      token: "hunter1",
      tls: { caFile: "hunter2", keyPassword: "hunter3" },
    });
    const texts = [await service.dumpConfig(), JSON.stringify(service.explain())];
    for (const text of texts) {
      expect(text).not.toContain("hunter");
      expect(text).toContain("********");
      expect(text).toContain("nats://me:********@host");
    }
    expect(explained(service, "broker.tls.ca_file")).toMatchObject({
      value: "********",
      from: expect.stringMatching(/micro\.yaml:4:9 \$CA_TOKEN$/) as string,
    });
  });
});

test("names of secrets are known", () => {
  for (const name of [
    "PASSWORD",
    "DB_PASS",
    "API_KEY",
    "token",
    "NATS_NKEY_SEED",
    "AWS_SECRET_ACCESS_KEY",
    "TOKENS",
    "apiToken",
    "x-api-key",
  ])
    expect(soundsSecret(name), name).toBe(true);
  for (const name of ["PWD", "HOST", "KEYBOARD", "PASSENGERS", "COMPASS", "MONKEY"])
    expect(soundsSecret(name), name).toBe(false);
});

test("any text comes back as it was when its dollars are doubled", () => {
  const text = fc
    .array(fc.constantFrom("$", "{", "}", ":-", "A", "_", " ", "$$", "${A}"))
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.oneof(text, fc.string()), (value) => {
      const read = replaceVariables({ a: [escapeVariables(value)] }, { env: { A: "x" }, where: () => "" });
      expect(read.content).toEqual({ a: [value] });
      expect(read.problems).toEqual([]);
    }),
  );
});
