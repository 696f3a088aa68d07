import { defineComponent, type Logger, nullLogger, option } from "@micro/core";

/** The logger component. Other components may have a logger of their own, under `<component>.logger`. */
export const logger = defineComponent<Logger>()({
  name: "logger",
  description: "Structured logs",
  config: {
    level: option.choice(["trace", "debug", "info", "warn", "error", "fatal"], {
      description: "Lowest level that is written",
      default: "info",
    }),
    fields: option.map({ description: "Fields added to each line", default: {} }),
    callerSkipCount: option.integer({
      description:
        "Writes the caller's file and line when above 0: 2, Go's default, for the code that logs, more for callers above it",
      default: 0,
      min: 0,
    }),
    redact: option.list({
      description:
        "Field names, or last words of them, whose values are never written, in any depth and case",
      default: ["password", "secret", "token", "authorization", "private_key", "privateKey"],
    }),
  },
  defaultPlugin: "default",
  scoped: true,
  absent: () => nullLogger,
  scope: (parent, component) => parent.child({ component }),
});
