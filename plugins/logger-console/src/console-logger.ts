import type { Writable } from "node:stream";
import { definePlugin, type Lifecycle, option } from "@micro/core";
import {
  createLogger,
  jsonFormat,
  type LineFormat,
  LineWriter,
  type Logger,
  logger,
  prettyFormat,
  streamTarget,
} from "@micro/logger";

type Destination = Writable & { readonly isTTY?: boolean };

const isWritable = (value: unknown): value is Destination =>
  typeof value === "object" && value !== null && "write" in value && typeof value.write === "function";

const STOP_MS = 1000;

/**
 * Logs to standard error: for people on a terminal, JSON lines when piped. Lines are written together once per
 * tick, never waited for, and held in a bounded buffer while the reader is slow; what does not fit is counted and
 * reported. `NO_COLOR` turns colours off.
 */
export const consoleLogger = definePlugin(logger, {
  name: "default",
  aliases: ["console"],
  config: {
    format: option.choice(["auto", "json", "pretty"], {
      description: "Form of a line; auto is pretty on a terminal and json elsewhere",
      default: "auto",
    }),
    timestamp: option.boolean({ description: "Writes the time of each line", default: true }),
    stream: option.choice(["stderr", "stdout"], { description: "Where lines go", default: "stderr" }),
    buffer: option.size({
      description: "Lines that may wait while their reader is slow; what does not fit is dropped",
      default: "1MiB",
    }),
    destination: option.value(isWritable, {
      description: "A stream to write to instead",
      expects: "a writable stream",
    }),
  },
  create: ({ config }): Logger & Lifecycle => {
    const stream: Destination = config.destination ?? process[config.stream];
    const format = formatFor(stream, config);
    const writer = new LineWriter(streamTarget(stream), {
      maxWaiting: config.buffer,
      dropNotice: (lines) =>
        format({
          timeMs: Date.now(),
          level: "warn",
          message: "log lines were dropped: their reader is too slow for logger.buffer",
          fields: { lines, buffer: config.buffer },
        }),
    });
    const made = createLogger({
      ...config,
      write: (record) => writer.write(format(record)),
      flush: (options) => writer.flush(options),
    });
    return Object.assign(made, {
      stop: ({ graceMs }: { readonly graceMs: number }) =>
        writer.stop({ timeoutMs: Math.min(graceMs, STOP_MS) }),
    });
  },
});

function formatFor(
  stream: Destination,
  config: { readonly format: "auto" | "json" | "pretty"; readonly timestamp: boolean },
): LineFormat {
  const isTerminal = stream.isTTY === true;
  const pretty = config.format === "pretty" || (config.format === "auto" && isTerminal);
  if (!pretty) return jsonFormat(config);
  const colors = isTerminal && !process.env.NO_COLOR && process.env.TERM !== "dumb";
  return prettyFormat({ timestamp: config.timestamp, colors });
}
