import { type CallKind, type LocalCall, MicroError } from "@micro/core";
import type { Route } from "./routes.ts";

/** True for a handler of one request. */
export function takesOne(kind: CallKind): boolean {
  return kind === "unary" || kind === "serverStream";
}

/** True for a handler that gives one reply. */
export function givesOne(kind: CallKind): boolean {
  return kind === "unary" || kind === "clientStream";
}

/** The error for a unary request to a stream. */
export function notUnary(route: Route): MicroError {
  return new MicroError({
    id: route.service,
    code: "BAD_REQUEST",
    detail: `${route.endpoint} is a stream: it cannot be called with a unary request`,
  });
}

/**
 * What the handler is given when a stream of another kind was opened, as over the network, where all streams look the
 * same (spec 1.12): the first of many requests, or one request as many.
 */
export async function adaptInput(kind: CallKind, { kind: called, message }: LocalCall): Promise<unknown> {
  if (takesOne(kind) === takesOne(called)) return message;
  if (!takesOne(kind)) {
    return (async function* () {
      yield message;
    })();
  }
  for await (const first of message as AsyncIterable<unknown>) return first;
  return {};
}

/** What the caller is given when it opened a stream of another kind: one reply as many, or the only one of a stream. */
export async function adaptOutput(
  { kind, service, endpoint }: Route,
  called: CallKind,
  output: unknown,
): Promise<unknown> {
  if (givesOne(kind) === givesOne(called)) return output;
  if (givesOne(kind)) {
    return (async function* () {
      yield output;
    })();
  }
  const replies: unknown[] = [];
  const wrongCount = (what: string): MicroError =>
    // Over the network it is the client that counts.
    new MicroError({ id: "go.micro.client", code: "INTERNAL", detail: `${service} ${endpoint} ${what}` });
  for await (const reply of output as AsyncIterable<unknown>) {
    if (replies.push(reply) > 1) throw wrongCount("sent more than one reply");
  }
  if (replies.length === 0) throw wrongCount("ended without a reply");
  return replies[0];
}
