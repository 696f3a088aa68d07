import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { readWishes } from "./wishes.ts";

// The tour starts five processes from the same sources: what Node makes of them is kept, so that they start at once.
const { directory } = enableCompileCache(join(import.meta.dirname, "../node_modules/.cache/compile"));
if (directory !== undefined) process.env.NODE_COMPILE_CACHE = directory;

const wishes = readWishes(process.argv.slice(2));
if ("text" in wishes) {
  (wishes.code === 0 ? process.stdout : process.stderr).write(`${wishes.text}\n`);
  process.exitCode = wishes.code;
} else {
  const { tour } = await import("./tour.ts");
  await tour(wishes);
}
