import { asProgram, createService, defineService } from "@micro/core";
import { playerContract } from "./game.ts";
import { plugins } from "./plugins.ts";

// Serves one ball to the players that run with the same file, and prints who hit it.
await asProgram(async () => {
  const service = await createService(defineService({ name: "umpire" }), { plugins });
  try {
    await service.start();
    const { hits } = await service.client.of(playerContract("ping")).hit({ left: 4, hits: [] });
    console.log(hits.join(" "));
  } finally {
    await service.stop();
  }
});
