import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";

/** The folder of the package that a file belongs to; undefined when no folder above it has a package.json. */
export function packageFolder(file: string): string | undefined {
  for (const folder of foldersAbove(file)) if (existsSync(join(folder, "package.json"))) return folder;
  return undefined;
}

/** The folder of the package that a module of `file` would import by this name; undefined when there is none. */
export function installedFolder(packageName: string, file: string): string | undefined {
  for (const folder of foldersAbove(file)) {
    const candidate = join(folder, "node_modules", packageName);
    if (existsSync(join(candidate, "package.json"))) return realpathSync(candidate);
  }
  return undefined;
}

/** Names of all packages that a package.json declares. */
export function declaredPackages(folder: string): ReadonlySet<string> {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Readonly<
    Record<string, unknown>
  >;
  const fields = ["dependencies", "peerDependencies", "optionalDependencies", "devDependencies"];
  return new Set(fields.flatMap((field) => Object.keys((manifest[field] ?? {}) as object)));
}

/** `@micro/server-rpc/internal` is of `@micro/server-rpc`. */
export function packageNameOf(specifier: string): string {
  const parts = specifier.split("/");
  return parts.slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}

function* foldersAbove(file: string): Iterable<string> {
  let folder = dirname(file);
  for (;;) {
    yield folder;
    const above = dirname(folder);
    if (above === folder) return;
    folder = above;
  }
}
