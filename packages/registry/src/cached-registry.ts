import type { Registry, RegistryBackend } from "./registry.ts";
export declare function createCachedRegistry(
  backend: RegistryBackend,
  options: { readonly cacheTtl: number; readonly cacheNegativeTtl: number },
): Registry;
