/** Levels in rising order of weight. */
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal";

/** The weight of each level, ten apart; a logger writes what weighs at least its own level. */
export const LOG_LEVELS: Readonly<Record<LogLevel, number>> = {
  trace: 10,
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  fatal: 60,
};

/** Structured values beside a log message. An `Error` under `error` is written with its stack and causes. */
export type LogFields = Readonly<Record<string, unknown>>;

/** A message, or a function that is called only when the level is written. */
export type LogMessage = string | (() => string);

/** What every part of the framework logs to. It stands in core because `ctx.logger` does. */
export interface Logger {
  readonly level: LogLevel;
  isEnabled(level: LogLevel): boolean;
  log(level: LogLevel, message: LogMessage, fields?: LogFields): void;
  trace(message: LogMessage, fields?: LogFields): void;
  debug(message: LogMessage, fields?: LogFields): void;
  info(message: LogMessage, fields?: LogFields): void;
  warn(message: LogMessage, fields?: LogFields): void;
  error(message: LogMessage, fields?: LogFields): void;
  fatal(message: LogMessage, fields?: LogFields): void;
  /** A logger that adds `fields` to each line and shares everything else. */
  child(fields: LogFields): Logger;
  /** Resolves when all lines so far are handed to the operating system; bounded by `timeoutMs` (@default 1000). */
  flush(options?: { readonly timeoutMs?: number }): Promise<void>;
}

const nothing = (): void => undefined;

/** Writes nothing: what a service without a logger plugin gets. */
export const nullLogger: Logger = Object.freeze({
  level: "fatal",
  isEnabled: () => false,
  log: nothing,
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  fatal: nothing,
  child: () => nullLogger,
  flush: () => Promise.resolve(),
} satisfies Logger);
