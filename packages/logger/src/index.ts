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
