import fc from "fast-check";
import { dump } from "js-yaml";
import { stringify } from "smol-toml";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defineService } from "../definition.ts";
import { createService } from "../service.ts";
import { StartError } from "../start-error.ts";
import { type Folder, makeFolder } from "../testing/folder.ts";
import { consoleLogger, samplePlugins } from "../testing/sample.ts";

let folder: Folder;
beforeAll(async () => {
  folder = await makeFolder();
});
afterAll(() => folder.remove());

async function start(kind: string, content: string | Uint8Array): Promise<void> {
  const { mdns, nats } = samplePlugins();
  const configFile = await folder.file(`any.${kind}`, content);
  await createService(defineService({ name: "sample" }), {
    plugins: [mdns, nats, consoleLogger],
    configFile,
  });
}

describe("any file", () => {
  /** Anything but a StartError is a fault of ours. */
  const survives = async (kind: string, content: string | Uint8Array): Promise<void> => {
    try {
      await start(kind, content);
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      for (const { where, message } of error.problems) expect([where, message]).not.toContain("");
    }
    expect(Object.keys(Object.prototype)).toEqual([]);
  };
  const key = fc.oneof(
    fc.constantFrom(
      "broker",
      "registry",
      "logger",
      "plugin",
      "enabled",
      "addresses",
      "pool_size",
      "tls",
      "ca_file",
    ),
    fc.constantFrom("__proto__", "constructor", "toString", "", "$import", "$schema", "<<", "a.b", "\u0000"),
    fc.string({ maxLength: 8 }),
  );
  const leaf = fc.oneof(
    fc.constantFrom("nats", "mdns", true, false, null, -1, 1.5, 5, "5s", "*a", "&b", "!!js/function x", "~"),
    fc.string(),
    fc.double(),
  );
  const tree = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
    ),
  })).value;
  const sections = fc.dictionary(key, tree, { maxKeys: 4, noNullPrototype: true });

  test("of any sections gives a service or a StartError, as YAML, JSON and TOML", async () => {
    await fc.assert(
      fc.asyncProperty(sections, async (content) => {
        await survives("json", JSON.stringify(content));
        await survives("yaml", dump(content));
        let toml: string;
        try {
          toml = stringify(content);
        } catch {
          return; // TOML has no null and no mixed content
        }
        await survives("toml", toml);
      }),
      { numRuns: 60 },
    );
  });

  test("of any text or bytes does, too", async () => {
    const text = fc.oneof(
      fc.string(),
      fc
        .array(fc.constantFrom(..."{}[]:,-&*!|>'\"%@`#?\n\t\r =.abroker0\u0000\uFEFF".split("")), {
          maxLength: 40,
        })
        .map((characters) => characters.join("")),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom("yaml", "json", "toml"), text, (kind, content) =>
        survives(kind, content),
      ),
      { numRuns: 200 },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("yaml", "json", "toml"),
        fc.uint8Array({ maxLength: 40 }),
        (kind, content) => survives(kind, content),
      ),
      { numRuns: 100 },
    );
  });
});
