import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Lifecycle, OptionsInput } from "@micro/core";
import { instantiate } from "@micro/core/conformance";
import type { Logger, logger } from "@micro/logger";
import { onTestFinished } from "vitest";
import { winstonLogger } from "../index.ts";

/** What the plugin takes. */
export type Config = OptionsInput<(typeof logger)["config"]> & OptionsInput<(typeof winstonLogger)["config"]>;

/** A logger that is stopped when the test is over. */
export async function open(config: Config) {
  const made: Logger & Lifecycle = await instantiate(winstonLogger, {
    config: { stream: "none", ...config },
  });
  const stop = async (graceMs = 1000) => made.stop?.({ graceMs });
  onTestFinished(() => stop(100));
  return Object.assign(made, { end: stop });
}

/** An empty folder of one test. */
export async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "micro-winston-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** The process warnings of one test, collected instead of printed. */
export function warnings(): Error[] {
  const seen: Error[] = [];
  const onWarning = (warning: Error) => void seen.push(warning);
  process.on("warning", onWarning);
  onTestFinished(() => void process.off("warning", onWarning));
  return seen;
}
