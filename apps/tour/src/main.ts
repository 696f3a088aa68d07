import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { readCommandLine } from "./command-line.ts";

// The tour starts five processes from the same sources: what Node makes of them is kept, so that they start at once.
const { directory } = enableCompileCache(join(import.meta.dirname, "../node_modules/.cache/compile"));
if (directory !== undefined) process.env.NODE_COMPILE_CACHE = directory;

const options = readCommandLine(process.argv.slice(2));
if ("text" in options) {
  (options.code === 0 ? process.stdout : process.stderr).write(`${options.text}\n`);
  process.exitCode = options.code;
} else {
  const { tour } = await import("./tour.ts");
  await tour(options);
}
