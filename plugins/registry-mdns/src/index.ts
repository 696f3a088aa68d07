export { mdnsRegistry } from "./mdns-registry.ts";
export { type MulticastProbeOptions, multicastAvailable } from "./multicast-available.ts";
