export type { Transport, TransportMessage } from "./transport.ts";

// ---- for authors of transport, client and server plugins ----

export { transport } from "./component.ts";
export { CreditStream, type CreditStreamOptions, MESSAGE_COST, type StreamPort } from "./credit-stream.ts";
export { type AcquireOptions, type Lease, SessionPool, type SessionPoolOptions } from "./session-pool.ts";
export type {
  CallDone,
  DialOptions,
  IncomingExchange,
  Listener,
  Session,
  TransportCallOptions,
  TransportStream,
} from "./transport.ts";
