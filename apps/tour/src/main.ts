import { enableCompileCache } from "node:module";
import { join } from "node:path";

// The tour starts five processes from the same sources: what Node makes of them is kept, so that they start at once.
const { directory } = enableCompileCache(join(import.meta.dirname, "../node_modules/.cache/compile"));
if (directory !== undefined) process.env.NODE_COMPILE_CACHE = directory;

await import("./tour.ts");
