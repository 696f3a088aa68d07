import { asProgram, createService, defineService } from "@micro/core";
import { defaults } from "@micro/set-defaults";
import { greeterContract } from "./contract.ts";

await asProgram(async () => {
  const service = await createService(defineService({ name: "greeter.client" }), {
    plugins: [...defaults],
    server: { enabled: false },
  });
  await service.start();
  try {
    const greeter = service.client.of(greeterContract);
    const [name = "World"] = service.cli.positionals;
    console.log((await greeter.hello({ name })).message);
  } finally {
    await service.stop();
  }
});
