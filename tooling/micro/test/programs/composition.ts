import { yargsCli } from "@micro/cli-yargs";
import { jsonCodec } from "@micro/codec-json";
import { consoleLogger } from "@micro/logger-console";
import { fileRegistry } from "@micro/registry-file";

/** A composition as `micro config --service` reads it. */
export const options = {
  plugins: [yargsCli, jsonCodec, consoleLogger, fileRegistry],
  logger: { timestamp: false },
};
