import { MicroError } from "@micro/core";
import type { ServerCall } from "./server-call.ts";

/** What the caller is told. What a handler threw that is no MicroError is a bug of the handler: it is logged too. */
export function handlerError(thrown: unknown, call: ServerCall, service: string): MicroError {
  if (MicroError.is(thrown)) {
    // A call of the handler that was not sent does not mean that the handler did not run.
    return thrown.notSent ? new MicroError({ ...wireFields(thrown), cause: thrown }) : thrown;
  }
  const { reason } = call.cancellation;
  if (reason !== undefined) {
    // Whatever a cancelled handler ends with, an AbortError most of the time, it ends because of the reason.
    call.logger.debug("handler was cancelled", { error: thrown });
    return MicroError.from(reason, { id: service, code: "CANCELLED" });
  }
  call.logger.error("handler failed", { error: thrown });
  return MicroError.from(thrown, { id: service });
}

/** What of an error other processes would see. */
export function wireFields({ id, code, detail, status, httpCode, details }: MicroError) {
  return { id, code, detail, status, httpCode, details };
}
