import { defineComponent, logFailure, option } from "@micro/core";
import { createCachedRegistry } from "./cached-registry.ts";
import type { Registry, RegistryBackend } from "./registry.ts";

/** The registry component: who runs where. */
export const registry = defineComponent<Registry, RegistryBackend>()({
  name: "registry",
  description: "Service discovery",
  config: {
    addresses: option.list({
      description: "Addresses of the registry's servers",
      flag: "address",
      default: [],
    }),
    cacheTtl: option.duration({
      description: "How long a looked-up service is used without asking again",
      default: "1m",
    }),
    cacheNegativeTtl: option.duration({
      description: "How long 'nobody there' is believed",
      default: "1s",
    }),
    cacheServices: option.integer({
      description: "Services kept and watched at a time; the one not used for longest makes room",
      default: 1000,
      min: 1,
    }),
  },
  defaultPlugin: "mdns",
  assemble: ([first], { config, logger }) =>
    createCachedRegistry(first.instance, {
      ...config,
      onError: (error) => {
        logFailure(logger, "the registry cannot be asked; what was known is used", { error });
      },
    }),
});
