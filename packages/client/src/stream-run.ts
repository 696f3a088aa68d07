import { setTimeout as sleep } from "node:timers/promises";
import { type LocalNode, MicroError } from "@micro/core";
import { Attempts, LocalRequest, localBehind, localNode, outcomeUnsent } from "./attempts.ts";
import type { AbortTarget } from "./call-parties.ts";
import type { ClientCall } from "./client-call.ts";
import type { ClientContext } from "./client-context.ts";
import { CLIENT_ID, cancelled, clientError, isolatedError } from "./client-errors.ts";
import { contentTypeOf, isolateReply, isolateRequest } from "./messages.ts";
import type { AttemptOutcome, AttemptRequest, NetworkStream, Target } from "./network.ts";
import { DONE, MessageReader, Requests } from "./stream-messages.ts";

/** One attempt to open a stream. */
interface Opening {
  readonly context: ClientContext;
  readonly call: ClientCall;
  readonly requests: Requests | undefined;
  readonly attempts: Attempts;
  readonly local: LocalNode | undefined;
  readonly target: Target | undefined;
  /** How it went, as far as it is known. */
  outcome: AttemptOutcome;
  /** Streams of it that are not over: more than one only when middleware has opened it again. */
  running: number;
  /** True when selector and watcher know how it went. */
  closed: boolean;
}

/**
 * Carries out the stream of a call, on a node of this process or over the network: resolves with an AsyncIterable of
 * replies, or with the one reply of a client stream. Another node is tried only while none of the caller's requests
 * was read. Rejects with a MicroError.
 */
export async function runStream(context: ClientContext, call: ClientCall): Promise<unknown> {
  try {
    return await openStream(context, call);
  } catch (error) {
    await context.share.step();
    throw error;
  }
}

async function openStream(context: ClientContext, call: ClientCall): Promise<unknown> {
  const attempts = new Attempts(context, call);
  const requests = call.kind === "serverStream" ? undefined : new Requests(call);
  for (;;) {
    const opening: Opening = {
      ...(await choosePeer(context, call, attempts)),
      context,
      call,
      requests,
      attempts,
      outcome: "ok",
      running: 0,
      closed: false,
    };
    try {
      call.beside?.forget();
      call.run = new StreamRun(opening);
      const result = await (context.attemptChain === undefined ? open(opening) : context.attemptChain(call));
      // Middleware may have answered without it, or in place of its error.
      if (opening.running === 0) {
        closeAttempt(opening, undefined);
        requests?.stop();
      }
      if (call.kind === "clientStream") call.beside?.tellEnd();
      return result;
    } catch (thrown) {
      const error = MicroError.from(thrown, { id: CLIENT_ID });
      opening.outcome = outcomeUnsent(error, opening.outcome);
      closeAttempt(opening, error);
      const { id } = nodeOf(opening);
      const again = error.notSent && requests?.started !== true;
      const pause = again ? attempts.retryAfter(error, id, opening.outcome) : undefined;
      if (pause === undefined) {
        requests?.stop();
        call.beside?.tellEnd();
        throw call.finalError(error);
      }
      if (pause > 0) await call.during(sleep(pause, undefined, { ref: false }));
    }
  }
}

/** What the call and its middleware see of an attempt. It is stopped by the cancellation of the call. */
class StreamRun implements AbortTarget {
  readonly #opening: Opening;

  constructor(opening: Opening) {
    this.#opening = opening;
  }

  get busy(): boolean {
    return this.#opening.running > 0;
  }

  aborted(): void {
    // Whoever reads, sends or waits follows the cancellation.
  }

