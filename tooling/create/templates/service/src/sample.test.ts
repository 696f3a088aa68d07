import { deepEqual, equal, rejects } from "node:assert/strict";
import { after, before, test } from "node:test";
import { createService } from "@micro/core";
import { memoryRegistry } from "@micro/registry-memory";
import { memoryTransport } from "@micro/transport-memory";
import { plugins } from "./composition.ts";
import { sampleContract } from "./contract.ts";
import { sampleService } from "./sample.ts";

/** The service as it is, without a network. */
const start = async () => {
  const service = await createService(sampleService, {
    plugins: [...plugins, memoryRegistry, memoryTransport],
    cli: { argv: [], env: {} },
    configFile: false,
    registry: { plugin: "memory" },
    transport: { plugin: "memory" },
    server: { address: "127.0.0.1:0" },
  });
  await service.start();
  return service;
};

let service: Awaited<ReturnType<typeof start>>;

before(async () => {
  service = await start();
});
after(() => service.stop());

test("greets", async () => {
  deepEqual(await service.client.of(sampleContract).hello({ name: "Ada" }), { text: "Hello Ada" });
});

test("an empty name is the caller's fault", async () => {
  await rejects(service.client.of(sampleContract).hello({ name: "" }), { code: "BAD_REQUEST" });
});

test("counts", async () => {
  let sum = 0;
  for await (const { n } of service.client.of(sampleContract).count({ to: 4 })) sum += n;
  equal(sum, 10);
});
