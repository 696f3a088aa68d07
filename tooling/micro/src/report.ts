import type { AttemptInfo } from "@micro/client";
import { MicroError, StartError } from "@micro/core";
import { EXIT_CODES } from "./exit-codes.ts";
import { exitCodeOf, Failure } from "./failure.ts";
import { type Output, pairs } from "./output.ts";
import { printableLine, toJson } from "./printable.ts";

/** Tells standard error why a command failed, as text or as one JSON document, and gives the exit code. */
export function reportFailure(thrown: unknown, output: Output): number {
  const exitCode = exitCodeOf(thrown);
  const failure = thrown instanceof Failure ? thrown : undefined;
  const error = failure === undefined ? thrown : (failure.cause ?? failure);
  if (output.json) output.note(toJson(failureJson({ thrown, error, failure, exitCode })));
  else for (const line of failureLines({ thrown, error, failure, exitCode })) output.note(line);
  return exitCode;
}

interface Told {
  readonly thrown: unknown;
  /** What is behind it. */
  readonly error: unknown;
  readonly failure: Failure | undefined;
  readonly exitCode: number;
}

function failureJson({ thrown, error, failure, exitCode }: Told): object {
  return {
    error: { message: messageOf(thrown), ...(MicroError.is(error) ? { ...errorFields(error) } : {}) },
    exitCode,
    ...(failure === undefined || failure.hints.length === 0 ? {} : { hints: failure.hints }),
    ...(failure === undefined || failure.attempts.length === 0
      ? {}
      : { attempts: failure.attempts.map(attemptJson) }),
  };
}

function failureLines({ thrown, error, failure, exitCode }: Told): readonly string[] {
  const lines = [`micro: ${messageOf(thrown)}`];
  if (failure !== undefined && MicroError.is(error)) {
    const { id, code, httpCode } = error;
    lines.push(
      `  ${pairs({ code: `${httpCode === 0 ? "" : `${httpCode} `}${code}`, ...(id === "" ? {} : { id }) })}`,
    );
  }
  for (const attempt of failure?.attempts ?? []) lines.push(`  tried ${attemptText(attempt, error)}`);
  for (const hint of failure?.hints ?? []) lines.push(`  ${hint}`);
  if (
    exitCode === EXIT_CODES.unexpected &&
    error instanceof Error &&
    !MicroError.is(error) &&
    error.stack !== undefined
  )
    lines.push(error.stack);
  return lines;
}

function messageOf(thrown: unknown): string {
  if (StartError.is(thrown)) return startMessage(thrown);
  if (MicroError.is(thrown)) return thrown.detail;
  if (thrown instanceof AggregateError) return [thrown.message, ...thrown.errors.map(messageOf)].join("\n  ");
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** All that is wrong with the configuration; of a part that failed, which one, what, where it was set and what to do. */
function startMessage({ text, detail, problems }: StartError): string {
  if (detail === text) return text.replace(/^service '[^']*' cannot start/, "the configuration is wrong");
  return problems
    .map(({ where, message, hint }) => `${where}: ${message}${hint === undefined ? "" : `\n  ${hint}`}`)
    .join("\n");
}

/** The fields of an error, for JSON. */
export function errorFields({
  id,
  code,
  httpCode,
  status,
  detail,
}: MicroError): Readonly<Record<string, unknown>> {
  return { id, code, httpCode, status, detail };
}

const attemptJson = ({ nodeId, address, error }: AttemptInfo): object => ({
  nodeId,
  address,
  ...(error === undefined ? {} : { error: messageOf(error) }),
});

function attemptText({ nodeId, address, error }: AttemptInfo, told: unknown): string {
  const node = printableLine(nodeId === address ? address : `${nodeId} (${address})`);
  if (error === undefined) return `${node}: answered`;
  const why = messageOf(error);
  return why === messageOf(told) ? node : `${node}: ${printableLine(why)}`;
}
