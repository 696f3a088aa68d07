import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "@micro/programs";
import { expect, test } from "vitest";
import { importFile } from "./compose/find-plugin.ts";
import { findContracts } from "./from-code/find-contracts.ts";
import { loadModule } from "./load-module.ts";

test("a module is loaded, or says why not, and never waited for without end", async () => {
  const folder = await temporaryFolder();
  try {
    const write = async (name: string, text: string) => {
      const file = join(folder.path, name);
      await writeFile(file, text);
      return file;
    };
    const good = await write("good.mjs", "export const one = 1;");
    expect({ ...(await loadModule(good)) }).toEqual({ one: 1 });
    const broken = await write("broken.mjs", 'throw new Error("boom");');
    await expect(loadModule(broken)).rejects.toThrow("boom");
    await expect(importFile(broken, "broken.mjs")).rejects.toThrow("'broken.mjs' cannot be loaded: boom");
    await expect(findContracts("broken.mjs", folder.path)).rejects.toThrow("cannot load broken.mjs: boom");
    const waiting = await write("waiting.mjs", "await new Promise(() => {});");
    await expect(loadModule(waiting, 20)).rejects.toThrow(
      "it is not loaded after 0.02 s: does it start something?",
    );
  } finally {
    await folder.remove();
  }
});
