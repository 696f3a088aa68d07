import { createService, defineService, handle, type Service } from "@micro/core";
import { type TemporaryFolder, temporaryFolder } from "@micro/programs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { probe } from "../src/contract.ts";
import { probeService } from "../src/probe-service.ts";
import { type StackSettings, serverStack, settingsFor } from "../src/stack.ts";

const services: Service<typeof serverStack>[] = [];
const folders: TemporaryFolder[] = [];

beforeEach(async () => {
  folders.push(await temporaryFolder(), await temporaryFolder());
});

afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.stop({ graceMs: 2000 })));
  await Promise.all(folders.splice(0).map((folder) => folder.remove()));
});

async function serve(
  name: string,
  { folder, settings = {} }: { readonly folder: number; readonly settings?: StackSettings },
): Promise<Service<typeof serverStack>> {
  const service = await createService(probeService({ name, node: name }), {
    plugins: serverStack,
    configFile: false,
    ...settingsFor(folders[folder]?.path ?? "", settings),
  });
  services.push(service);
  await service.start();
  return service;
}

test("two services of one process with different registries do not see each other", async () => {
  const one = await serve("one", { folder: 0 });
  const two = await serve("two", { folder: 1 });
  expect(await one.registry.list()).toEqual(["one"]);
  expect(await two.registry.list()).toEqual(["two"]);
  for (const [from, to] of [
    [one, "two"],
    [two, "one"],
  ] as const) {
    const call = from.client.of(probe, { service: to }).echo({});
    await expect(call).rejects.toMatchObject({ code: "NOT_FOUND" });
  }
  expect(await one.client.of(probe, { service: "one" }).echo({})).toEqual({ node: "one" });
});

test("two services of one process with one name keep their own nodes, and stopping one leaves the other", async () => {
  const first = await serve("same", { folder: 0 });
  const second = await serve("same", { folder: 1 });
  expect(first.server.nodeId).not.toBe(second.server.nodeId);
  expect(first.server.address).not.toBe(second.server.address);
  await first.stop();
  const local: boolean[] = [];
  const options = { onAttempt: ({ local: inside }: { local: boolean }) => local.push(inside) };
  await second.client.of(probe, { service: "same" }).echo({}, options);
  expect(local).toEqual([true]);
  expect(second.server.health.state).toBe("serving");
});

test("options of one service are not those of the other", async () => {
  const strict = await serve("strict", {
    folder: 0,
    settings: {
      server: { maxConcurrent: 1 },
      client: { poolRequestTimeout: 200 },
      logger: { level: "fatal" },
    },
  });
  const easy = await serve("easy", { folder: 0 });
  expect(strict.logger.isEnabled("error")).toBe(false);
  expect(easy.logger.isEnabled("error")).toBe(true);

  const busy = easy.client.of(probe, { service: "strict" });
  const [ran, refused] = await Promise.allSettled([
    busy.once({ id: "1", workMs: 100 }, { retries: 0 }),
    busy.once({ id: "2", workMs: 100 }, { retries: 0 }),
  ]);
  expect(ran.status).toBe("fulfilled");
  expect(refused).toMatchObject({ reason: { code: "RESOURCE_EXHAUSTED" } });

  const patient = strict.client.of(probe, { service: "easy" });
  await expect(patient.once({ id: "3", workMs: 500 })).rejects.toMatchObject({ code: "TIMEOUT" });
  expect(await busy.once({ id: "4", workMs: 500 })).toEqual({ node: "strict" });
});

test("two services of one process that share a registry call each other over the wire", async () => {
  const one = await serve("one", { folder: 0 });
  const two = await serve("two", { folder: 0 });
  const attempts: { readonly local: boolean; readonly address: string }[] = [];
  const options = { onAttempt: (attempt: (typeof attempts)[number]) => attempts.push(attempt) };
  expect(await one.client.of(probe, { service: "two" }).echo({}, options)).toEqual({ node: "two" });
  expect(await two.client.of(probe, { service: "one" }).echo({}, options)).toEqual({ node: "one" });
  expect(attempts).toMatchObject([
    { local: false, address: two.server.address },
    { local: false, address: one.server.address },
  ]);
});

test("a message that one service keeps is not the other's object, in one process, too", async () => {
  const kept: { list: number[] }[] = [];
  const keeper = await createService(
    defineService({
      name: "keeper",
      handlers: [
        handle<{ list: number[] }, { list: number[] }>("Keeper.Keep", (message) => {
          kept.push(message);
          return message;
        }),
      ],
    }),
    { plugins: serverStack, configFile: false, ...settingsFor(folders[0]?.path ?? "") },
  );
  services.push(keeper as Service<typeof serverStack>);
  await keeper.start();
  const message = { list: [1] };
  const call = { service: "keeper", endpoint: "Keeper.Keep", message };
  const reply = await keeper.client.call<{ list: number[] }>(call);
  message.list.push(2);
  reply.list.push(3);
  expect(kept).toEqual([{ list: [1] }]);
});
