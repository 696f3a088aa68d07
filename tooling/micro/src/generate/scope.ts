import { posix } from "node:path";
import { isWellKnown, type SourceFile, type TypeModel, type WellKnownFile } from "./model.ts";
import { nearestName } from "./nearest-name.ts";
import { isAnnotationsFile, wellKnownFileOf, wellKnownTypes } from "./well-known.ts";

/** A type that a field or method names. */
export interface ResolvedType {
  readonly file: SourceFile | WellKnownFile;
  readonly kind: "message" | "enum";
  readonly fullName: string;
}

/** Why there is no type of a name. */
export interface Unresolved {
  readonly problem: string;
  /** A missing import explains it, and that is reported. */
  readonly isFollowUp?: boolean;
}

type Symbol = ResolvedType | "package" | "other";

/** The names that a file sees: its own, those of its imports, and what these import publicly. */
export interface Scope {
  /** The type of a name as written inside `from`, or why there is none. */
  resolve(name: string, from: string): ResolvedType | Unresolved;
  /** Declarations that exist twice. */
  readonly clashes: readonly { readonly type: TypeModel; readonly other: SourceFile | WellKnownFile }[];
}

/** The scope of a file. */
export function scopeOf(file: SourceFile): Scope {
  const symbols = new Map<string, Symbol>();
  const clashes: Scope["clashes"][number][] = [];
  for (const visible of visibleFiles(file)) {
    addPackage(symbols, isWellKnown(visible) ? visible.wellKnown.package : visible.package);
    if (isWellKnown(visible)) {
      for (const [fullName, kind] of wellKnownTypes(visible))
        symbols.set(fullName, { file: visible, kind, fullName });
      continue;
    }
    for (const type of visible.types) {
      const other = symbols.get(type.fullName);
      if (other !== undefined && typeof other !== "string" && visible !== file) {
        const own = file.types.find(({ fullName }) => fullName === type.fullName);
        if (own !== undefined) clashes.push({ type: own, other: visible });
      } else symbols.set(type.fullName, { file: visible, kind: type.kind, fullName: type.fullName });
    }
    for (const { fullName } of visible.services) symbols.set(fullName, "other");
  }
  return { clashes, resolve: (name, from) => resolveIn(symbols, file, { name, from }) };
}

/** The file itself first. */
function visibleFiles(file: SourceFile): ReadonlySet<SourceFile | WellKnownFile> {
  const seen = new Set<SourceFile | WellKnownFile>([file]);
  function addPublic(from: SourceFile | WellKnownFile): void {
    if (seen.has(from)) return;
    seen.add(from);
    if (isWellKnown(from)) return;
    for (const { statement, file: next } of from.imported) {
      if (statement.isPublic && next !== undefined) addPublic(next);
    }
  }
  for (const { file: imported } of file.imported) if (imported !== undefined) addPublic(imported);
  return seen;
}

function addPackage(symbols: Map<string, Symbol>, name: string): void {
  const parts = name === "" ? [] : name.split(".");
  for (let length = 1; length <= parts.length; length++) {
    const prefix = parts.slice(0, length).join(".");
    if (!symbols.has(prefix)) symbols.set(prefix, "package");
  }
}

/**
 * As the language says: from the innermost scope outwards, the first part of the name decides in which scope the rest
 * is looked for; a leading dot means the outermost.
 */
function resolveIn(
  symbols: ReadonlyMap<string, Symbol>,
  file: SourceFile,
  { name, from }: { readonly name: string; readonly from: string },
): ResolvedType | Unresolved {
  if (name.startsWith(".")) {
    const absolute = symbols.get(name.slice(1));
    if (absolute !== undefined && typeof absolute !== "string") return absolute;
    return unknownType(symbols, file, name.slice(1));
  }
  const [first = ""] = name.split(".", 1);
  const isCompound = first.length < name.length;
  for (let scope = from; ; scope = scope.slice(0, Math.max(0, scope.lastIndexOf(".")))) {
    const prefix = scope === "" ? "" : `${scope}.`;
    const start = symbols.get(prefix + first);
    if (start !== undefined && start !== "other") {
      const found = symbols.get(prefix + name);
      if (found !== undefined && typeof found !== "string") return found;
      if (isCompound && scope !== "") {
        const absolute = symbols.get(name);
        if (absolute !== undefined && typeof absolute !== "string") {
          const problem = `'${name}' means '${prefix + name}' here, because '${prefix + first}' is nearer, and there is no such type: write '.${name}'`;
          return { problem };
        }
      }
      if (isCompound) break;
    }
    if (scope === "") break;
  }
  return unknownType(symbols, file, name);
}

function unknownType(symbols: ReadonlyMap<string, Symbol>, file: SourceFile, name: string): Unresolved {
  const types = [...symbols].flatMap(([fullName, symbol]) => (typeof symbol === "string" ? [] : [fullName]));
  const elsewhere =
    wellKnownFileOf(name) ??
    unimported(file).find(({ types: others }) =>
      others.some(({ fullName }) => fullName === name || fullName.endsWith(`.${name}`)),
    );
  if (elsewhere !== undefined) {
    return { problem: `type '${name}' is in ${elsewhere.name}, which this file does not import` };
  }
  const missing = file.imported.flatMap((entry) => (entry.file === undefined ? [entry.statement.name] : []));
  // `google.protobuf.Api` is in `google/protobuf/api.proto`, or was meant to be.
  const likely = missing.filter((other) => name.startsWith(`${posix.dirname(other).replaceAll("/", ".")}.`));
  if (likely.length > 0) return unknownWithout(name, likely);
  const near = nearestName(name, types, file.package);
  if (file.imported.some((entry) => entry.file && !isWellKnown(entry.file) && entry.file.isUnreadable)) {
    return { problem: `type '${name}' is unknown`, isFollowUp: true };
  }
  if (near === undefined && missing.length > 0) return unknownWithout(name, missing);
  return { problem: `type '${name}' is unknown${near === undefined ? "" : `: did you mean '${near}'?`}` };
}

/** What is to be said of a type that a missing import may hold. */
function unknownWithout(name: string, missing: readonly string[]): Unresolved {
  return {
    problem: `type '${name}' is unknown: ${missing.join(", ")} is not there`,
    isFollowUp: missing.some((other) => !isAnnotationsFile(other)),
  };
}

/** Files that are read, and that this one does not see. */
function unimported(file: SourceFile): readonly SourceFile[] {
  const visible = visibleFiles(file);
  const seen = new Set<SourceFile>();
  const walk = (next: SourceFile | WellKnownFile | undefined) => {
    if (next === undefined || isWellKnown(next) || seen.has(next)) return;
    seen.add(next);
    for (const entry of next.imported) walk(entry.file);
  };
  walk(file);
  return [...seen].filter((other) => !visible.has(other));
}
