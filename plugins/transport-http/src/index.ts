export { httpTransport } from "./http-transport.ts";
export type { TlsOverrides } from "./tls-options.ts";
