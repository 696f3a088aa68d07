import type { CallDone } from "./transport.ts";

/**
 * What `Session.call` returns for a call that cannot begin: `done` gets the error later, as always, unless the call was
 * given up before.
 */
export function refuseCall(done: CallDone, error: Error): () => void {
  let given = false;
  queueMicrotask(() => {
    if (!given) done(error, undefined);
  });
  return () => {
    given = true;
  };
}
