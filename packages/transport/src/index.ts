export type { Transport, TransportMessage } from "./transport.ts";

// ---- for authors of transport, client and server plugins ----

export { transport } from "./component.ts";
export { CreditStream, type CreditStreamOptions, MESSAGE_COST, type StreamPort } from "./credit-stream.ts";
export {
  answeredTwice,
  CLIENT_ID,
  notSent,
  SERVER_ID,
  type TransportErrorOptions,
  tooLarge,
  transportError,
  unavailable,
} from "./errors.ts";
export { refuseCall } from "./refuse-call.ts";
export {
  type ExchangePort,
  ServerExchange,
  type ServerExchangeOptions,
  type StreamOfCallOptions,
  streamOfCall,
} from "./server-exchange.ts";
export { SessionLife, type SessionLifeOptions } from "./session-life.ts";
export { type AcquireOptions, type Lease, SessionPool, type SessionPoolOptions } from "./session-pool.ts";
export { transportTlsOptions } from "./tls-options.ts";
export type {
  CallDone,
  DialOptions,
  IncomingExchange,
  Listener,
  Session,
  TransportCallOptions,
  TransportStream,
} from "./transport.ts";
