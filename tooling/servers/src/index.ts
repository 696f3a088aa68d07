export { findServer, type ServerPackage } from "./find-server.ts";
export { type Mosquitto, startMosquitto } from "./mosquitto.ts";
export { type NatsServer, type NatsServerOptions, startNatsServer } from "./nats-server.ts";
export { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";
