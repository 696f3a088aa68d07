import { definePlugin, option } from "@micro/core";
import { registry } from "@micro/registry";
import { MemoryRegistryWorld } from "./memory-registry-world.ts";

/**
 * Service discovery inside one process. Without the option `world` a service sees itself alone; services that are
 * given the same {@link MemoryRegistryWorld} see each other.
 */
export const memoryRegistry = definePlugin(registry, {
  name: "memory",
  config: {
    world: option.value(MemoryRegistryWorld.is, {
      description: "The nodes this service sees; shared with others on purpose",
      expects: "a MemoryRegistryWorld",
    }),
  },
  create: ({ config }) => (config.world ?? new MemoryRegistryWorld()).connect(),
});
