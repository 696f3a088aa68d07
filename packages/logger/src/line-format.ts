import type { LogRecord } from "./create-logger.ts";

/** Turns a record into what is written for it, newline included. */
export type LineFormat = (record: LogRecord) => string;

/** What the formats take. */
export interface LineFormatOptions {
  /** Whether a line starts with the time. */
  readonly timestamp: boolean;
}

const RESERVED = new Set(["time", "level", "message", "caller"]);

/** One JSON object per line: time, level, message, caller, then the fields; a field of such a name gets a `_`. */
export function jsonFormat({ timestamp }: LineFormatOptions): LineFormat {
  let lastMs = 0;
  let lastTime = "";
  return ({ timeMs, level, message, caller, fields }) => {
    const line: Record<string, unknown> = {};
    if (timestamp) {
      if (timeMs !== lastMs) lastTime = new Date(timeMs).toISOString();
      lastMs = timeMs;
      line.time = lastTime;
    }
    line.level = level;
    line.message = message;
    if (caller !== undefined) line.caller = caller;
    for (const key of Object.keys(fields)) line[RESERVED.has(key) ? `${key}_` : key] = fields[key];
    return `${JSON.stringify(line)}\n`;
  };
}

const COLORS = { trace: "90", debug: "36", info: "32", warn: "33", error: "31", fatal: "97;41" } as const;
const DIM = "2";

/** `12:34:56.789 INFO  message key=value`, errors with their stack below; for people. */
export function prettyFormat({
  timestamp,
  colors,
}: LineFormatOptions & { readonly colors: boolean }): LineFormat {
  const paint = (code: string, text: string) => (colors ? `\u001b[${code}m${text}\u001b[0m` : text);
  return ({ timeMs, level, message, caller, fields }) => {
    const parts: string[] = [];
    if (timestamp) parts.push(paint(DIM, clock(timeMs)));
    parts.push(paint(COLORS[level], level.toUpperCase().padEnd(5)), lines(message, "      "));
    const below: string[] = [];
    for (const [key, value] of Object.entries(fields)) {
      if (isWrittenError(value)) below.push(errorText(printable(key), value, "    "));
      else parts.push(`${paint(DIM, `${printable(key)}=`)}${valueText(value)}`);
    }
    if (caller !== undefined) parts.push(paint(DIM, `(${printable(caller)})`));
    return `${parts.join(" ")}\n${below.join("")}`;
  };
}

function clock(timeMs: number): string {
  const date = new Date(timeMs);
  const two = (value: number) => String(value).padStart(2, "0");
  const ms = String(date.getMilliseconds()).padStart(3, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`;
}

/** Characters that would move the cursor or change the terminal. */
const CONTROL = /[^\P{Cc}\n\t]|[\u2028\u2029]/gu;

const printable = (text: string) => lines(text, "").replaceAll("\n", "\\n");

/** Text of several lines, indented so that none of them looks like a line of the log. */
function lines(text: string, indent: string): string {
  const clean = text.replace(/\r\n/g, "\n").replace(CONTROL, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  return clean.includes("\n") ? clean.replaceAll("\n", `\n${indent}`) : clean;
}

function valueText(value: unknown): string {
  if (typeof value === "string" && /^[^\s"=]+$/.test(value)) return printable(value);
  return printable(JSON.stringify(value) ?? "undefined");
}

interface WrittenError {
  readonly stack: string;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

const isWrittenError = (value: unknown): value is WrittenError =>
  typeof value === "object" && value !== null && "stack" in value && typeof value.stack === "string";

const SHOWN = new Set(["name", "message", "stack", "cause", "errors"]);

function errorText(label: string, error: WrittenError, indent: string): string {
  const rest = Object.entries(error).filter(([key]) => !SHOWN.has(key));
  const details = rest.map(([key, value]) => `${printable(key)}=${valueText(value)}`).join(" ");
  let text = `${indent}${label}: ${lines(error.stack, `${indent}  `)}\n`;
  if (details !== "") text += `${indent}  ${details}\n`;
  const inner: [string, unknown][] = [["cause", error.cause]];
  if (Array.isArray(error.errors)) {
    for (const [index, entry] of error.errors.entries()) inner.push([`error ${index + 1}`, entry]);
  }
  for (const [name, value] of inner) {
    if (value === undefined) continue;
    text += isWrittenError(value)
      ? errorText(name, value, `${indent}  `)
      : `${indent}  ${name}: ${valueText(value)}\n`;
  }
  return text;
}
