import fc from "fast-check";
import { stringify } from "smol-toml";
import { describe, expect, test } from "vitest";
import { modulePlaces } from "./module-places.ts";
import { tomlPlaces } from "./toml-places.ts";

/** `line:column` of a key. */
const at = (places: ReturnType<typeof modulePlaces>, key: string): string | undefined => {
  const place = places(key.split("/"));
  return place === undefined ? undefined : `${place.line}:${place.column}`;
};

describe("keys of a module", () => {
  const places = modulePlaces(`import { readFileSync } from "node:fs";
// export default { client: {} }
const pattern = /[{"]/.test("{");
const broker: { readonly plugin: string } = {
  plugin: pattern ? { a: "nats" }.a : "http",
  tls: { caFile: \`\${"{"}\`, 'key': readFileSync("x", { encoding: "utf8" }) },
};
let base = { client: { poolTtl: "1m", }, registry: { plugin: "mdns" } };
export default defineConfig({
  ...base,
  broker,
  "server": { address: ":0" } as const, logger: { fields: { a: 1 } }, registry: registryOf({ a: 1 }),
} satisfies object);
`);
  test.each([
    ["broker", "11:3"],
    ["broker/plugin", "5:3"],
    ["broker/tls/caFile", "6:10"],
    ["broker/tls/key", "6:28"],
    ["client/poolTtl", "8:24"],
    ["server/address", "12:15"],
    ["logger/fields/a", "12:61"],
    ["registry", "12:71"],
    // What a function gives stands nowhere.
    ["registry/a", undefined],
    ["nowhere", undefined],
  ])("%s stands at %s", (key, place) => {
    expect(at(places, key)).toBe(place);
  });

  test.each([
    ["const c = { a: { b: 1 } };\nexport default c;", "1:18"],
    ["module.exports = {\n a: { b: 1 } };", "2:7"],
    ["export default Promise.resolve({ a: { 'b': 1 } });", "1:39"],
    ["export default () => 1;", undefined],
    ["const a = { b: 1 }; export default { a };", "1:13"],
    ["const x = { ...x, a: { b: 2 } }; export default { ...x };", "1:24"],
    ["const x = { ...y }; const y = { ...x }; export default x;", undefined],
  ])("are found in %j", (text, place) => {
    expect(at(modulePlaces(text), "a/b")).toBe(place);
  });

  test("of any text are found or not, and soon", () => {
    const piece = fc.constantFrom(
      ..."{}[]():,;/*'\"`$=.\n".split(""),
      "export default ",
      "const a",
      "...",
      "=>",
      "//",
      "a",
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join("")),
    );
    fc.assert(
      fc.property(text, (value) => void modulePlaces(value)(["a", "b"])),
      { numRuns: 2000 },
    );
  });
});

describe("keys of a TOML text", () => {
  const places = tomlPlaces(`title = """a
[x] = 3
""" # b = 1
[broker] # c
pool_size = 7
addresses = [ "a", # ]
 "b" ]
tls = { ca_file = "x", "key.x" = 'y' }
registry.ttl = 5
[server."meta data"]
  zone = "attic"
[[z]]
a = 1
`);
  test.each([
    ["broker", "4:2"],
    ["broker/pool_size", "5:1"],
    ["broker/tls/ca_file", "8:9"],
    ["broker/tls/key.x", "8:24"],
    ["broker/registry/ttl", "9:10"],
    ["server/meta data/zone", "11:3"],
    ["z/a", "13:1"],
    ["x", undefined],
  ])("%s stands at %s", (key, place) => {
    expect(at(places, key)).toBe(place);
  });

  test("are all found in what the library writes, and any text ends", () => {
    const key = fc.oneof(fc.stringMatching(/^[a-z]{1,5}$/), fc.constantFrom("a.b", "x y", "ü", ""));
    const value = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.string(), { maxLength: 3 }));
    const table = fc.dictionary(key, fc.oneof(value, fc.dictionary(key, value, { maxKeys: 3 })), {
      maxKeys: 4,
    });
    fc.assert(
      fc.property(table, (content) => {
        const known = tomlPlaces(stringify(content));
        for (const [name, inner] of Object.entries(content)) {
          const isTable = typeof inner === "object" && !Array.isArray(inner);
          // Keys that need an escape are spelled otherwise in the text.
          if (!isTable) expect(known([name]), name).toBeDefined();
          else
            for (const below of Object.keys(inner))
              expect(known([name, below]), `${name}.${below}`).toBeDefined();
        }
      }),
    );
    const piece = fc.constantFrom(..."[]{}='\"#,.\n a".split(""), '"""', "'''", "a = ");
    const text = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(text, (broken) => void tomlPlaces(broken)(["a"])),
      { numRuns: 2000 },
    );
  });
});
