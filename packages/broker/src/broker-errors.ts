import { type Code, MicroError } from "@micro/core";
import type { BrokerCallOptions } from "./broker.ts";

/** Id of errors that say the broker could not do its work (spec 5.3). */
export const BROKER_ERROR_ID = "go.micro.broker";
/** Deadline of a broker operation when nothing else is said, in ms. */
export const DEFAULT_TIMEOUT_MS = 5000;

/** An error of a broker; `notSent` says that no subscriber got the message, so that another try is safe. */
export function brokerError(
  code: Code,
  detail: string,
  { cause, notSent = false }: { readonly cause?: unknown; readonly notSent?: boolean } = {},
): MicroError {
  return new MicroError({
    id: BROKER_ERROR_ID,
    code,
    detail,
    notSent,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** `UNAVAILABLE`: the broker of this name is stopped, and nobody got anything. */
export function stoppedError(broker: string, what: string): MicroError {
  const detail = `${what}: the broker '${broker}' is stopped, and with it its service; start another one`;
  return brokerError("UNAVAILABLE", detail, { notSent: true });
}

/** Throws `CANCELLED` when the caller has given up already. */
export function checkAbort(what: string, signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  throw brokerError("CANCELLED", `${what}: the caller gave up`, { cause: signal.reason, notSent: true });
}

/** Whether `promise` resolves before the bounds of an operation do; it is left alone when not. Rejects when it does in time. */
export async function endsWithin(promise: Promise<unknown>, bounds: BrokerCallOptions): Promise<boolean> {
  const { signal, timeoutMs = DEFAULT_TIMEOUT_MS } = bounds;
  let giveUp = (): void => undefined;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    giveUp = () => resolve(false);
    timer = setTimeout(giveUp, timeoutMs);
    if (signal?.aborted) giveUp();
    else signal?.addEventListener("abort", giveUp, { once: true });
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", giveUp);
  }
}
