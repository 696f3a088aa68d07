import { asProgram, createService, defineService, handle } from "@micro/core";
import { memoryRegistry } from "@micro/registry-memory";
import { defaults } from "@micro/set-defaults";
import { shortLogger } from "./short-logger.ts";

const login = defineService({
  name: "login",
  handlers: [
    handle<{ readonly user: string; readonly password: string }>("Login.Enter", (request, { logger }) => {
      logger.info("somebody enters", { request });
      logger.debug(() => "this is not even made, as the level is info");
      return {};
    }),
  ],
});

await asProgram(async () => {
  const service = await createService(login, { plugins: [...defaults, memoryRegistry, shortLogger] });
  await service.start();
  try {
    service.logger.warn("a line of the application", { answer: 42 });
    await service.client.call({
      service: "login",
      endpoint: "Login.Enter",
      message: { user: "ada", password: "analytical" },
    });
  } finally {
    await service.stop();
  }
});
