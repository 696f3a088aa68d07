import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { type Contract, MicroError } from "@micro/core";
import { loadModule } from "../load-module.ts";

/**
 * The contracts that a module exports: by themselves, in lists, as part of a definition's handlers. TypeScript is
 * loaded as Node loads it. Throws a MicroError `BAD_REQUEST` if the module cannot be loaded or exports none.
 */
export async function findContracts(module: string, baseDir: string): Promise<readonly Contract[]> {
  const exported = await load(module, baseDir);
  const found = new Set<Contract>();
  // By name, as Node lists them: what is generated does not depend on who loads the module.
  for (const name of Object.keys(exported).sort()) collect(exported[name], found);
  if (found.size > 0) return [...found];
  const names = Object.keys(exported);
  throw refused(
    `${module} exports no contract${names.length === 0 ? "" : `, but ${names.join(", ")}`}: export what defineContract gives, or a definition whose handlers are a list`,
  );
}

async function load(module: string, baseDir: string): Promise<Readonly<Record<string, unknown>>> {
  const file = resolve(baseDir, module);
  // Node's own words would name a file of this command as the one that asks for it.
  if (!existsSync(file)) throw refused(`there is no file ${module}`);
  try {
    return await loadModule(file);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw refused(`cannot load ${module}: ${why}`, cause);
  }
}

/** Lists inside lists: handlers are such. */
const MAX_DEPTH = 4;

function collect(value: unknown, found: Set<Contract>, depth = 0): void {
  if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return;
  if (Array.isArray(value)) {
    for (const entry of value) collect(entry, found, depth + 1);
    return;
  }
  // The module may have a copy of the core of its own, so only the shape counts.
  if (isContract(value)) found.add(value);
  else if ("contract" in value) collect(value.contract, found, depth + 1);
  else if ("handlers" in value && Array.isArray(value.handlers)) collect(value.handlers, found, depth + 1);
}

function isContract(value: object): value is Contract {
  const { name, service, methods } = value as Partial<Record<keyof Contract, unknown>>;
  return (
    typeof name === "string" &&
    typeof service === "string" &&
    typeof methods === "object" &&
    methods !== null &&
    Object.values(methods).every(
      (method: unknown) => typeof method === "object" && method !== null && "kind" in method,
    )
  );
}

/** The error for what the command cannot make files of. */
export function refused(detail: string, cause?: unknown): MicroError {
  return new MicroError({
    code: "BAD_REQUEST",
    detail: `generate --from-code: ${detail}`,
    ...(cause === undefined ? {} : { cause }),
  });
}
