import { type Code, MicroError } from "@micro/core";

/** Id of errors that say NATS could not do its work. */
const NATS_ERROR_ID = "go.micro.nats";

/** An error of the connection to NATS. @default `notSent` true: nobody got anything, so that another try is safe */
export function natsError(
  code: Code,
  detail: string,
  { cause, notSent = true }: { readonly cause?: unknown; readonly notSent?: boolean } = {},
): MicroError {
  return new MicroError({
    id: NATS_ERROR_ID,
    code,
    detail,
    notSent,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The caller of an operation has given up. */
export function cancelled(what: string, signal: AbortSignal): MicroError {
  return natsError("CANCELLED", `${what}: the caller gave up`, { cause: signal.reason });
}

/** There is no connection to these servers. */
export function unreachable(
  what: string,
  { servers, problem }: { readonly servers: string; readonly problem: string },
): MicroError {
  const question = /authoriz|authent|creds/i.test(problem)
    ? "are user and password, token, nkey or credentials those of this server?"
    : "is a nats-server running there?";
  return natsError("UNAVAILABLE", `${what}: no connection to NATS (${servers}): ${problem}; ${question}`);
}
