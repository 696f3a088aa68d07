import type { Writable } from "node:stream";
import { type LineTarget, LineWriter, type LogRecord, streamTarget } from "@micro/logger";
import { createLogger, type Logform } from "winston";
import Transport from "winston-transport";
import { Feed } from "./feed.ts";
import { type GivenLogger, type GivenTransport, resolveLogger, resolveTransport } from "./given.ts";
import { createInfoOf, type Info, json, LEVEL, lineOf, pretty } from "./info.ts";
import { LEVELS, levelNames, type WinstonLevels } from "./levels.ts";
import { RotatingFile } from "./rotating-file.ts";

/** Options of the plugin, as far as lines and their places are concerned. */
export interface SinkOptions {
  readonly format: "auto" | "json" | "pretty" | "text";
  readonly timestamp: boolean;
  readonly stream: "stderr" | "stdout" | "none";
  readonly buffer: number;
  readonly file: string | undefined;
  readonly fileMaxSize: number;
  readonly fileMaxFiles: number;
  readonly formatter: Logform.Format | undefined;
  readonly transports: readonly GivenTransport[] | undefined;
}

/** Where records end. */
export interface Sinks {
  readonly write: (record: LogRecord) => void;
  readonly flush: (options: { readonly timeoutMs: number }) => Promise<void>;
  readonly stop: (options: { readonly timeoutMs: number }) => Promise<void>;
}

type Part = Pick<Sinks, "flush" | "stop">;

/** Problems with a place for lines cannot go there: they are process warnings, which Node writes to standard error. */
const warn = (text: string) => {
  process.emitWarning(text, { code: "MICRO_LOGGER" });
};

const dropped = (lines: number, buffer: number): LogRecord => ({
  timeMs: Date.now(),
  level: "warn",
  message: "log lines were lost: their reader was too slow for logger.buffer, or could not be written to",
  fields: { lines, buffer },
});

/** A winston logger of our own: console, file and given transports, none of which can hold up another. */
export function ownSinks(options: SinkOptions): Sinks {
  const plain = options.formatter ?? plainFormat(options);
  const infoOf = createInfoOf({ timestamp: options.timestamp, names: levelNames(LEVELS) });
  const formatted = (record: LogRecord, by: Logform.Format): Info => {
    try {
      const result = by.transform(infoOf(record), by.options);
      if (typeof result === "object") return result;
    } catch (error) {
      // A given format may throw, and nobody above a notice could catch that.
      warn(
        `the format given as logger.formatter failed: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    return infoOf(record);
  };
  const parts: Part[] = [];
  const transports: Transport[] = [];

  const addLines = (target: LineTarget, own?: Logform.Format) => {
    const writer = new LineWriter(target, {
      maxWaiting: options.buffer,
      dropNotice: (lines) => lineOf(formatted(dropped(lines, options.buffer), own ?? plain)),
    });
    parts.push(writer);
    const log = (info: Info, next: () => void) => {
      writer.write(lineOf(info));
      next();
    };
    transports.push(new Transport({ log, ...(own === undefined ? {} : { format: own }) }));
  };

  if (options.stream !== "none") {
    const stream = process[options.stream];
    addLines(streamTarget(stream), consoleFormat(stream, options));
  }
  if (options.file !== undefined) {
    const { file, fileMaxSize: maxSize, fileMaxFiles: maxFiles } = options;
    addLines(new RotatingFile(file, { maxSize, maxFiles, onError: warn }));
  }
  for (const given of options.transports ?? []) {
    const { transport, own } = resolveTransport(given);
    const feed = new Feed(transport, {
      maxWaiting: options.buffer,
      dropNotice: (lines) => formatted(dropped(lines, options.buffer), plain),
      onError: warn,
      name: `log transport ${nameOf(transport)}`,
    });
    const adapt = adaptLevels(transport);
    parts.push({
      flush: (given) => feed.flush(given),
      stop: ({ timeoutMs }) => feed.stop({ timeoutMs, end: own }),
    });
    transports.push(
      new Transport({
        log: (info: Info, next: () => void) => {
          feed.write(adapt(info));
          next();
        },
      }),
    );
  }
  // Without any transport winston writes a complaint for each line.
  if (transports.length === 0)
    transports.push(new Transport({ log: (_info: Info, next: () => void) => next() }));
  const winston = createLogger({ levels: LEVELS, level: "trace", format: plain, transports });
  return { ...together(parts), write: (record) => void winston.write(infoOf(record)) };
}

/**
 * A winston logger that somebody gave: theirs to configure, and to end unless a function made it. What its transports
 * have done with a line it tells only when it is ended.
 */
export function givenSinks(
  given: GivenLogger,
  options: { readonly timestamp: boolean; readonly buffer: number },
): Sinks {
  const { winston, own } = resolveLogger(given);
  const infoOf = createInfoOf({ timestamp: options.timestamp, names: levelNames(winston.levels) });
  const complete = (record: LogRecord): Info => Object.assign(infoOf(record), winston.defaultMeta);
  const feed = new Feed(winston, {
    maxWaiting: options.buffer,
    dropNotice: (lines) => complete(dropped(lines, options.buffer)),
    onError: warn,
    name: "winston logger given as logger.winston",
  });
  return {
    write: (record) => feed.write(complete(record)),
    flush: (limit) => feed.flush(limit),
    stop: ({ timeoutMs }) => feed.stop({ timeoutMs, end: own }),
  };
}

function together(parts: readonly Part[]): Part {
  const all = async (work: (part: Part) => Promise<void>) => {
    await Promise.all(parts.map(work));
  };
  return {
    flush: (options) => all((part) => part.flush(options)),
    stop: (options) => all((part) => part.stop(options)),
  };
}

/** For files and for transports that bring no format of their own. */
function plainFormat({ format: chosen, timestamp }: SinkOptions): Logform.Format {
  return chosen === "pretty" || chosen === "text" ? pretty({ timestamp, colors: false }) : json();
}

/** What a terminal gets instead, if it is one. */
function consoleFormat(
  stream: Writable & { readonly isTTY?: boolean },
  { format: chosen, formatter, timestamp }: SinkOptions,
): Logform.Format | undefined {
  if (formatter !== undefined || stream.isTTY !== true || chosen === "json" || chosen === "text") {
    return undefined;
  }
  const colors = !process.env.NO_COLOR && process.env.TERM !== "dumb";
  return pretty({ timestamp, colors });
}

/**
 * A transport learns the levels from the logger it is piped from, and ours is not piped: it could hold up others.
 * One that some other logger has already taught keeps its levels, and gets ours under their names.
 */
function adaptLevels(transport: Transport & { levels?: WinstonLevels }): (info: Info) => Info {
  if (transport.levels === undefined) {
    transport.levels = LEVELS;
    return (info) => ({ ...info });
  }
  const names = levelNames(transport.levels);
  return (info) => {
    const level = info.level as keyof typeof names;
    return { ...info, [LEVEL]: names[level] ?? level };
  };
}

function nameOf(transport: Transport & { name?: unknown }): string {
  return typeof transport.name === "string" ? `'${transport.name}'` : transport.constructor.name;
}
