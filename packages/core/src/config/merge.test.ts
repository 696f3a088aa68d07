import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defineComponent } from "../component.ts";
import { defineService } from "../definition.ts";
import { option } from "../option.ts";
import { definePlugin } from "../plugin.ts";
import { createService } from "../service.ts";
import { type Folder, makeFolder } from "../testing/folder.ts";
import { sampleCli } from "../testing/sample.ts";
import type { Explanation } from "./show.ts";

let folder: Folder;
beforeAll(async () => {
  folder = await makeFolder();
});
afterAll(() => folder.remove());

interface Store {
  readonly config: Readonly<Record<string, unknown>>;
}

const store = defineComponent<Store>()({
  name: "store",
  description: "Keeps things",
  config: {
    table: option.string({ description: "Table", default: "micro" }),
    replicas: option.integer({ description: "Copies", default: 1 }),
    nodes: option.list({ description: "Nodes", default: [] }),
    labels: option.map({ description: "Labels", default: {} }),
    tls: option.object(
      {
        caFile: option.string({ description: "CA" }),
        strict: option.boolean({ description: "Strict", default: true }),
        client: option.object(
          {
            certFile: option.string({ description: "Certificate" }),
            password: option.string({ description: "Password", secret: true }),
          },
          { description: "Client" },
        ),
      },
      { description: "TLS" },
    ),
  },
});
const sqlStore = definePlugin(store, { name: "sql", create: ({ config }): Store => ({ config }) });

const SOURCES = ["code", "file", "env", "flag"] as const;
type Source = (typeof SOURCES)[number];
type Values = Readonly<Record<string, unknown>>;

/** Flags and variables cannot set parts of an object: that is for code and file. */
const word = fc.stringMatching(/^[a-z]{1,6}$/);
const plain = {
  table: word,
  replicas: fc.nat(9),
  nodes: fc.array(word, { maxLength: 3 }),
  labels: fc.dictionary(fc.constantFrom("zone", "Team", "a.b", "snake_case", "camelCase"), word, {
    maxKeys: 3,
    noNullPrototype: true,
  }),
};
const partial = <T>(arbitraries: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(arbitraries, { requiredKeys: [] });
const tls = partial({
  caFile: word,
  strict: fc.boolean(),
  client: partial({ certFile: word, password: word }),
});
const sources = partial<Record<Source, Values>>({
  code: partial({ ...plain, tls }),
  file: partial({ ...plain, tls }),
  env: partial(plain),
  flag: partial(plain),
});

/** Keys as a file has them; names of a map are the user's own. */
const SNAKE: Readonly<Record<string, string>> = { caFile: "ca_file", certFile: "cert_file" };
function inFile(values: unknown, key = ""): unknown {
  if (typeof values !== "object" || values === null || Array.isArray(values) || key === "labels")
    return values;
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [SNAKE[name] ?? name, inFile(value, name)]),
  );
}

type Given = Readonly<Partial<Record<Source, Values>>>;

async function compose(given: Given, text?: string) {
  const outside = (["env", "flag"] as const).flatMap((kind) =>
    Object.entries(given[kind] ?? {}).map(([key, value]) => ({
      path: ["store", key],
      value,
      origin: { kind, where: kind === "env" ? `STORE_${key}` : `--store_${key}` },
    })),
  );
  return createService(defineService({ name: "sample" }), {
    plugins: [sqlStore, sampleCli(() => outside)],
    configFile: await folder.file("micro.json", text ?? JSON.stringify({ store: inFile(given.file ?? {}) })),
    store: (given.code ?? {}) as never,
  });
}

/** Every leaf of every source by its key, strongest source last: what a merge must come to. */
function leaves(values: unknown, key: string, option = ""): ReadonlyMap<string, unknown> {
  if (typeof values !== "object" || values === null || Array.isArray(values)) return new Map([[key, values]]);
  return new Map(
    Object.entries(values).flatMap(([name, value]) => [
      ...leaves(value, `${key}.${option === "labels" ? name : (SNAKE[name] ?? name)}`, name),
    ]),
  );
}

const sourceOf = ({ from }: { readonly from: string }): Source | "default" =>
  from === "default"
    ? "default"
    : from === "createService"
      ? "code"
      : from.includes("micro.json")
        ? "file"
        : from.startsWith("--")
          ? "flag"
          : "env";

const MASK = "********";
const shown = (key: string, value: unknown) => (key.endsWith("password") ? MASK : value);

