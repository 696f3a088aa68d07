import type { Problem } from "./config/settings.ts";
import { type Code, MicroError } from "./errors.ts";

const START_ERROR = Symbol.for("micro.start-error");
const EXIT_REQUEST = Symbol.for("micro.exit-request");
const MAX_SHOWN = 50;

/** What a {@link StartError} is, beside its problems. */
export interface StartErrorOptions {
  /** @default "PRECONDITION_FAILED" */
  readonly code?: Code;
  /** One line for texts that go on. @default `text` */
  readonly detail?: string;
}

/**
 * A service could not be started, with every reason: what is wrong, where, and what to do. Of a wrong configuration the
 * code is `PRECONDITION_FAILED`; of a part that failed it is that part's, and its error is the cause.
 */
export class StartError extends MicroError {
  readonly problems: readonly Problem[];
  readonly [START_ERROR] = true;

  constructor(service: string, problems: readonly Problem[], options: StartErrorOptions = {}) {
    const { code = "PRECONDITION_FAILED", detail = wholeText(service, problems) } = options;
    const cause = problems.find((problem) => problem.cause !== undefined)?.cause;
    super({ code, id: service, detail, ...(cause === undefined ? {} : { cause }) });
    this.problems = problems;
  }

  override get name(): string {
    return "StartError";
  }

  /** What a program prints: the service, and of each problem a line, and one with what to do. */
  get text(): string {
    return wholeText(this.id, this.problems);
  }

  /** Brand check that works across two copies of this package. */
  static override is(value: unknown): value is StartError {
    return typeof value === "object" && value !== null && START_ERROR in value;
  }
}

function wholeText(service: string, problems: readonly Problem[]): string {
  return [
    `service '${service}' cannot start: ${problems.length === 1 ? "1 problem" : `${problems.length} problems`}`,
    ...problems.slice(0, MAX_SHOWN).map(textOf),
    ...(problems.length > MAX_SHOWN ? [`  … and ${problems.length - MAX_SHOWN} more`] : []),
  ].join("\n");
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
