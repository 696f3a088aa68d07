export { memoryRegistry } from "./memory-registry.ts";
export { MemoryRegistryWorld } from "./memory-registry-world.ts";
