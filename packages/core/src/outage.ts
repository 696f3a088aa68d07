import { MicroError } from "./errors.ts";
import type { LogFields, Logger } from "./logger.ts";

const LOGGED = Symbol.for("micro.logged");
/** Causes that are looked at, so that a circle ends. */
const MOST_CAUSES = 8;

/**
 * Marks an error that comes of an outage which whoever keeps the connection has written to the log: {@link logFailure}
 * does not tell of it a second time. Returns the error.
 */
export function markLogged<E extends Error>(error: E): E {
  Object.defineProperty(error, LOGGED, { value: true });
  return error;
}

/** Whether the error, or one that caused it, was marked by {@link markLogged}. */
export function isLogged(error: unknown): boolean {
  let at = error;
  for (let depth = 0; depth < MOST_CAUSES && typeof at === "object" && at !== null; depth++) {
    if (LOGGED in at) return true;
    at = (at as { readonly cause?: unknown }).cause;
  }
  return false;
}

/** What went wrong, in one line: of several failures all of them. */
function reasonOf(error: unknown): string {
  const { detail } = MicroError.from(error);
  if (!(error instanceof AggregateError)) return detail;
  return `${detail}: ${error.errors.map((each) => MicroError.from(each).detail).join("; ")}`;
}

/**
 * Logs a failure that something goes on in spite of, such as a try of many: at `warn` in one short line with `code` and
 * `reason`, unless {@link isLogged} says that its outage is in the log; and at `debug` with the whole error. `fields`
 * are added to both. Returns whether it warned.
 */
export function logFailure(
  logger: Logger,
  message: string,
  { error, ...fields }: LogFields & { readonly error: unknown },
): boolean {
  const warns = !isLogged(error);
  if (warns) {
    logger.warn(message, { ...fields, code: MicroError.from(error).code, reason: reasonOf(error) });
  }
  logger.debug(message, { ...fields, error });
  return warns;
}
