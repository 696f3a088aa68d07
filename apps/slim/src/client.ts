import { asProgram, createService, defineService } from "@micro/core";
import { clockContract } from "./contract.ts";
import { slim } from "./plugins.ts";

await asProgram(async () => {
  const service = await createService(defineService({ name: "clock.client" }), {
    plugins: slim,
    server: { enabled: false },
  });
  await service.start();
  try {
    console.log((await service.client.of(clockContract).now({})).time);
  } finally {
    await service.stop();
  }
});
