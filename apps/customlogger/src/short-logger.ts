import { definePlugin, option } from "@micro/core";
import { createLogger, type Logger, logger } from "@micro/logger";

/** A logger of one's own: `12:30:07 WARN  message key=value`. Levels, children and redaction come from `createLogger`. */
export const shortLogger = definePlugin(logger, {
  name: "short",
  config: {
    clock: option.boolean({ description: "Writes the time of day", default: true }),
  },
  create: ({ config }): Logger =>
    createLogger({
      ...config,
      write({ timeMs, level, message, fields }) {
        const time = config.clock ? [new Date(timeMs).toISOString().slice(11, 19)] : [];
        const values = Object.entries(fields).map(([key, value]) => `${key}=${show(value)}`);
        console.log([...time, level.toUpperCase().padEnd(5), message, ...values].join(" "));
      },
    }),
});

function show(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
