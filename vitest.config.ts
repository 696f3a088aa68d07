import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { SummaryReporter } from "./tooling/checks/src/summary-reporter.ts";

const floorFile = fileURLToPath(new URL("tooling/checks/test-floor.json", import.meta.url));

// Tests start hundreds of programs: what Node makes of their sources is kept for the next of them.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL("node_modules/.cache/compile", import.meta.url));

export default defineConfig({
  // Packages resolve each other to their sources, so that no test needs a build.
  ssr: { resolve: { conditions: ["@micro/source", "module", "node", "development|production"] } },
  test: {
    include: ["{packages,plugins,apps,tooling}/*/{src,test}/**/*.test.ts"],
    isolate: false,
    // Tests wait for sockets and processes half of the time: on two cores three workers took 250 s, two took 340.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    // The last net, for a machine that is busy: what a test waits for has a deadline of its own.
    testTimeout: 90_000,
    hookTimeout: 90_000,
    maxConcurrency: 3,
    // One `test.only` left behind would turn all the others of its file off.
    allowOnly: !process.env.CI,
    reporters: ["default", new SummaryReporter({ floorFile, skipsCount: !process.env.CI })],
  },
});