describe("of any subset of sources", () => {
  test("each value, list, part of an object and entry of a map is the strongest's, and explain names who said it", async () => {
    await fc.assert(
      fc.asyncProperty(sources, async (given) => {
        const service = await compose(given);
        const said = new Map<string, { source: Source; value: unknown }[]>();
        for (const source of SOURCES)
          for (const [key, value] of leaves(given[source] ?? {}, "store"))
            said.set(key, [{ source, value }, ...(said.get(key) ?? [])]);
        const explained = new Map(service.explain().map((line): [string, Explanation] => [line.key, line]));
        for (const [key, [strongest, ...weaker]] of said) {
          expect(explained.get(key), key).toMatchObject({ value: shown(key, strongest?.value) });
          expect(sourceOf(explained.get(key) as Explanation)).toBe(strongest?.source);
          expect(explained.get(key)?.overridden.map((line) => [sourceOf(line), line.value])).toEqual(
            weaker.map(({ source, value }) => [source, shown(key, value)]),
          );
        }
        // Nothing else was said by anybody.
        for (const [key, line] of explained) {
          const isEmpty = JSON.stringify(line.value) === "{}";
          if (key.startsWith("store.") && !said.has(key) && !isEmpty) expect(sourceOf(line)).toBe("default");
        }
        const config = leaves(service.store.config, "store");
        for (const [key, [strongest]] of said) expect(config.get(key), key).toEqual(strongest?.value);
      }),
      { numRuns: 150 },
    );
  });

  test("its dump, read as a file, is the same configuration again, once the secrets that it names are given", async () => {
    await fc.assert(
      fc.asyncProperty(sources, async (given) => {
        const service = await compose(given);
        const dumped = await service.dumpConfig("json");
        const { tls: ofCode } = (given.code ?? {}) as { tls?: { client?: { password?: string } } };
        const again = compose(
          ofCode?.client?.password === undefined ? {} : { code: { tls: ofCode } },
          dumped,
        );
        if (dumped.includes(MASK) && ofCode?.client?.password === undefined) {
          expect(await folder.problemsOf(again)).toEqual([
            expect.stringMatching(
              /^micro\.json:\d+:\d+: 'store\.tls\.client\.password' is masked: a dump does not hold secrets/,
            ),
          ]);
          return;
        }
        const loaded = await again;
        expect(await loaded.dumpConfig("json")).toBe(dumped);
        // A secret that code sets may be another than the one that is masked, and nothing else may differ.
        const visible = (config: Values) =>
          JSON.stringify({ ...config, plugin: "sql" }).replace(/"password":"[a-z]*"/, "");
        expect(visible(loaded.store.config)).toBe(visible(service.store.config));
      }),
      { numRuns: 100 },
    );
  });
});

describe("parts", () => {
  test("of an object: a mistake is reported where it stands, in whichever source", async () => {
    const given = {
      code: { tls: { caFil: "x" } },
      file: { tls: { strict: "yes", client: { certFile: 5 } } },
    };
    expect(await folder.problemsOf(compose(given as never))).toEqual([
      "createService: unknown key 'store.tls.ca_fil' (did you mean 'store.tls.ca_file'?)",
      "micro.json:1:18: 'store.tls.strict' must be true or false, not \"yes\"",
      "micro.json:1:43: 'store.tls.client.cert_file' must be a text, not 5",
    ]);
  });

  test("an empty object or map is something said, and takes nothing away", async () => {
    const service = await compose({ code: { labels: { a: "1" } }, file: { labels: {}, tls: {} } });
    expect(service.store.config).toMatchObject({ labels: { a: "1" }, tls: { strict: true } });
    const emptied = await compose({ file: { labels: {} } });
    expect(emptied.explain().find(({ key }) => key === "store.labels")).toMatchObject({
      value: {},
      from: expect.stringMatching(/micro\.json:1:11$/) as string,
    });
  });

  test("a masked password inside an address is named, and not taken for one", async () => {
    const text = '{"store": {"nodes": ["sql://me:********@host"]}}';
    expect(await folder.problemsOf(compose({}, text))).toEqual([
      "micro.json:1:12: 'store.nodes' is masked: a dump does not hold secrets (write the secret here, or set it by its variable or flag)",
    ]);
    const service = await compose({ env: { nodes: ["sql://me:pw@host"] } }, text);
    expect(service.store.config.nodes).toEqual(["sql://me:pw@host"]);
  });
});
