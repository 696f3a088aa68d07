import type { AttemptInfo } from "@micro/client";
import { MicroError } from "@micro/core";
import { EXIT_CODES, type ExitCode } from "./exit-codes.ts";

/** What a {@link Failure} says beside its error. */
export interface FailureOptions {
  readonly exitCode: ExitCode;
  /** What to do about it, a line each. */
  readonly hints?: readonly string[];
  /** The attempts that were made. */
  readonly attempts?: readonly AttemptInfo[];
  readonly cause?: unknown;
}

/** Why a command ends without having done what was asked, and the exit code that says so. */
export class Failure extends Error {
  readonly exitCode: ExitCode;
  readonly hints: readonly string[];
  readonly attempts: readonly AttemptInfo[];

  constructor(message: string, options: FailureOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = options.exitCode;
    this.hints = options.hints ?? [];
    this.attempts = options.attempts ?? [];
  }

  override get name(): string {
    return "Failure";
  }
}

/** A mistake in what was typed. */
export function usageError(message: string, ...hints: readonly string[]): Failure {
  return new Failure(message, { exitCode: EXIT_CODES.usage, hints });
}

/** Ids of errors that this process makes itself; a service's own errors carry its name. */
const OWN_ID = /^go\.micro\.(client|registry|broker|selector|transport)\b/;
const CODEC_ID = "go.micro.client.codec";
/** What Go Micro's router (spec 1.11) and gRPC servers say of an endpoint that they do not have. */
const NO_SUCH_ENDPOINT =
  /^rpc: can't find (service|method)|unknown (service|method)|does not implement the method/i;

/** True when the error says that the node has no such endpoint. */
export function saysNoSuchEndpoint(error: unknown): boolean {
  return MicroError.is(error) && NO_SUCH_ENDPOINT.test(error.detail);
}

/** The exit code for an error of this process itself: of composing, of the registry, of the broker. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof Failure) return error.exitCode;
  if (!MicroError.is(error)) return EXIT_CODES.unexpected;
  switch (error.code) {
    case "BAD_REQUEST":
    case "PRECONDITION_FAILED":
    case "UNIMPLEMENTED":
      return EXIT_CODES.usage;
    case "NOT_FOUND":
      return EXIT_CODES.notFound;
    case "UNAVAILABLE":
    case "RESOURCE_EXHAUSTED":
      return EXIT_CODES.unavailable;
    case "TIMEOUT":
      return EXIT_CODES.timeout;
    default:
      return EXIT_CODES.unexpected;
  }
}

/** The exit code for an error of a call or a stream: whether a node answered with it decides. */
export function callExitCode(error: unknown, attempts: readonly AttemptInfo[]): ExitCode {
  if (!MicroError.is(error)) return exitCodeOf(error);
  if (saysNoSuchEndpoint(error)) return EXIT_CODES.notFound;
  const own = OWN_ID.test(error.id) && error.id !== CODEC_ID;
  if (error.notSent || attempts.length === 0) return exitCodeOf(error);
  if (own && (error.code === "TIMEOUT" || error.code === "UNAVAILABLE")) return exitCodeOf(error);
  return EXIT_CODES.failed;
}
