import type { Writable } from "node:stream";
import { definePlugin, type Lifecycle, option } from "@micro/core";
import { createLogger, jsonFormat, LineWriter, type Logger, logger, streamTarget } from "@micro/logger";

const isWritable = (value: unknown): value is Writable =>
  typeof value === "object" && value !== null && "write" in value && typeof value.write === "function";

/**
 * The `sample` logger: JSON lines on standard error for now. Replace the writer by your technology: `write` takes one
 * record and must not wait, `flush` resolves when everything so far is written. Levels, fields, children, redaction and
 * errors are those of every logger.
 */
export const sampleLogger = definePlugin(logger, {
  name: "sample",
  config: {
    buffer: option.size({
      description: "Lines that may wait; what does not fit is dropped",
      default: "1MiB",
    }),
    destination: option.value(isWritable, {
      description: "A stream to write to",
      expects: "a writable stream",
    }),
  },
  create: ({ config }): Logger & Lifecycle => {
    const format = jsonFormat({ timestamp: true });
    const writer = new LineWriter(streamTarget(config.destination ?? process.stderr), {
      maxWaiting: config.buffer,
      dropNotice: (lines) =>
        format({ timeMs: Date.now(), level: "warn", message: "log lines were dropped", fields: { lines } }),
    });
    const made = createLogger({
      ...config,
      write: (record) => writer.write(format(record)),
      flush: (options) => writer.flush(options),
    });
    return Object.assign(made, {
      stop: ({ graceMs }: { readonly graceMs: number }) => writer.stop({ timeoutMs: graceMs }),
    });
  },
});
