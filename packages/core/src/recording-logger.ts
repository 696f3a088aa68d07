import { LOG_LEVELS, type LogFields, type Logger, type LogLevel, type LogMessage } from "./logger.ts";

/** What a {@link recordingLogger} was told at once. */
export type LogLine = readonly [level: LogLevel, message: string, fields: LogFields | undefined];

/** A logger for tests. Its children write to the same `lines`; the fields that they add are left out. */
export function recordingLogger(level: LogLevel = "trace"): {
  readonly logger: Logger;
  /** What was logged at `level` (@default "trace") or above, in order. */
  readonly lines: LogLine[];
} {
  const lines: LogLine[] = [];
  const isEnabled = (of: LogLevel): boolean => LOG_LEVELS[of] >= LOG_LEVELS[level];
  const log = (of: LogLevel, message: LogMessage, fields?: LogFields): void => {
    if (isEnabled(of)) lines.push([of, typeof message === "string" ? message : message(), fields]);
  };
  const at =
    (of: LogLevel) =>
    (message: LogMessage, fields?: LogFields): void =>
      log(of, message, fields);
  const logger: Logger = {
    level,
    isEnabled,
    log,
    trace: at("trace"),
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    fatal: at("fatal"),
    child: () => logger,
    flush: () => Promise.resolve(),
  };
  return { logger, lines };
}
