import type { Problem } from "./config/settings.ts";
import { MicroError } from "./errors.ts";

const START_ERROR = Symbol.for("micro.start-error");
const EXIT_REQUEST = Symbol.for("micro.exit-request");
const MAX_SHOWN = 50;

/** A service could not be started, with every reason: what is wrong, where, and what to do. */
export class StartError extends MicroError {
  readonly problems: readonly Problem[];
  readonly [START_ERROR] = true;

  constructor(service: string, problems: readonly Problem[]) {
    const cause = problems.find((problem) => problem.cause !== undefined)?.cause;
    super({
      code: "PRECONDITION_FAILED",
      id: service,
      detail: [
        `service '${service}' cannot start: ${problems.length === 1 ? "1 problem" : `${problems.length} problems`}`,
        ...problems.slice(0, MAX_SHOWN).map(textOf),
        ...(problems.length > MAX_SHOWN ? [`  … and ${problems.length - MAX_SHOWN} more`] : []),
      ].join("\n"),
      ...(cause === undefined ? {} : { cause }),
    });
    this.problems = problems;
  }

  override get name(): string {
    return "StartError";
  }

  /** Brand check that works across two copies of this package. */
  static override is(value: unknown): value is StartError {
    return typeof value === "object" && value !== null && START_ERROR in value;
  }
}

function textOf({ message, where, hint }: Problem): string {
  return `  ${where}: ${message}${hint === undefined ? "" : `\n      ${hint}`}`;
}

/** The command line asked to print something and end (`--help`, `--version`); `runService` does so. */
export class ExitRequest extends Error {
  /** What to print to standard output. */
  readonly text: string;
  /** Exit code of the process. */
  readonly code: number;
  readonly [EXIT_REQUEST] = true;

  constructor(text: string, code: number) {
    super("the command line asked to end");
    this.text = text;
    this.code = code;
  }

  override get name(): string {
    return "ExitRequest";
  }

  /** Brand check that works across two copies of this package. */
  static is(value: unknown): value is ExitRequest {
    return typeof value === "object" && value !== null && EXIT_REQUEST in value;
  }
}
