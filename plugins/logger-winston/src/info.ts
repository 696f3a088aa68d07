import type { LogLevel } from "@micro/core";
import { type LineFormat, type LogRecord, prettyFormat } from "@micro/logger";
import { format, type Logform } from "winston";

/** Keys under which winston and its formats look for the level and the finished text of a line. */
export const LEVEL = Symbol.for("level");
/** See {@link LEVEL}. */
export const MESSAGE = Symbol.for("message");
/** The record behind an info, for formats of ours. */
const RECORD = Symbol("micro.record");

/** What travels through winston for one line. */
export type Info = Logform.TransformableInfo;

/** `exception` among them: winston keeps back an info that has it set, unless the transport handles exceptions. */
const RESERVED = new Set(["level", "message", "timestamp", "caller", "exception"]);

/** Turns records into infos of winston: timestamp, level, message, caller, then the fields; one of such a name gets a `_`. */
export function createInfoOf(options: {
  readonly timestamp: boolean;
  readonly names: Readonly<Record<LogLevel, string>>;
}): (record: LogRecord) => Info {
  let lastMs = 0;
  let lastTime = "";
  return (record) => {
    const { timeMs, level, message, caller, fields } = record;
    const own: Record<string, unknown> = {};
    if (options.timestamp) {
      if (timeMs !== lastMs) lastTime = new Date(timeMs).toISOString();
      lastMs = timeMs;
      own.timestamp = lastTime;
    }
    const name = options.names[level];
    const info: Info = Object.assign(own, { level: name, message, [LEVEL]: name, [RECORD]: record });
    if (caller !== undefined) info.caller = caller;
    for (const key of Object.keys(fields)) info[RESERVED.has(key) ? `${key}_` : key] = fields[key];
    return info;
  };
}

/** One JSON object per line, fields in the order they were given in. */
export function json(): Logform.Format {
  return format.json({ deterministic: false });
}

/** The line for people that every logger of Micro writes. */
export function pretty(options: { readonly timestamp: boolean; readonly colors: boolean }): Logform.Format {
  const line: LineFormat = prettyFormat(options);
  return format((info) => {
    const record = info[RECORD];
    if (isRecord(record)) info[MESSAGE] = line(record).slice(0, -1);
    return info;
  })();
}

const isRecord = (value: unknown): value is LogRecord =>
  typeof value === "object" && value !== null && "timeMs" in value;

/** The text of an info after its format, newline included. */
export function lineOf(info: Info): string {
  const text = info[MESSAGE];
  return `${typeof text === "string" ? text : JSON.stringify(info)}\n`;
}
