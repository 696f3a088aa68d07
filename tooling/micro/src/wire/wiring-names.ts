import { claim, identifier, TAKEN } from "../generate/names.ts";
import type { Origin } from "./origins.ts";

/** The names of what generated wiring declares, by what it is. */
export interface WiringNames {
  /** `createClock`, `runClock` and the type `Clock` of a service `clock`. */
  readonly create: string;
  readonly run: string;
  readonly type: string;
  /** The variable of a component. */
  readonly variable: (component: string) => string;
  /** The name of an import. Asked twice, it is the same. */
  readonly imported: (origin: Origin, fallback: string) => string;
  /** Imports by module, with their names here by exported name. */
  readonly imports: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** What every generated wiring imports or declares itself. */
const OWN = "WiredOptions WiredService create options plugins runWired settings wireService".split(" ");

/**
 * Names everything in a file of wiring. A component's variable has the component's name, an import that of the export;
 * where both are one name, or two exports have the same, the import gets its kind behind it: `greetingsPlugin`.
 */
export function nameWiring(service: string, variables: readonly string[]): WiringNames {
  const used = new Set([...TAKEN, ...OWN]);
  const base = identifier(service);
  const pascal = base.charAt(0).toUpperCase() + base.slice(1);
  const type = claim(used, TAKEN.has(pascal) ? `${pascal}Service` : pascal);
  const create = claim(used, `create${pascal}`);
  const run = claim(used, `run${pascal}`);
  const byComponent = new Map(
    variables.map((name) => [name, claim(used, used.has(name) ? `${name}Component` : name)]),
  );
  const imports = new Map<string, Map<string, string>>();
  return {
    create,
    run,
    type,
    imports,
    variable: (component) => byComponent.get(component) ?? component,
    imported({ module, name }, fallback) {
      const names = imports.get(module) ?? new Map<string, string>();
      imports.set(module, names);
      const known = names.get(name);
      if (known !== undefined) return known;
      const isFree = /^[A-Za-z_$][\w$]*$/.test(name) && !used.has(name);
      const own = claim(used, isFree ? name : fallback);
      names.set(name, own);
      return own;
    },
  };
}
