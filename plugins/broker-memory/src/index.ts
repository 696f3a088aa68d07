export { memoryBroker } from "./memory-broker.ts";
export { MemoryBus } from "./memory-bus.ts";
