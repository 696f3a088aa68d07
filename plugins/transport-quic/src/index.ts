export { quicTransport } from "./quic-transport.ts";

// ---- for authors of drivers ----

export type {
  QuicClose,
  QuicConnection,
  QuicConnectionHandler,
  QuicConnectOptions,
  QuicDriver,
  QuicEndpoint,
  QuicListenOptions,
  QuicSettings,
  QuicStream,
  QuicStreamHandler,
} from "./driver.ts";
export { QUICHE_PACKAGES, type QuichePackage, quicheDriver } from "./quiche-driver.ts";
