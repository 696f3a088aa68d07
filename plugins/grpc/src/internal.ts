/** API for sibling packages of this repository only: it changes without notice. */
export { frame } from "./frame.ts";
export { ACCEPT_ENCODING, ENCODINGS, MICRO_ERROR_URL, OWN_KEYS, toHeaderValue } from "./headers.ts";
export { SendWindow } from "./send-window.ts";
export { isTlsOptions, readTls, tlsOptions } from "./tls-options.ts";
export { type WireType, wireTypes } from "./wire-types.ts";
