import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createService, StartError } from "@micro/core";
import { type TemporaryFolder, temporaryFolder } from "@micro/programs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { player } from "../src/player.ts";
import { plugins } from "../src/plugins.ts";
import { type File, pathOf, watchGame } from "./game.ts";

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

/** A player with the file, in which one component is off. */
async function playerWithout(file: File, component: string) {
  const text = await readFile(pathOf(file), "utf8");
  const sections = text.split(/^(?=\w)/m).map((section) => {
    if (!section.startsWith(`${component}:\n`)) return section;
    const rest = section
      .split("\n")
      .slice(1)
      .filter((line) => line !== "  enabled: true");
    return [`${component}:`, "  enabled: false", ...rest].join("\n");
  });
  const configFile = join(folder.path, file);
  await writeFile(configFile, sections.join(""));
  const env = { REGISTRY_DOMAIN: "switches", SERVER_ADDRESS: "127.0.0.1:0" };
  return await createService(player("ping"), {
    plugins,
    configFile,
    cli: { argv: [], env: file === "defaults.yaml" ? env : {} },
  });
}

/** What the start of it says; nothing when it is wired. */
async function problemsWithout(file: File, component: string): Promise<readonly string[]> {
  try {
    const service = await playerWithout(file, component);
    await service.stop();
    return [];
  } catch (error) {
    if (!StartError.is(error)) throw error;
    return error.problems.map(
      ({ where, message }) => `${where.slice(where.lastIndexOf("/") + 1)}: ${message}`,
    );
  }
}

describe("enabled: false switches a component off, and what needs it says so at start", () => {
  test.each([
    [
      "defaults.yaml",
      "registry",
      ["plugin 'selector-random'", "plugin 'broker-http'", "plugin 'server-rpc'"],
    ],
    ["defaults.yaml", "transport", ["plugin 'client-rpc'", "plugin 'server-rpc'"]],
    ["defaults.yaml", "client", ["service 'ping'"]],
    ["nats.yaml", "registry", ["plugin 'selector-random'", "plugin 'server-grpc'"]],
    ["nats.yaml", "client", ["service 'ping'"]],
    // gRPC brings its own.
    ["nats.yaml", "transport", []],
    // Without a logger lines are written nowhere.
    ["nats.yaml", "logger", []],
  ] as const)("%s without its %s", async (file, component, users) => {
    const text = await problemsWithout(file, component);
    const line = `${file}:\\d+:3: `;
    expect(text).toHaveLength(users.length);
    for (const [index, user] of users.entries())
      expect(text[index]).toMatch(
        new RegExp(`^${line}${user} needs component '${component}', which is switched off$`),
      );
  });

  test("the broker, where the service subscribes", async () => {
    const service = await playerWithout("defaults.yaml", "broker");
    await expect(service.start()).rejects.toThrow(
      /subscribes to 'configfile\.hits' but has no broker.*broker\.enabled/,
    );
  });

  test("the server, where the service has handlers: it runs, and warns", async () => {
    const service = await playerWithout("defaults.yaml", "server");
    const warned: string[] = [];
    const { logger } = service;
    const warn = logger.warn.bind(logger);
    Object.assign(logger, { warn: (text: string) => warned.push(text) && warn(text) });
    try {
      await service.start();
      expect(warned).toEqual([
        expect.stringMatching(
          /^component 'server' is switched off by .*defaults\.yaml:19:3: nobody can call Player\.Hit, topic configfile\.hits of service 'ping'$/,
        ),
      ]);
    } finally {
      await service.stop();
    }
  });

  test("whoever asks the service for it is told who did it", async () => {
    const service = await playerWithout("nats.yaml", "broker");
    try {
      expect(() => service.broker).toThrow(/component 'broker' is switched off by .*nats\.yaml:3:3/);
    } finally {
      await service.stop();
    }
  });
});

test("explain says that gRPC does not use the quic transport that is configured, and dump does not mind", async () => {
  const { service } = await watchGame("nats.yaml", {});
  try {
    expect(service.explain().find(({ key }) => key === "transport.plugin")).toMatchObject({
      value: "quic",
      notes: [
        "client 'grpc' does not use it: gRPC brings its own, HTTP/2",
        "server 'grpc' does not use it: gRPC brings its own, HTTP/2",
      ],
    });
    expect(service.explain().filter(({ notes }) => notes !== undefined)).toHaveLength(1);
  } finally {
    await service.stop();
  }
  const { service: rpc } = await watchGame("defaults.yaml", {});
  expect(rpc.explain().filter(({ notes }) => notes !== undefined)).toEqual([]);
  await rpc.stop();
});
