import { Writable } from "node:stream";
import { describe, test } from "node:test";
import type { Lifecycle } from "@micro/core";
import { instantiate } from "@micro/core/conformance";
import type { Logger } from "@micro/logger";
import { loggerConformance, type WrittenLine } from "@micro/logger/conformance";
import { sampleLogger } from "./index.ts";

/** A line as it was written, read back: change it with the form of your lines. */
function readLine(line: string): WrittenLine {
  const { time: _time, level, message, caller, ...fields } = JSON.parse(line) as Record<string, unknown>;
  return {
    level: String(level),
    message: String(message),
    fields,
    ...(typeof caller === "string" ? { caller } : {}),
  };
}

describe("conformance", () => {
  const cases = loggerConformance({
    create: async (config) => {
      const chunks: string[] = [];
      const destination = new Writable({
        write(chunk, _encoding, done) {
          chunks.push(String(chunk));
          setImmediate(done);
        },
      });
      const logger: Logger & Lifecycle = await instantiate(sampleLogger, {
        config: { ...config, destination },
      });
      return {
        logger,
        lines: () => chunks.join("").split("\n").slice(0, -1).map(readLine),
        close: () => logger.stop?.({ graceMs: 1000 }),
      };
    },
  });
  for (const { name, run } of cases) test(name, run);
});
