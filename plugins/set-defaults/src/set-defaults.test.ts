import { createService, defineService, handle } from "@micro/core";
import { expect, test } from "vitest";
import { defaults } from "./index.ts";

test("the list wires without options, and its service is found and answers", async () => {
  const name = `defaults.${process.pid}`;
  const definition = defineService({ name, handlers: [handle("Greeter.Hello", () => ({ text: "hello" }))] });
  const service = await createService(definition, {
    plugins: defaults,
    configFile: false,
    cli: { argv: [], env: {} },
    logger: { level: "error" },
    registry: { domain: `${name}.test`, interfaces: ["127.0.0.1"] },
    server: { address: "127.0.0.1:0" },
    broker: { addresses: ["127.0.0.1:0"] },
  });
  await service.start();
  try {
    const [record] = await service.registry.get(name);
    expect(record?.nodes[0]?.metadata).toMatchObject({
      server: "mucp",
      protocol: "mucp",
      transport: "http",
      broker: "http",
      registry: "mdns",
    });
    const address = record?.nodes[0]?.address as string;
    const reply = await service.client.call(
      { service: name, endpoint: "Greeter.Hello", message: {} },
      { address },
    );
    expect(reply).toEqual({ text: "hello" });
  } finally {
    await service.stop();
  }
});
