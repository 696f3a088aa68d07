import { type Logger, MicroError } from "@micro/core";
import { type CallDone, CLIENT_ID, type TransportMessage } from "@micro/transport";

/** Ends a call with its reply. */
export function replied(done: CallDone, reply: TransportMessage, logger: Logger): void {
  try {
    done(undefined, reply);
  } catch (error) {
    logger.error("the receiver of a reply failed", { error });
  }
}

/** Ends a call with an error, under the name of this transport. */
export function failed(done: CallDone, error: MicroError, logger: Logger): void {
  try {
    done(error, undefined);
  } catch (thrown) {
    logger.error("the receiver of a failed call failed itself", { error: thrown });
  }
}

/** `reason` as the error of one call. */
export function broken(reason: Error, notSent: boolean): MicroError {
  const code = MicroError.is(reason) && reason.code !== "BAD_REQUEST" ? reason.code : "UNAVAILABLE";
  const detail = MicroError.is(reason) ? reason.detail : reason.message;
  return new MicroError({ code, detail, id: CLIENT_ID, notSent, cause: reason });
}
