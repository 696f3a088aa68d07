import { describe, expect, test } from "vitest";
import {
  type ConfigSource,
  createService,
  defineComponent,
  definePlugin,
  defineService,
  ExitRequest,
  type Lifecycle,
  option,
  readConfig,
  type Setting,
  StartError,
} from "./index.ts";

const shop = defineService({ name: "shop" });
const part = defineComponent<object>()({
  name: "part",
  description: "Something that cannot be made here",
  config: {
    file: option.string({ description: "A file" }),
    port: option.integer({ description: "A port", default: 1 }),
  },
});
const elsewhere = definePlugin(part, {
  name: "elsewhere",
  create: () => {
    throw new Error("it must not be created");
  },
});

const cli = defineComponent<ConfigSource>()({
  name: "cli",
  description: "Flags",
  config: {},
  phase: "config",
});
/** Flags that say this, and how they are given back. */
const flags = (read: () => readonly Setting[], life: Pick<Lifecycle, "stop"> = {}) =>
  definePlugin(cli, {
    name: "flags",
    create: () => ({ readConfig: async () => ({ settings: read(), problems: [] }), ...life }),
  });

describe("readConfig", () => {
  test("says what is in effect and from where, without creating a plugin", async () => {
    const journal: string[] = [];
    const source = flags(
      () => [{ path: ["part", "port"], value: 2, origin: { kind: "flag", where: "--part_port" } }],
      {
        stop: () => void journal.push("stopped"),
      },
    );
    const options = { plugins: [elsewhere, source], part: { file: "nope.pem" }, configFile: false } as const;
    await expect(createService(shop, options)).rejects.toThrow("it must not be created");
    expect(journal.splice(0)).toEqual(["stopped"]);
    const config = await readConfig(shop, options);
    expect(JSON.parse(await config.dumpConfig("json"))).toEqual({
      part: { enabled: true, plugin: "elsewhere", file: "nope.pem", port: 2 },
    });
    expect(await config.dumpConfig()).toContain("  file: nope.pem\n");
    expect(config.explain().filter(({ from }) => from !== "default")).toEqual([
      { key: "part.file", value: "nope.pem", from: "createService", overridden: [] },
      { key: "part.port", value: 2, from: "--part_port", overridden: [] },
    ]);
    expect(journal).toEqual(["stopped"]);
  });

  test("rejects as createService does: with all that is wrong, and when a source asks to end", async () => {
    const wrong = { plugins: [elsewhere], part: { file: 1, prot: 2 }, configFile: false } as never;
    const [read, created] = (await Promise.all(
      [readConfig(shop, wrong), createService(shop, wrong)].map((each) =>
        each.catch((error: unknown) => error),
      ),
    )) as [StartError, StartError];
    expect(StartError.is(read)).toBe(true);
    expect(read.problems).toHaveLength(2);
    expect(read.text).toBe(created.text);
    await expect(readConfig({ name: "" } as never, { plugins: [] })).rejects.toThrow(/cannot start/);
    const help = definePlugin(cli, {
      name: "help",
      create: () => ({
        readConfig: async () => ({ settings: [], problems: [], exit: { text: "Usage", code: 0 } }),
      }),
    });
    const asked = await readConfig(shop, { plugins: [help], configFile: false }).catch(
      (error: unknown) => error,
    );
    expect(ExitRequest.is(asked)).toBe(true);
  });

  test("tells of a source that cannot be given back", async () => {
    const stuck = flags(() => [], { stop: () => Promise.reject(new Error("stuck")) });
    await expect(readConfig(shop, { plugins: [stuck], configFile: false })).rejects.toThrow(
      "the configuration is read, and then: stopping 'cli': stuck",
    );
  });
});
