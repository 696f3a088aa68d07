import { setTimeout as sleep } from "node:timers/promises";
import { type CallContext, codeOfGrpc, type HandlerBinding, implement, MicroError } from "@micro/core";
import type { EchoStatus, Payload, StreamingOutputCallRequest } from "../gen/grpc/testing/messages.ts";
import { TestService } from "../gen/grpc/testing/test.ts";

/** Keys whose values a server says again, in its header and in its trailer. */
export const ECHO_INITIAL = "x-grpc-test-echo-initial";
export const ECHO_TRAILING = "x-grpc-test-echo-trailing-bin";

/** A body of so many zeros. Throws `BAD_REQUEST` for a size below 0. */
export function payloadOf(size: number): Payload {
  if (size < 0)
    throw new MicroError({ code: "BAD_REQUEST", detail: `a reply of ${size} bytes was asked for` });
  return { type: 0, body: new Uint8Array(size) };
}

/** The handlers of gRPC's interop test descriptions. */
export function testServiceHandlers(): readonly HandlerBinding[] {
  const unary = (
    request: { responseStatus?: EchoStatus | undefined; responseSize: number },
    context: CallContext,
  ) => {
    echoMetadata(context);
    failIfAsked(request.responseStatus);
    return { payload: payloadOf(request.responseSize) };
  };
  return implement(TestService, {
    emptyCall: () => ({}),
    unaryCall: unary,
    cacheableUnaryCall: unary,
    streamingOutputCall: (request, { signal }) => repliesTo(request, signal),
    async streamingInputCall(requests) {
      let size = 0;
      for await (const { payload } of requests) size += payload?.body.length ?? 0;
      return { aggregatedPayloadSize: size };
    },
    async *fullDuplexCall(requests, context) {
      echoMetadata(context);
      for await (const request of requests) {
        failIfAsked(request.responseStatus);
        yield* repliesTo(request, context.signal);
      }
    },
    async *halfDuplexCall(requests, { signal }) {
      const all: StreamingOutputCallRequest[] = [];
      for await (const request of requests) all.push(request);
      for (const request of all) yield* repliesTo(request, signal);
    },
  });
}

/** What the case `custom_metadata` sends comes back. */
function echoMetadata({ metadata, replyHeader, replyTrailer }: CallContext): void {
  const initial = metadata.get(ECHO_INITIAL);
  if (initial !== undefined) replyHeader.set(ECHO_INITIAL, initial);
  const trailing = metadata.get(ECHO_TRAILING);
  if (trailing !== undefined) replyTrailer.set(ECHO_TRAILING, trailing);
}

async function* repliesTo({ responseParameters }: StreamingOutputCallRequest, signal: AbortSignal) {
  for (const { size, intervalUs } of responseParameters) {
    if (intervalUs > 0) await sleep(intervalUs / 1000, undefined, { signal });
    yield { payload: payloadOf(size) };
  }
}

function failIfAsked(status: EchoStatus | undefined): void {
  if (status === undefined || status.code === 0) return;
  throw new MicroError({ code: codeOfGrpc(status.code), detail: status.message });
}
