import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  createService,
  defineService,
  handle,
  MicroError,
  type ServiceDefinition,
  subscribe,
} from "@micro/core";
import { eventually } from "@micro/core/conformance";
import { runProgram } from "@micro/programs";
import { startNatsServer } from "@micro/servers";
import { sharedNatsServer } from "@micro/servers/vitest";
import { expect, test } from "vitest";
import { nats } from "./index.ts";

const server = await sharedNatsServer();

async function start(definition: ServiceDefinition<readonly []>, address = server().address) {
  const servers = { addresses: [address], reconnectPause: "50ms" };
  const service = await createService(definition, {
    plugins: nats,
    configFile: false,
    cli: { argv: [], env: {} },
    logger: { level: "error" },
    registry: servers,
    broker: servers,
    transport: servers,
  });
  await service.start();
  return service;
}

test("two services find, call and hear each other, and NATS alone is between them", async () => {
  const heard: string[] = [];
  await using greeter = await start(
    defineService({
      name: "greeter",
      handlers: [
        handle("Greeter.Hello", ({ name }: { name: string }) => {
          if (name === "") throw new MicroError({ id: "greeter", code: "BAD_REQUEST", detail: "no name" });
          return { text: `Hello ${name}` };
        }),
      ],
      subscribers: [subscribe("greeted", async ({ name }: { name: string }) => void heard.push(name))],
    }),
  );
  await using caller = await start(defineService({ name: "caller" }));
  const hello = (name: string) =>
    caller.client.call({ service: "greeter", endpoint: "Greeter.Hello", message: { name } });
  await eventually(async () => expect(await hello("Ada")).toEqual({ text: "Hello Ada" }));
  await expect(hello("")).rejects.toMatchObject({ code: "BAD_REQUEST", detail: "no name", id: "greeter" });
  await caller.client.publish("greeted", { name: "Ada" });
  await eventually(() => expect(heard).toEqual(["Ada"]));
  const [record] = await caller.registry.get("greeter");
  // A subject, which has no port (spec 2.4).
  expect(record?.nodes[0]?.address).toMatch(/^_INBOX\.\w+$/);
  expect(record?.nodes[0]?.metadata).toMatchObject({
    server: "mucp",
    protocol: "mucp",
    transport: "nats",
    broker: "nats",
    registry: "nats",
    "micro-nats": "1",
  });
  expect(greeter.server.health.state).toBe("serving");
});

test("a service uses one connection, and starts before its server", async () => {
  await using own = await startNatsServer({ config: "max_connections: 2" });
  await own.stop();
  const definition = defineService({
    name: "early",
    handlers: [handle("Early.Bird", () => ({ caught: "worm" }))],
  });
  await using early = await start(definition, own.address);
  await own.restart();
  await using caller = await start(defineService({ name: "caller" }), own.address);
  const request = { service: "early", endpoint: "Early.Bird", message: {} };
  await eventually(async () => expect(await caller.client.call(request)).toEqual({ caught: "worm" }), {
    timeoutMs: 10_000,
  });
  expect(early.server.health.state).toBe("serving");
});

test("the example of the README runs", async () => {
  const readme = await readFile(join(import.meta.dirname, "../README.md"), "utf8");
  const example = /```ts\n(.*?)```/s.exec(readme)?.[1]?.replaceAll("127.0.0.1:4222", server().address) ?? "";
  const file = join(import.meta.dirname, `readme-${process.pid}.ts`);
  await writeFile(file, example);
  try {
    const { status, stdout, stderr } = await runProgram(file);
    expect(status, stderr.join("\n")).toBe(0);
    expect(stdout).toContain("{ text: 'Hello Ada' }");
  } finally {
    await rm(file);
  }
});
