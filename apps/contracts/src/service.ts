import { asProgram, createMonolith } from "@micro/core";
import { defaults } from "@micro/set-defaults";
import { codeLibrary, protoLibrary } from "./services.ts";

await asProgram(async () => {
  const libraries = await createMonolith([protoLibrary(), codeLibrary()], { plugins: [...defaults] });
  await libraries.run();
});
