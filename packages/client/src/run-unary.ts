import { PENDING } from "@micro/core";
import type { ClientCall } from "./client-call.ts";
import type { ClientContext } from "./client-context.ts";
import { LocalRun } from "./local-run.ts";
import { localWay } from "./local-way.ts";
import { isolateReply, isolateRequest } from "./messages.ts";
import { UnaryRun } from "./unary-run.ts";

/**
 * Carries out one unary call that no middleware stands around.
 *
 * Most calls inside the process are answered at once, and such a call is here no more than two copies and the handler.
 * For a handler that takes time a {@link LocalRun} waits; whatever else comes of it (an error, another attempt, the
 * network) is the business of {@link UnaryRun}, which goes on from where this is.
 */
export function runUnary(context: ClientContext, call: ClientCall): Promise<unknown> {
  const way = localWay(context, call);
  if (way === undefined || call.mustNotBegin) return new UnaryRun(context, call, true).start();
  let request: unknown;
  try {
    request = isolateRequest(call.message, call);
  } catch {
    // Nothing has begun yet: it fails there in the same way, and is reported.
    return new UnaryRun(context, call, true).start();
  }
  let reply: unknown;
  try {
    reply = way.entry(call, request, call);
  } catch (error) {
    const run = new UnaryRun(context, call, true).watch().follow(way.node);
    run.failed(error);
    return run.promise;
  }
  if (reply === PENDING) return new LocalRun(context, call, way.node).promise;
  if (call.reason === undefined) {
    try {
      return Promise.resolve(isolateReply(reply, call));
    } catch {
      // As above.
    }
  }
  const run = new UnaryRun(context, call, true).watch().follow(way.node);
  run.replied(reply);
  return run.promise;
}
