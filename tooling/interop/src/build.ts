import { GENERATIONS } from "./generations.ts";
import { buildPeer, findGo } from "./go-build.ts";

/** Builds the Go programs of the matrix before the tests want them. Without Go there is nothing to do, which is said. */
const go = await findGo();
if (go.ok) {
  for (const generation of GENERATIONS) {
    const start = performance.now();
    await buildPeer(generation, go.version);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`built the peer of ${generation.importPath}@${generation.version} (${seconds} s)`);
  }
} else console.log(`The Go programs are not built, and the interop tests will not run: ${go.reason}.`);
