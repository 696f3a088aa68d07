export { MemoryNetwork } from "./memory-network.ts";
export { memoryTransport } from "./memory-transport.ts";
