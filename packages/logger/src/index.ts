export {
  LOG_LEVELS,
  type LogFields,
  type Logger,
  type LogLevel,
  type LogMessage,
  nullLogger,
} from "@micro/core";

// ---- for authors of logger plugins ----

export { logger } from "./component.ts";
export { createLogger, type LoggerOptions, type LogRecord } from "./create-logger.ts";
export { jsonFormat, type LineFormat, type LineFormatOptions, prettyFormat } from "./line-format.ts";
export { type LineTarget, LineWriter, type LineWriterOptions, streamTarget } from "./line-writer.ts";
export { type LogLimits, REDACTED } from "./safe-value.ts";
