import { pathToFileURL } from "node:url";

/** A module that waits for something at its top level, a server or a database, may wait for ever. */
const LOAD_TIMEOUT_MS = 30_000;

/**
 * What a module of the user's exports; TypeScript is loaded as Node loads it. Rejects with what the module throws, and
 * with an Error when it takes longer than `timeoutMs` (30 s).
 */
export async function loadModule(
  file: string,
  timeoutMs = LOAD_TIMEOUT_MS,
): Promise<Readonly<Record<string, unknown>>> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new Error(`it is not loaded after ${timeoutMs / 1000} s: does it start something?`));
  }, timeoutMs);
  try {
    const loading = import(pathToFileURL(file).href) as Promise<Record<string, unknown>>;
    return await Promise.race([loading, late]);
  } finally {
    clearTimeout(timer);
  }
}
