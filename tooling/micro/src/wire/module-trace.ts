import { registerHooks } from "node:module";

/** Which modules imported which, and by what names. URLs of modules throughout. */
export class ModuleTrace {
  readonly #imports = new Map<string, Set<string>>();
  readonly #packageNames = new Map<string, Set<string>>();

  /** Every module that was imported. */
  get modules(): Iterable<string> {
    return this.#imports.keys();
  }

  /** The names under which a module was imported as a package: `@micro/server-rpc`. */
  packageNames(url: string): readonly string[] {
    return [...(this.#packageNames.get(url) ?? [])].sort();
  }

  /** The modules that come along with a module, itself included. */
  reach(url: string): ReadonlySet<string> {
    const reached = new Set([url]);
    for (const each of reached) for (const next of this.#imports.get(each) ?? []) reached.add(next);
    return reached;
  }

  record(parent: string | undefined, specifier: string, url: string): void {
    if (!this.#imports.has(url)) this.#imports.set(url, new Set());
    if (parent !== undefined) this.#imports.set(parent, (this.#imports.get(parent) ?? new Set()).add(url));
    if (/^(@[\w.-]+\/)?[A-Za-z\d][\w.-]*(\/|$)/.test(specifier))
      this.#packageNames.set(url, (this.#packageNames.get(url) ?? new Set()).add(specifier));
  }
}

/** Runs `load` and watches what it imports. Modules that were there before keep what they import to themselves. */
export async function traceImports<T>(
  load: () => Promise<T>,
): Promise<{ readonly loaded: T; readonly trace: ModuleTrace }> {
  const trace = new ModuleTrace();
  const hooks = registerHooks({
    resolve(specifier, context, nextResolve) {
      const resolved = nextResolve(specifier, context);
      // What old modules `require` is their own business: nobody can import plugins from there.
      if (resolved.url.startsWith("file:") && !context.conditions.includes("require"))
        trace.record(context.parentURL, specifier, resolved.url);
      return resolved;
    },
  });
  try {
    return { loaded: await load(), trace };
  } finally {
    hooks.deregister();
  }
}
