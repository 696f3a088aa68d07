import type { Problem } from "./config/settings.ts";
import { MicroError } from "./errors.ts";

/** A service could not be started, with every reason: what is wrong, where, and what to do. */
export class StartError extends MicroError {
  readonly problems: readonly Problem[];

  constructor(service: string, problems: readonly Problem[]) {
    super({
      code: "PRECONDITION_FAILED",
      id: service,
      detail: [
        `service '${service}' cannot start: ${problems.length === 1 ? "1 problem" : `${problems.length} problems`}`,
        ...problems.map(
          ({ message, where, hint }) =>
            `  ${where}: ${message}${hint === undefined ? "" : `\n      ${hint}`}`,
        ),
      ].join("\n"),
    });
    this.problems = problems;
  }

  override get name(): string {
    return "StartError";
  }
}

/** The command line asked to print something and end (`--help`, `--version`); `runService` does so. */
export class ExitRequest extends Error {
  /** What to print to standard output. */
  readonly text: string;
  /** Exit code of the process. */
  readonly code: number;

  constructor(text: string, code: number) {
    super("the command line asked to end");
    this.text = text;
    this.code = code;
  }

  override get name(): string {
    return "ExitRequest";
  }
}
