import { readdir } from "node:fs/promises";
import { expect, test } from "vitest";
import { createService, defineComponent, definePlugin, defineService, type StartError } from "../index.ts";
import { pluginPackage } from "./plugin-package.ts";

const PLUGINS = new URL("../../../../plugins/", import.meta.url);
/** What plugins are made of, and lists of them. */
const SHARED = ["certificates", "grpc", "nats", "set-defaults", "set-nats", "set-v4compat"];

test("the packages of all plugins are those that advices name", async () => {
  const packages = (await readdir(PLUGINS)).filter((name) => !SHARED.includes(name));
  expect(packages.length).toBeGreaterThan(20);
  for (const name of packages) {
    const [component = "", ...plugin] = name.split("-");
    expect(pluginPackage(component, plugin.join("-"))).toBe(`@micro/${name}`);
  }
});

test("a plugin has a name of Go's, another one, or no package of its own", () => {
  expect(pluginPackage("logger", "zap")).toBe("@micro/logger-winston");
  expect(pluginPackage("logger", "default")).toBe("@micro/logger-console");
  expect(pluginPackage("selector", "random")).toBe("@micro/selector");
  expect(pluginPackage("mailer", "smtp")).toBeUndefined();
});

test("nobody is sent to the registry of packages for a component that is not ours", async () => {
  const mailer = defineComponent()({
    name: "mailer",
    description: "Sends mail",
    config: {},
    defaultPlugin: "smtp",
  });
  const printed = definePlugin(mailer, { name: "printed", create: () => ({}) });
  const hints = async (definition: object, options: object): Promise<readonly unknown[]> => {
    const creation = createService(definition as never, { configFile: false, ...options } as never);
    const error = (await creation.catch((reason: unknown) => reason)) as StartError;
    return error.problems.map(({ hint }) => hint);
  };
  const shop = defineService({ name: "shop" });
  expect(await hints(shop, { plugins: [printed], mailer: { plugin: "carrier-pigeon" } })).toEqual([
    "list a plugin of 'mailer' with that name, or take one that is listed",
  ]);
  expect(await hints(defineService({ name: "shop", needs: [mailer] }), { plugins: [] })).toEqual([
    "list a plugin that definePlugin(mailer, …) made",
  ]);
  expect(await hints(shop, { plugins: [], mailer: { host: "a" } })).toEqual([
    "if 'mailer' is a component, list a plugin that definePlugin(mailer, …) made",
  ]);
  expect(await hints(shop, { plugins: [], selector: { plugin: "random" } })).toEqual([
    "if 'selector' is a component, npm install @micro/selector and list its plugin",
  ]);
});
