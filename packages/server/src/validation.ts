import {
  type Code,
  MicroError,
  type StandardIssue,
  type StandardResult,
  type StandardSchema,
} from "@micro/core";
import { isPromise } from "./is-promise.ts";

/** What an error of {@link validate} says. */
export interface ValidationSubject {
  /** Who says so. */
  readonly id: string;
  readonly code: Code;
  /** What was checked: `request of Greeter.Hello`. */
  readonly what: string;
}

/**
 * The value as the schema gives it; a promise only when the schema is asynchronous. Throws (or rejects with) a
 * MicroError that names each path that does not fit; `INTERNAL` if it is the schema that fails.
 */
export function validate(schema: StandardSchema, value: unknown, subject: ValidationSubject): unknown {
  let result: ReturnType<StandardSchema["~standard"]["validate"]>;
  try {
    result = schema["~standard"].validate(value);
  } catch (cause) {
    throw schemaFailed(cause, subject);
  }
  if (!isPromise(result)) return accept(result, subject);
  return result.then(
    (late) => accept(late, subject),
    (cause: unknown) => {
      throw schemaFailed(cause, subject);
    },
  );
}

/** A schema answers with issues; one that throws is the service's mistake, whatever the value was. */
function schemaFailed(cause: unknown, { id, what }: ValidationSubject): MicroError {
  const { detail } = MicroError.from(cause);
  return new MicroError({ id, code: "INTERNAL", detail: `${what}: its schema failed: ${detail}`, cause });
}

function accept(result: StandardResult<unknown>, { id, code, what }: ValidationSubject): unknown {
  if (result.issues === undefined) return result.value;
  const shown = result.issues.slice(0, MAX_ISSUES).map(describe);
  const more = result.issues.length - shown.length;
  const detail = `${what}: ${shown.join("; ")}${more > 0 ? `; and ${more} more` : ""}`;
  throw new MicroError({ id, code, detail });
}

/** A big wrong message must not become a big error: some libraries put the value into theirs. */
const MAX_ISSUES = 8;
const MAX_ISSUE_LENGTH = 300;

function describe({ path = [], message }: StandardIssue): string {
  const keys = path.map((part) => String(typeof part === "object" ? part.key : part)).join(".");
  // The messages of arktype begin with the path.
  const named = keys === "" || message.startsWith(`${keys} `) ? message : `${keys}: ${message}`;
  return named.length <= MAX_ISSUE_LENGTH ? named : `${named.slice(0, MAX_ISSUE_LENGTH).toWellFormed()}…`;
}
