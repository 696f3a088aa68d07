export { natsTransport } from "./plugin.ts";
