import { runInCall } from "@micro/core";
import { isPromise } from "./is-promise.ts";
import type { ServerCall } from "./server-call.ts";
import { validate } from "./validation.ts";

/**
 * Runs the handler of one request and one reply inside its call, between the checks of both. Gives a promise only when
 * something takes time; throws, or rejects with, whatever a check, middleware or the handler throws.
 */
export function runHandler(call: ServerCall): unknown {
  const { route } = call;
  if (route.input === undefined && route.output === undefined) return runInCall(call, route.run);
  return runChecked(call);
}

function runChecked(call: ServerCall): unknown {
  const { input, output, endpoint, service } = call.route;
  const execute = (message: unknown): unknown => {
    call.message = message;
    const result = runInCall(call, call.route.run);
    if (output === undefined) return result;
    const subject = { id: service, code: "INTERNAL", what: `reply of ${endpoint}` } as const;
    return isPromise(result)
      ? result.then((value) => validate(output, value, subject))
      : validate(output, result, subject);
  };
  if (input === undefined) return execute(call.message);
  const subject = { id: service, code: "BAD_REQUEST", what: `request of ${endpoint}` } as const;
  const message = validate(input, call.message, subject);
  return isPromise(message) ? message.then(execute) : execute(message);
}
