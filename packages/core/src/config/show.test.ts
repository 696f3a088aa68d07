import { describe, expect, test } from "vitest";
import { defineComponent } from "../component.ts";
import { defineService } from "../definition.ts";
import { option } from "../option.ts";
import { definePlugin } from "../plugin.ts";
import { createService } from "../service.ts";
import { consoleLogger, samplePlugins } from "../testing/sample.ts";
import { hideCredentials } from "./show-value.ts";

const sample = defineService({ name: "sample" });
const password = option.string({ description: "Password", secret: true });

describe("a dump and an explanation", () => {
  test("mask secrets wherever they stand: in options of options, in lists, in addresses", async () => {
    const mailer = defineComponent<object>()({
      name: "mailer",
      description: "Sends mail",
      config: {
        keys: option.list({ description: "Keys", secret: true }),
        servers: option.list({ description: "Servers" }),
        proxies: option.map({ description: "Proxies by zone" }),
        tls: option.object(
          {
            caFile: option.string({ description: "CA" }),
            client: option.object(
              { certFile: option.string({ description: "" }), password },
              { description: "" },
            ),
            onError: option.value((value): value is () => void => typeof value === "function", {
              description: "Called",
              expects: "a function",
            }),
          },
          { description: "TLS" },
        ),
      },
    });
    const plugin = definePlugin(mailer, { name: "smtp", create: () => ({}) });
    const service = await createService(sample, {
      plugins: [plugin],
      configFile: false,
      mailer: {
        keys: ["hunter1"],
        servers: ["smtp://me:hunter2@one", "nats://hunter6@host:4222", "https://host/@me"],
        proxies: { a: "http://:hunter3@proxy:80", apiToken: "hunter5", b: "http://me:hun/ter6@x@host" },
        tls: { caFile: "ca", client: { certFile: "cert", password: "hunter4" }, onError: () => undefined },
      },
    });
    const dumped = await service.dumpConfig("json");
    expect(JSON.parse(dumped)).toEqual({
      mailer: {
        enabled: true,
        plugin: "smtp",
        keys: "********",
        servers: ["smtp://me:********@one", "nats://********@host:4222", "https://host/@me"],
        proxies: { a: "http://:********@proxy:80", apiToken: "********", b: "http://me:********@host" },
        tls: { ca_file: "ca", client: { cert_file: "cert", password: "********" } },
      },
    });
    const explained = JSON.stringify(service.explain());
    for (const text of [dumped, await service.dumpConfig(), explained])
      expect(text).not.toMatch(/hunter|ter6/);
  });

  test("look through a text once, however long it is", () => {
    const began = performance.now();
    const letters = "a".repeat(100_000);
    expect(hideCredentials(`${letters}://user:pass/w@rd@host`)).toBe(`${letters}://user:********@host`);
    expect(hideCredentials(`@ ${"x://y".repeat(20_000)}`)).not.toContain("*");
    expect(performance.now() - began).toBeLessThan(1000);
  });

  test("explain says which plugin was taken when nobody chose", async () => {
    const { mdns, http } = samplePlugins();
    const service = await createService(sample, { plugins: [mdns, http], configFile: false });
    const plugins = service.explain().filter(({ key }) => key.endsWith(".plugin"));
    expect(plugins).toEqual([
      { key: "broker.plugin", value: "http", from: "default", overridden: [] },
      { key: "registry.plugin", value: "mdns", from: "default", overridden: [] },
    ]);
    const keys = service.explain().map(({ key }) => key);
    expect(keys).toEqual([...keys].sort());
  });

  test("a component's own logger is dumped below it", async () => {
    const { mdns, http } = samplePlugins();
    const service = await createService(sample, {
      plugins: [mdns, http, consoleLogger],
      configFile: false,
      logger: { pretty: true },
      broker: { logger: { level: "trace" } },
    });
    expect(JSON.parse(await service.dumpConfig("json"))).toMatchObject({
      logger: { level: "info", pretty: true },
      broker: { logger: { level: "trace", pretty: true, plugin: "default" } },
    });
  });
});
