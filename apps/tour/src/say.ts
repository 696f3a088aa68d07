import { asProgram, createService, defineService } from "@micro/core";
import { greeterContract } from "./contracts.ts";
import { nodeOptions } from "./nodes/options.ts";
import { nameOf } from "./traffic.ts";

// Calls the greeter of a tour that goes on running: `say Ada --registry_domain=…`.
await asProgram(async () => {
  const { hooks: _, ...common } = nodeOptions();
  const service = await createService(defineService({ name: "say" }), {
    ...common,
    server: { enabled: false },
  });
  await service.start();
  try {
    const [name = "world"] = service.cli.positionals;
    let node = "";
    const reply = await service.client
      .of(greeterContract)
      .hello({ name }, { onAttempt: ({ nodeId }) => (node = nameOf(nodeId)) });
    console.log(`${reply.message}, from node ${node}`);
  } finally {
    await service.stop();
  }
});
