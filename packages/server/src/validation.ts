import {
  type Code,
  MicroError,
  type StandardIssue,
  type StandardResult,
  type StandardSchema,
} from "@micro/core";

/** What an error of {@link validate} says. */
export interface ValidationSubject {
  /** Who says so. */
  readonly id: string;
  readonly code: Code;
  /** What was checked: `request of Greeter.Hello`. */
  readonly what: string;
}

/**
 * The value as the schema gives it; a promise only when the schema is asynchronous.
 * Throws (or rejects with) a MicroError that names each path that does not fit.
 */
export function validate(schema: StandardSchema, value: unknown, subject: ValidationSubject): unknown {
  const result = schema["~standard"].validate(value);
  return result instanceof Promise ? result.then((late) => accept(late, subject)) : accept(result, subject);
}

function accept(result: StandardResult<unknown>, { id, code, what }: ValidationSubject): unknown {
  if (result.issues === undefined) return result.value;
  const shown = result.issues.slice(0, MAX_ISSUES).map(describe);
  const more = result.issues.length - shown.length;
  const detail = `${what}: ${shown.join("; ")}${more > 0 ? `; and ${more} more` : ""}`;
  throw new MicroError({ id, code, detail });
}

/** A big wrong message must not become a big error. */
const MAX_ISSUES = 8;

function describe({ path = [], message }: StandardIssue): string {
  const keys = path.map((part) => String(typeof part === "object" ? part.key : part));
  return keys.length === 0 ? message : `${keys.join(".")}: ${message}`;
}
