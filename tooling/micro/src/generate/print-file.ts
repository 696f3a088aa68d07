import type { Int64Form } from "@micro/core/message";
import { type ImportExtension, importsOf } from "./imports.ts";
import { type Entry, layOutStatement, object, quote } from "./layout.ts";
import { isWellKnown, type SourceFile, type WellKnownFile } from "./model.ts";
import type { FileNames } from "./names.ts";
import { printService } from "./print-service.ts";
import { printEnum, printMessage, type TypeContext } from "./print-types.ts";
import { type FileTypes, ownType } from "./resolve-types.ts";
import type { ResolvedType } from "./scope.ts";

/** What generated files have in their first line. */
export const MARK = "by `micro generate`. DO NOT EDIT.";

/** What a file's text depends on beside the file. */
export interface PrintOptions {
  readonly types: FileTypes;
  readonly namesOf: (file: SourceFile) => FileNames;
  /** Files that this one refers to, in the order of its imports. */
  readonly imports: readonly (SourceFile | WellKnownFile)[];
  readonly int64: Int64Form;
  readonly extension: ImportExtension;
  /** The service that clients look for. @default the package */
  readonly service: string | undefined;
}

/** The TypeScript of a `.proto` file. */
export function printFile(file: SourceFile, options: PrintOptions): string {
  const { types, namesOf, extension } = options;
  const names = namesOf(file);
  const used = [
    ...types.fields.values(),
    ...[...types.methods.values()].flatMap(({ input, output }) => [input, output]),
  ];
  const imports = importsOf({
    file,
    namesOf,
    extension,
    types: used.filter((type) => type.file !== file),
    files: options.imports,
  });
  const nameOf = (type: ResolvedType) => {
    const own = type.file === file && !isWellKnown(type.file) ? ownType(file, type) : undefined;
    return own === undefined ? imports.typeName(type) : (names.types.get(own) ?? "");
  };
  const context: TypeContext = {
    fileName: names.file,
    syntax: file.syntax,
    int64: options.int64,
    nameOf: (type) => names.types.get(type) ?? "",
    typeOf: (field) => {
      const type = types.fields.get(field) as ResolvedType;
      return { name: nameOf(type), kind: type.kind };
    },
    use: imports.use,
  };
  const parts = [
    fileDefinition(file, {
      name: names.file,
      imports: options.imports.map(imports.fileName),
      use: imports.use,
    }),
    ...file.types.map((type) =>
      type.kind === "enum" ? printEnum(type, context) : printMessage(type, context),
    ),
    ...file.services.map((service) =>
      printService(service, {
        fileName: names.file,
        name: names.services.get(service) ?? "",
        service: options.service ?? (file.package === "" ? service.name.toLowerCase() : file.package),
        typesOf: (method) => {
          const { input, output } = types.methods.get(method) as {
            input: ResolvedType;
            output: ResolvedType;
          };
          return { input: nameOf(input), output: nameOf(output) };
        },
        use: imports.use,
      }),
    ),
  ];
  return `// Code generated from ${file.name} ${MARK}\n${imports.print()}\n${parts.join("\n")}`;
}

function fileDefinition(
  file: SourceFile,
  {
    name,
    imports,
    use,
  }: { readonly name: string; readonly imports: readonly string[]; readonly use: (name: string) => string },
): string {
  const entries: Entry[] = [
    { key: "name", value: quote(file.name) },
    ...(file.package === "" ? [] : [{ key: "package", value: quote(file.package) }]),
    ...(file.syntax === "proto2" ? [{ key: "syntax", value: quote("proto2") }] : []),
    ...(imports.length === 0 ? [] : [{ key: "imports", value: { kind: "list", items: imports } as const }]),
  ];
  const call = { kind: "call", name: use("defineFile"), items: [object(entries)] } as const;
  return `/** \`${file.name}\`. */\n${layOutStatement(`export const ${name}`, call)}`;
}
