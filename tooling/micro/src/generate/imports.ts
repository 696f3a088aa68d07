import { posix } from "node:path";
import { isWellKnown, type SourceFile, type WellKnownFile } from "./model.ts";
import { claim, type FileNames, identifier, packagePrefix } from "./names.ts";
import { printImports } from "./print-imports.ts";
import type { ResolvedType } from "./scope.ts";

/** How generated files name each other. */
export type ImportExtension = ".ts" | ".js" | "none";

/** What the imports of a file depend on. */
export interface ImportsOptions {
  readonly file: SourceFile;
  readonly namesOf: (file: SourceFile) => FileNames;
  readonly extension: ImportExtension;
  /** Every type of other files that this one uses, and every file it refers to. */
  readonly types: readonly ResolvedType[];
  readonly files: readonly (SourceFile | WellKnownFile)[];
}

/** The imports of one generated file. */
export interface Imports {
  /** Asks for a name of `@micro/core` or `@micro/core/message`. */
  readonly use: (name: string) => string;
  /** The name of another file's type here. */
  readonly typeName: (type: ResolvedType) => string;
  /** The name of another file's constant here. */
  readonly fileName: (file: SourceFile | WellKnownFile) => string;
  /** The statements, in the order that Biome sorts them. */
  readonly print: () => string;
}

const CORE = new Set(["bidiStream", "clientStream", "defineContract", "serverStream", "unary"]);
const TYPES = new Set(["EnumValue", "MessageType", "OneOf"]);

/** Decides what other files' declarations are called in a file: their own name where it is free and means one thing only. */
export function importsOf({ file, namesOf, extension, types, files }: ImportsOptions): Imports {
  const own = namesOf(file);
  const used = new Set([...own.types.values(), ...own.services.values(), own.file]);
  const modules = new Map<string, Map<string, string>>();
  const local = new Map<string, string>();

  function add(module: string, exported: string, name: string): void {
    const specifiers = modules.get(module) ?? new Map<string, string>();
    modules.set(module, specifiers.set(exported, name));
  }

  const external = [...new Map(types.map((type) => [type.fullName, type])).values()].sort((a, b) =>
    a.fullName < b.fullName ? -1 : 1,
  );
  const counts = new Map<string, number>();
  for (const type of external) {
    const name = exportedName(type, namesOf);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  for (const type of external) {
    const exported = exportedName(type, namesOf);
    const isFree = counts.get(exported) === 1 && !used.has(exported);
    const name = claim(used, isFree ? exported : packagePrefix(packageOf(type.file)) + exported);
    local.set(type.fullName, name);
    add(moduleOf(file, type.file, extension), exported, name);
  }

  const fileConstants = new Map<SourceFile | WellKnownFile, string>();
  const exportedFile = (other: SourceFile | WellKnownFile) =>
    isWellKnown(other) ? other.constant : namesOf(other).file;
  for (const other of files) {
    const exported = exportedFile(other);
    const isFree =
      !used.has(exported) && files.every((third) => third === other || exportedFile(third) !== exported);
    const path = other.name.replace(/\.proto$/, "");
    const name = claim(used, isFree ? exported : `${identifier(path)}File`);
    fileConstants.set(other, name);
    add(moduleOf(file, other, extension), exported, name);
  }

  return {
    use(name) {
      add(CORE.has(name) ? "@micro/core" : "@micro/core/message", name, name);
      return name;
    },
    typeName: (type) => local.get(type.fullName) ?? "",
    fileName: (other) => fileConstants.get(other) ?? "",
    print: () => printImports(modules, TYPES),
  };
}

function exportedName(type: ResolvedType, namesOf: (file: SourceFile) => FileNames): string {
  const { file, fullName } = type;
  // The well-known types have no nested ones.
  if (isWellKnown(file)) return fullName.slice(fullName.lastIndexOf(".") + 1);
  const model = file.types.find((candidate) => candidate.fullName === fullName);
  return (model && namesOf(file).types.get(model)) ?? "";
}

function packageOf(file: SourceFile | WellKnownFile): string {
  return isWellKnown(file) ? file.wellKnown.package : file.package;
}

/** `greeter/greeter.proto` becomes `greeter/greeter.ts`. */
export function outputName(protoName: string): string {
  // A module named x.d.ts would be a declaration file.
  return `${protoName.replace(/\.proto$/, "").replace(/\.d$/, "_d")}.ts`;
}

function moduleOf(from: SourceFile, to: SourceFile | WellKnownFile, extension: ImportExtension): string {
  if (isWellKnown(to)) return "@micro/core/wkt";
  const path = posix.relative(posix.dirname(from.name), outputName(to.name)).replace(/\.ts$/, "");
  return `${path.startsWith(".") ? "" : "./"}${path}${extension === "none" ? "" : extension}`;
}
