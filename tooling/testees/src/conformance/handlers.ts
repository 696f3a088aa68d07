import { setTimeout as sleep } from "node:timers/promises";
import {
  type CallContext,
  codeOfGrpc,
  type ErrorDetail,
  type HandlerBinding,
  implement,
  MicroError,
} from "@micro/core";
import type { MessageType } from "@micro/core/message";
import type { Any } from "@micro/core/wkt";
import {
  BidiStreamRequest,
  ClientStreamRequest,
  type ConformancePayload,
  ConformancePayload_RequestInfo,
  ConformanceService,
  type ErrorMessage,
  IdempotentUnaryRequest,
  ServerStreamRequest,
  type StreamResponseDefinition,
  UnaryRequest,
  type UnaryResponseDefinition,
} from "../gen/connectrpc/conformance/v1/service.ts";
import type { ProtoWire } from "./wire.ts";

type Info = ConformancePayload_RequestInfo;

/** The conformance service. */
export function conformanceHandlers(wire: ProtoWire): readonly HandlerBinding[] {
  const one =
    <R extends { responseDefinition?: UnaryResponseDefinition | undefined }>(type: MessageType<R>) =>
    async (request: R, context: CallContext) =>
      reply(request.responseDefinition, infoOf([wire.pack(type, request)], context), context);

  const reply = async (
    definition: UnaryResponseDefinition | undefined,
    info: Info,
    context: CallContext,
  ): Promise<{ payload: Partial<ConformancePayload> }> => {
    say(definition, context);
    await pause(definition?.responseDelayMs, context.signal);
    if (definition?.error !== undefined) throw errorOf(definition.error, detail(info));
    return { payload: { data: definition?.responseData ?? new Uint8Array(0), requestInfo: info } };
  };

  const detail = (info: Info): Any => wire.pack(ConformancePayload_RequestInfo, info);

  async function* replies(
    definition: StreamResponseDefinition | undefined,
    info: Info,
    context: CallContext,
  ) {
    if (definition === undefined) return;
    say(definition, context);
    const { responseData, responseDelayMs, error } = definition;
    for (const [at, data] of responseData.entries()) {
      await pause(responseDelayMs, context.signal);
      yield { payload: at === 0 ? { data, requestInfo: info } : { data } };
    }
    if (error !== undefined) throw errorOf(error, responseData.length === 0 ? detail(info) : undefined);
  }

  return implement(ConformanceService, {
    unary: one(UnaryRequest),
    idempotentUnary: one(IdempotentUnaryRequest),
    serverStream: (request, context) =>
      replies(
        request.responseDefinition,
        infoOf([wire.pack(ServerStreamRequest, request)], context),
        context,
      ),
    async clientStream(requests, context) {
      const seen: ClientStreamRequest[] = [];
      for await (const request of requests) seen.push(request);
      const packed = seen.map((request) => wire.pack(ClientStreamRequest, request));
      return reply(seen[0]?.responseDefinition, infoOf(packed, context), context);
    },
    async *bidiStream(requests, context) {
      const seen: Any[] = [];
      let first: BidiStreamRequest | undefined;
      let sent = 0;
      for await (const request of requests) {
        if (first === undefined) {
          first = request;
          say(first.responseDefinition, context);
        }
        seen.push(wire.pack(BidiStreamRequest, request));
        if (!first.fullDuplex) continue;
        const { responseData = [], responseDelayMs } = first.responseDefinition ?? {};
        const data = responseData[sent];
        if (data === undefined) break;
        await pause(responseDelayMs, context.signal);
        const requestInfo = sent++ === 0 ? infoOf(seen, context) : infoOf(seen, undefined);
        yield { payload: { data, requestInfo } };
        seen.length = 0;
      }
      const definition = first?.responseDefinition;
      if (definition === undefined) return;
      if (first?.fullDuplex !== true) {
        yield* replies(definition, infoOf(seen, context), context);
        return;
      }
      for (const data of definition.responseData.slice(sent)) {
        await pause(definition.responseDelayMs, context.signal);
        yield { payload: sent++ === 0 ? { data, requestInfo: infoOf(seen, context) } : { data } };
      }
      if (definition.error !== undefined)
        throw errorOf(definition.error, sent === 0 ? detail(infoOf(seen, context)) : undefined);
    },
  });
}

/** What a definition asks for beside the messages. */
function say(
  definition: Pick<UnaryResponseDefinition, "responseHeaders" | "responseTrailers"> | undefined,
  { replyHeader, replyTrailer }: CallContext,
): void {
  for (const { name, value } of definition?.responseHeaders ?? []) replyHeader.set(name, value.join(", "));
  for (const { name, value } of definition?.responseTrailers ?? []) replyTrailer.set(name, value.join(", "));
}

/** What a handler saw: headers and time come with the first reply only. */
function infoOf(requests: readonly Any[], context: CallContext | undefined): Info {
  if (context === undefined) return { requestHeaders: [], requests: [...requests] };
  const { metadata, deadline } = context;
  return {
    requestHeaders: Array.from(metadata, ([name, value]) => ({ name, value: value.split(/, ?/) })),
    requests: [...requests],
    ...(deadline === Infinity ? {} : { timeoutMs: Math.round(context.remainingMs()) }),
  };
}

function errorOf({ code, message = "", details }: ErrorMessage, info: Any | undefined): MicroError {
  const all: ErrorDetail[] = [...details, ...(info === undefined ? [] : [info])];
  return new MicroError({ code: codeOfGrpc(code), detail: message, details: all });
}

async function pause(ms: number | undefined, signal: AbortSignal): Promise<void> {
  if (ms !== undefined && ms > 0) await sleep(ms, undefined, { signal });
}
