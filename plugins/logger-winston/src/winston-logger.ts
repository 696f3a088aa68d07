import { definePlugin, type Lifecycle, MicroError, option } from "@micro/core";
import { createLogger, type Logger, logger } from "@micro/logger";
import { type GivenLogger, isFormat, isGivenLogger, isTransportList } from "./given.ts";
import { givenSinks, ownSinks, type SinkOptions, type Sinks } from "./sinks.ts";

/** The longest that a stop waits for lines. */
const STOP_MS = 5000;

/**
 * Logs through winston: to the console, to a file with rotation, to transports and loggers of winston given in code.
 * No place for lines can hold up the service or another one: each has a bounded buffer, and what is lost is counted
 * and reported. Levels, fields, children and redaction are those of every logger of Micro.
 */
export const winstonLogger = definePlugin(logger, {
  name: "winston",
  aliases: ["zap", "logrus"],
  config: {
    format: option.choice(["auto", "json", "pretty", "text"], {
      description:
        "Form of a line; auto is pretty on a terminal and json elsewhere, text is pretty without colours",
      default: "auto",
    }),
    timestamp: option.boolean({ description: "Writes the time of each line", default: true }),
    stream: option.choice(["stderr", "stdout", "none"], {
      description: "Console that lines go to",
      default: "stderr",
    }),
    buffer: option.size({
      description: "Lines that may wait for each place they go to; what does not fit is dropped and counted",
      default: "1MiB",
    }),
    file: option.string({ description: "Path of a file that lines are appended to; its folder is made" }),
    fileMaxSize: option.size({
      description: "Size at which the file is moved to one with '.1' behind its name, that to '.2' and so on",
      default: "10MiB",
    }),
    fileMaxFiles: option.integer({
      description: "Files that are kept, the one written to among them",
      default: 5,
      min: 1,
      max: 1000,
    }),
    formatter: option.value(isFormat, {
      description: "A format of winston to use instead",
      expects: "a format of winston",
    }),
    transports: option.value(isTransportList, {
      description:
        "Transports of winston that lines go to as well; those made by a function are ended at the stop",
      expects: "a list of winston transports, or of functions that make one",
    }),
    winston: option.value(isGivenLogger, {
      description:
        "A logger of winston that lines go to instead; one made by a function is ended at the stop",
      expects: "a logger of winston, or a function that makes one",
    }),
  },
  create: ({ config }): Logger & Lifecycle => {
    const sinks = sinksOf(config);
    const made = createLogger({ ...config, write: sinks.write, flush: sinks.flush });
    return Object.assign(made, {
      stop: ({ graceMs }: { readonly graceMs: number }) =>
        sinks.stop({ timeoutMs: Math.min(graceMs, STOP_MS) }),
    });
  },
});

function sinksOf(config: SinkOptions & { readonly winston: GivenLogger | undefined }): Sinks {
  if (config.winston === undefined) return ownSinks(config);
  const unused = (["file", "transports", "formatter"] as const).filter((key) => config[key] !== undefined);
  if (unused.length === 0) return givenSinks(config.winston, config);
  throw new MicroError({
    code: "BAD_REQUEST",
    id: "logger-winston",
    detail: `logger.winston brings its own formats and transports: leave out ${unused.map((key) => `logger.${key}`).join(" and ")}, or add them to it`,
  });
}
