import type { NatsOptions } from "../src/index.ts";

/** Nothing but times, in which a test sees an outage end. */
export const QUICK: NatsOptions = {
  user: undefined,
  password: undefined,
  token: undefined,
  nkey: undefined,
  credentials: undefined,
  connectTimeout: 2000,
  reconnectPause: 50,
  pingInterval: 20_000,
  tls: undefined,
};
