export type {
  AttemptInfo,
  CallOptions,
  CallRequest,
  Client,
  ClientMethod,
  ContractClient,
  PublishOptions,
  StreamRequest,
} from "./client.ts";

// ---- for authors of client plugins ----

export type { Beside } from "./beside.ts";
export type { CallShape } from "./call-shape.ts";
export type { ClientCall } from "./client-call.ts";
export { createClient } from "./client-core.ts";
export { CLIENT_ID, clientError, codeOfContextText } from "./client-errors.ts";
export { client } from "./component.ts";
export { CODEC_ID, DEFAULT_CONTENT_TYPE, decodeReply, encodeRequest } from "./messages.ts";
export type {
  AttemptOutcome,
  AttemptRequest,
  AttemptSink,
  ClientConfig,
  ClientCoreOptions,
  ClientWire,
  MessageCodec,
  MessageCodecs,
  NetworkStream,
  PublishTarget,
  RunningAttempt,
  Target,
  TargetNode,
  TargetRequest,
  TargetSelector,
} from "./network.ts";
