import type { Problem } from "@micro/core";
import { EXIT_CODES } from "../exit-codes.ts";
import { Failure } from "../failure.ts";

/** Why a composition cannot be wired, every reason, in the form in which a start fails. */
export function cannotWire(service: string, problems: readonly Problem[]): Failure {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  const lines = problems.map(
    ({ where, message, hint }) => `  ${where}: ${message}${hint === undefined ? "" : `\n      ${hint}`}`,
  );
  return new Failure([`service '${service}' cannot be wired: ${count}`, ...lines].join("\n"), {
    exitCode: EXIT_CODES.usage,
  });
}
