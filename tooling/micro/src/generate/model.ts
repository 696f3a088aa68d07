import type { HttpRule, MethodKind } from "@micro/core";
import type { ProtoFile, ScalarType } from "@micro/core/message";

/** Something that keeps code from being generated, with its place. */
export interface Problem {
  /** The file as people know it. */
  readonly file: string;
  /** 1-based; undefined when the problem is of the whole file. */
  readonly line: number | undefined;
  readonly text: string;
}

/** An `import` statement. */
export interface ImportStatement {
  /** As written: `greeter/greeter.proto`. */
  readonly name: string;
  readonly line: number;
  readonly isPublic: boolean;
}

/** A field as its `.proto` file states it; type names are not resolved yet. */
export interface FieldModel {
  readonly name: string;
  readonly number: number;
  readonly line: number | undefined;
  readonly comment: string | undefined;
  readonly deprecated: boolean;
  readonly label: "implicit" | "optional" | "required" | "repeated" | "map";
  /** Of a map. */
  readonly mapKey: string | undefined;
  /** A scalar type, or the name of a message or enum as written. */
  readonly typeName: string;
  readonly oneof: string | undefined;
  readonly jsonName: string | undefined;
  readonly packed: boolean | undefined;
  readonly jstype: string | undefined;
  readonly default: string | number | bigint | boolean | undefined;
}

interface Declared {
  /** Inside its file: `Outer.Inner`. */
  readonly name: string;
  /** With its package: `shop.v1.Outer.Inner`. */
  readonly fullName: string;
  readonly line: number | undefined;
  readonly comment: string | undefined;
  readonly deprecated: boolean;
}

/** A message. */
export interface MessageModel extends Declared {
  readonly kind: "message";
  /** In the order of the file. */
  readonly fields: readonly FieldModel[];
}

/** One name of an enum. */
export interface EnumValueModel {
  readonly name: string;
  readonly number: number;
  readonly line: number | undefined;
  readonly comment: string | undefined;
  readonly deprecated: boolean;
}

/** An enum. */
export interface EnumModel extends Declared {
  readonly kind: "enum";
  readonly values: readonly EnumValueModel[];
}

/** What a field may have as its type beside scalars. */
export type TypeModel = MessageModel | EnumModel;

/** A method of a service. */
export interface MethodModel {
  readonly name: string;
  readonly line: number | undefined;
  readonly comment: string | undefined;
  readonly deprecated: boolean;
  readonly kind: MethodKind;
  readonly idempotent: boolean;
  readonly http: readonly HttpRule[];
  /** Type names as written. */
  readonly input: string;
  readonly output: string;
}

/** A service. */
export interface ServiceModel extends Declared {
  readonly kind: "service";
  readonly methods: readonly MethodModel[];
}

/** A parsed `.proto` file. */
export interface ParsedFile {
  readonly package: string;
  readonly syntax: "proto2" | "proto3";
  readonly imports: readonly ImportStatement[];
  /** In the order of the file, nested ones after their parent. */
  readonly types: readonly TypeModel[];
  readonly services: readonly ServiceModel[];
  /** It extends the options of descriptor.proto: whoever imports it without using its types wants annotations only. */
  readonly definesOptions: boolean;
  /** It does not parse: its types are unknown. */
  readonly isUnreadable: boolean;
  /** What keeps this file from being generated; it may still be imported for its options. */
  readonly problems: readonly Problem[];
}

/** A `.proto` file among the others. */
export interface SourceFile extends ParsedFile {
  /** As others import it: `greeter/greeter.proto`. */
  readonly name: string;
  /** As people know it: the path that was read. */
  readonly shownPath: string;
  /** The files behind the imports; an import that is only for annotations may be missing. */
  readonly imported: readonly ImportedFile[];
}

/** A file behind an import statement. */
export interface ImportedFile {
  readonly statement: ImportStatement;
  /** Undefined for a file that is only for annotations and is not there. */
  readonly file: SourceFile | WellKnownFile | undefined;
}

/** A file whose types come with `@micro/core/wkt`. */
export interface WellKnownFile {
  readonly name: string;
  /** The constant of `@micro/core/wkt`: `timestampFile`. */
  readonly constant: string;
  readonly wellKnown: ProtoFile;
}

const SCALARS: ReadonlySet<string> = new Set<ScalarType>([
  "double",
  "float",
  "int32",
  "int64",
  "uint32",
  "uint64",
  "sint32",
  "sint64",
  "fixed32",
  "fixed64",
  "sfixed32",
  "sfixed64",
  "bool",
  "string",
  "bytes",
]);

/** True for the name of a scalar type. */
export function isScalar(typeName: string): typeName is ScalarType {
  return SCALARS.has(typeName);
}

/** True for a file of `@micro/core/wkt`. */
export function isWellKnown(file: SourceFile | WellKnownFile): file is WellKnownFile {
  return "wellKnown" in file;
}
