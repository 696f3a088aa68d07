import { type LogLevel, MicroError } from "@micro/core";
import { LOG_LEVELS } from "@micro/logger";

/** Levels by weight, lowest number first, as winston has them. */
export type WinstonLevels = Readonly<Record<string, number>>;

/** Ours, and the names that only winston has, so that a transport may be given such a level. */
export const LEVELS: WinstonLevels = {
  fatal: 0,
  error: 1,
  warn: 2,
  info: 3,
  http: 3,
  verbose: 3,
  debug: 4,
  trace: 5,
  silly: 5,
};

/** What stands for a level of ours in other families of levels (npm, syslog, cli), best first. */
const CANDIDATES: Readonly<Record<LogLevel, readonly string[]>> = {
  fatal: ["fatal", "crit", "emerg", "error"],
  error: ["error", "err"],
  warn: ["warn", "warning"],
  info: ["info", "notice"],
  debug: ["debug", "verbose"],
  trace: ["trace", "silly", "debug"],
};

/** The name of each of our levels among `levels`. Throws a MicroError where one has none. */
export function levelNames(levels: WinstonLevels): Readonly<Record<LogLevel, string>> {
  const names = Object.keys(LOG_LEVELS).map((level) => {
    const name = CANDIDATES[level as LogLevel].find((candidate) => Object.hasOwn(levels, candidate));
    if (name !== undefined) return [level, name];
    throw new MicroError({
      code: "BAD_REQUEST",
      id: "logger-winston",
      detail: `what was given to the winston logger has no level for '${level}', only ${Object.keys(levels).join(", ")}: add one of ${CANDIDATES[level as LogLevel].join(", ")} to its levels`,
    });
  });
  return Object.fromEntries(names);
}
