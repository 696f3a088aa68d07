import { LOG_LEVELS, type LogFields, type Logger, type LogLevel, type LogMessage } from "@micro/core";
import { callerOf } from "./caller.ts";
import { boundText, createMakeSafe, isError, type LogLimits, type MakeSafe, reasonOf } from "./safe-value.ts";

/** One line to write. */
export interface LogRecord {
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  readonly level: LogLevel;
  readonly message: string;
  /** Plain data in stable order: the logger's own, its children's, the call's. Redacted, bounded, free of circles. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** `folder/file.ts:12`, when the caller is asked for. */
  readonly caller?: string;
}

/** What {@link createLogger} takes; the first four as in the component's config. */
export interface LoggerOptions {
  readonly level: LogLevel;
  readonly fields: LogFields;
  readonly redact: readonly string[];
  /** 0: no caller; 1 and 2: the code that logs (2 is Go's default); more: that many minus 2 callers above it. */
  readonly callerSkipCount: number;
  /** Takes a line; must not wait for anything. */
  readonly write: (record: LogRecord) => void;
  /** Resolves when all lines so far are written. @default resolves at once */
  readonly flush?: (options: { readonly timeoutMs: number }) => Promise<void>;
  readonly limits?: Partial<LogLimits>;
}

const DEFAULT_LIMITS: LogLimits = { depth: 8, values: 1000, text: 16_384, line: 131_072 };
const DEFAULT_FLUSH_MS = 1000;
/** A timer of Node with more fires at once. */
const LONGEST_FLUSH_MS = 2 ** 31 - 1;
/** Stack frames of this file between the code that logs and the search for it: the level's method and #emit. */
const OWN_FRAMES = 2;

/**
 * A logger on a sink: everything that is the same for all of them (levels, lazy messages, fields, children,
 * redaction, errors, callers). Logging never throws; a sink that throws is reported once as a process warning.
 */
export function createLogger(options: LoggerOptions): Logger {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const makeSafe = createMakeSafe(options.redact, limits);
  let warned = false;
  const shared: Shared = {
    level: options.level,
    weight: LOG_LEVELS[options.level],
    limits,
    makeSafe,
    withCaller: options.callerSkipCount > 0,
    skip: Math.max(0, options.callerSkipCount - 2),
    write(record) {
      try {
        options.write(record);
      } catch (error) {
        if (warned) return;
        warned = true;
        process.emitWarning(`a log line could not be written: ${reasonOf(error)}`, { code: "MICRO_LOGGER" });
      }
    },
    flush: ({ timeoutMs = DEFAULT_FLUSH_MS } = {}) =>
      options.flush?.({ timeoutMs: Math.min(timeoutMs, LONGEST_FLUSH_MS) }) ?? Promise.resolve(),
  };
  return new StandardLogger(shared, makeSafe(options.fields));
}

/** What a logger and its children have in common. */
interface Shared {
  readonly level: LogLevel;
  readonly weight: number;
  readonly limits: LogLimits;
  readonly makeSafe: MakeSafe;
  readonly withCaller: boolean;
  readonly skip: number;
  readonly write: (record: LogRecord) => void;
  readonly flush: Logger["flush"];
}

class StandardLogger implements Logger {
  readonly #shared: Shared;
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(shared: Shared, fields: Readonly<Record<string, unknown>>) {
    this.#shared = shared;
    this.#fields = fields;
  }

  get level(): LogLevel {
    return this.#shared.level;
  }

  isEnabled(level: LogLevel): boolean {
    return LOG_LEVELS[level] >= this.#shared.weight;
  }

  log(level: LogLevel, message: LogMessage, fields?: LogFields): void {
    if (this.isEnabled(level)) this.#emit(level, message, fields);
  }

  trace(message: LogMessage, fields?: LogFields): void {
    if (this.#shared.weight <= 10) this.#emit("trace", message, fields);
  }

  debug(message: LogMessage, fields?: LogFields): void {
    if (this.#shared.weight <= 20) this.#emit("debug", message, fields);
  }

  info(message: LogMessage, fields?: LogFields): void {
    if (this.#shared.weight <= 30) this.#emit("info", message, fields);
  }

  warn(message: LogMessage, fields?: LogFields): void {
    if (this.#shared.weight <= 40) this.#emit("warn", message, fields);
  }

  error(message: LogMessage, fields?: LogFields): void {
    if (this.#shared.weight <= 50) this.#emit("error", message, fields);
  }

  fatal(message: LogMessage, fields?: LogFields): void {
    this.#emit("fatal", message, fields);
  }

  child(fields: LogFields): Logger {
    return new StandardLogger(this.#shared, { ...this.#fields, ...this.#shared.makeSafe(fields) });
  }

  flush(options?: { readonly timeoutMs?: number }): Promise<void> {
    return this.#shared.flush(options);
  }

  #emit(level: LogLevel, message: LogMessage, fields: LogFields | undefined): void {
    const { limits, makeSafe, withCaller, skip, write } = this.#shared;
    const caller = withCaller ? callerOf(OWN_FRAMES + skip) : undefined;
    const { text, beside } = read(message);
    write({
      timeMs: Date.now(),
      level,
      message: boundText(text, limits.text),
      fields:
        fields === undefined && beside === undefined
          ? this.#fields
          : { ...this.#fields, ...(beside && makeSafe(beside)), ...makeSafe(fields) },
      ...(caller === undefined ? {} : { caller }),
    });
  }
}

/** A message's text. Of what is no message, as JavaScript may give it, nothing is lost: `beside` holds it as a field. */
function read(message: unknown): { readonly text: string; readonly beside?: LogFields } {
  if (typeof message === "string") return { text: message };
  try {
    if (typeof message === "function") return { text: String((message as () => unknown)()) };
    if (isError(message)) return { text: message.message, beside: { error: message } };
    if (typeof message !== "object" || message === null) return { text: String(message) };
    return { text: "[the message is an object]", beside: { value: message } };
  } catch (error) {
    return { text: `[the message could not be made: ${reasonOf(error)}]` };
  }
}
