export type { Server, ServerHealth } from "./server.ts";

// ---- for authors of server plugins ----

export { notUnary } from "./call-shapes.ts";
export { server } from "./component.ts";
export type { Dispatcher, IncomingCall, ServerStream } from "./dispatcher.ts";
export type { EndpointDescription } from "./endpoints.ts";
export { decodeRequest, encodeReply, type RequestCodec } from "./messages.ts";
export type { NodeRecord, RegistrationTarget } from "./registration.ts";
export type { Route } from "./routes.ts";
export type { CallOrigin, Refusal, ServerCall } from "./server-call.ts";
export {
  createServer,
  type RunningCore,
  type ServerConfig,
  type ServerCoreOptions,
  type ServerListener,
  type ServerWire,
} from "./server-core.ts";
export type { EventCodecs, EventMessage, SubscriptionSource, Subscriptions } from "./subscriptions.ts";
export type { ValueDescription } from "./values.ts";
