import { fileURLToPath } from "node:url";

/**
 * `folder/file.ts:12` of the code `frames` calls above the one that asks. Undefined where the stack has no such
 * frame. It costs a stack trace: some microseconds.
 */
export function callerOf(frames: number): string | undefined {
  const holder: { stack?: string } = {};
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = frames + 1;
  Error.captureStackTrace(holder, callerOf);
  Error.stackTraceLimit = stackTraceLimit;
  const frame = holder.stack?.split("\n").at(frames + 1);
  const match = /([^\s(]+):(\d+):\d+\)?$/.exec(frame ?? "");
  if (match === null) return undefined;
  const [, place = "", line = ""] = match;
  const path = place.startsWith("file://") ? fileURLToPath(place) : place;
  return `${path.split(/[\\/]/).slice(-2).join("/")}:${line}`;
}