  perform(): Promise<unknown> {
    return open(this.#opening);
  }
}

async function choosePeer(
  context: ClientContext,
  call: ClientCall,
  attempts: Attempts,
): Promise<Pick<Opening, "local" | "target">> {
  const local = localNode(context, call, attempts);
  if (local !== undefined) return { local, target: undefined };
  const asked = attempts.select();
  const target =
    asked instanceof Promise ? await call.during(asked, (late) => late.done("cancelled")) : asked;
  return { local: localBehind(context, call, target), target };
}

async function open(opening: Opening): Promise<unknown> {
  opening.running++;
  try {
    const result = await (opening.local === undefined
      ? openRemote(opening)
      : openLocal(opening, opening.local));
    // A stream of replies runs on; its reader says when it is over.
    if (opening.call.kind === "clientStream") opening.running--;
    return result;
  } catch (error) {
    opening.running--;
    throw error;
  }
}

async function openLocal(opening: Opening, local: LocalNode): Promise<unknown> {
  const { call, requests } = opening;
  const message = requests?.isolated() ?? isolateRequest(call.message, call);
  const dispatched = local.dispatch(new LocalRequest(call, message)).catch((error: unknown) => {
    const own = isolatedError(error);
    if (own.notSent) opening.outcome = "draining";
    throw own;
  });
  const result = await call.during(dispatched);
  if (call.kind === "clientStream") {
    const reply = isolateReply(result, call);
    closeAttempt(opening, undefined);
    requests?.stop();
    return reply;
  }
  const source = (result as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  return new MessageReader(call, {
    next: async () => {
      try {
        const reply = await source.next();
        return reply.done === true ? DONE : { done: false, value: isolateReply(reply.value, call) };
      } catch (error) {
        throw isolatedError(error);
      }
    },
    // A handler that does not stop must not keep the reader: its own server logs what it throws.
    leave: () => void Promise.resolve(source.return?.()).catch(() => undefined),
    ended: (error) => {
      opening.running--;
      closeAttempt(opening, error);
      requests?.stop();
    },
  });
}

async function openRemote(opening: Opening): Promise<unknown> {
  const { context, call, attempts } = opening;
  const target = opening.target as Target;
  const request: AttemptRequest = {
    call,
    node: target.node,
    contentType: contentTypeOf(context, call),
    attemptDeadline: call.deadline,
    connectDeadline: attempts.connectDeadline(),
  };
  const stream = await call
    .during(context.wire.open(request), (late) => late.abort(cancelled(call.label, call.reason)))
    .catch((error: unknown) => {
      // A limit of our own says nothing of the node.
      opening.outcome = MicroError.from(error).code === "RESOURCE_EXHAUSTED" ? "ok" : "unreachable";
      throw error;
    });
  try {
    return await converse(opening, stream);
  } catch (error) {
    opening.outcome = stream.outcome;
    stream.abort(MicroError.from(error));
    throw error;
  }
}

async function converse(opening: Opening, stream: NetworkStream): Promise<unknown> {
  const { call, requests } = opening;
  if (requests === undefined) await call.during(Promise.resolve(stream.send(call.message)));
  else void requests.pumpInto(stream);
  if (call.kind === "clientStream") {
    const reply = await call.during(stream.next());
    if (reply.done === true) throw clientError("INTERNAL", `${call.label} ended without a reply`);
    // The handler has the last word: it may still fail.
    const after = await call.during(stream.next());
    if (after.done !== true) throw clientError("INTERNAL", `${call.label} sent more than one reply`);
    opening.outcome = stream.outcome;
    closeAttempt(opening, undefined);
    requests?.stop();
    return reply.value;
  }
  // A node that drains refuses in its first reply: the request of a server stream can then go elsewhere.
  const first = requests === undefined ? await call.during(stream.next()) : undefined;
  const source = {
    next: () => stream.next(),
    leave: (reason: Error) => stream.abort(reason),
    ended: (error: Error | undefined) => {
      opening.outcome = call.reason === undefined ? stream.outcome : "cancelled";
      opening.running--;
      closeAttempt(opening, error);
      requests?.stop();
    },
  };
  return new MessageReader(call, source, first);
}

/** Tells selector and watcher how the attempt went, once. */
function closeAttempt(opening: Opening, error: Error | undefined): void {
  if (opening.closed) return;
  opening.closed = true;
  const { target, outcome, call, attempts } = opening;
  target?.done(call.reason === undefined ? outcome : "cancelled");
  attempts.report(nodeOf(opening), error);
}

function nodeOf({ local, target }: Opening): { readonly id: string; readonly address?: string } {
  // One of the two was chosen.
  return local ?? (target as Target).node;
}
