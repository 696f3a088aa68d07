import type { MethodKind } from "@micro/core";
import protobuf from "protobufjs";
import { fileProblems } from "./file-problems.ts";
import { httpRulesOf } from "./http-rules.ts";
import type {
  EnumModel,
  FieldModel,
  MessageModel,
  MethodModel,
  ParsedFile,
  Problem,
  ServiceModel,
  TypeModel,
} from "./model.ts";
import { type Declaration, indexSource, isOptionsTarget, type SourceIndex } from "./source-index.ts";

/** Parses the text of a `.proto` file; `shownPath` is what problems call it. */
export function parseFile(text: string, shownPath: string): ParsedFile {
  const index = indexSource(text);
  let parsed: protobuf.IParserResult;
  try {
    parsed = protobuf.parse(text, {
      keepCase: true,
      alternateCommentMode: true,
      preferTrailingComment: true,
    });
  } catch (error) {
    const problem = parseProblem(error, text, index);
    return unreadableFile(index, { file: shownPath, ...problem });
  }
  const packageName = parsed.package ?? "";
  const syntax = index.syntax?.value === "proto3" ? "proto3" : "proto2";
  const reader = new FileReader(packageName, syntax, index);
  reader.readNamespace(namespaceOf(parsed.root, packageName), "");
  const { types, services, reserved } = reader;
  const problems = fileProblems({ shownPath, index, syntax, types, reserved });
  return {
    package: packageName,
    syntax,
    imports: index.imports,
    types,
    services,
    definesOptions: definesOptions(index),
    isUnreadable: false,
    problems,
  };
}

function unreadableFile(index: SourceIndex, problem: Problem): ParsedFile {
  return {
    package: "",
    syntax: "proto3",
    imports: index.imports,
    types: [],
    services: [],
    definesOptions: definesOptions(index),
    isUnreadable: true,
    problems: [problem],
  };
}

function definesOptions(index: SourceIndex): boolean {
  return index.extends.some(({ target }) => isOptionsTarget(target));
}

/** The parser says the line only for what it stumbles over, not for duplicates. */
function parseProblem(
  error: unknown,
  text: string,
  index: SourceIndex,
): { line: number | undefined; text: string } {
  const message = error instanceof Error ? error.message : String(error);
  const stated = /^(.*) \(line (\d+)\)$/s.exec(message);
  if (stated !== null) {
    const line = Number(stated[2]);
    const source = text.split(/\r?\n/)[line - 1]?.trim() ?? "";
    const what = (stated[1] ?? "").replace(
      /illegal (?:token|end of input) 'null'/,
      "the file ends too early",
    );
    return { line, text: source === "" ? what : `${what}: ${source}${hintFor(what, index)}` };
  }
  const [, , what = "", end = "", owner = ""] = CONFLICT.exec(message) ?? [];
  const meant = index.declarations.filter(({ path, number }) => {
    const parts = path.split(".");
    const isInside = parts.length === 1 || parts.at(-2) === owner.split(".").at(-1);
    return isInside && (parts.at(-1) === what || number === what);
  });
  return { line: meant[end === "in" ? 1 : 0]?.line, text: message };
}

/** What the parser does not say of a common mistake. */
function hintFor(what: string, { syntax }: SourceIndex): string {
  if (what === "illegal name '<'") return " (a map is neither repeated nor part of a oneof)";
  if (what === "illegal token 'required'" && syntax?.value === "proto3")
    return " (proto3 has no required fields)";
  const isBare = /^illegal token '[\w.]+'$/.test(what) && syntax?.value !== "proto3";
  return isBare ? " (a field of proto2 needs optional, required or repeated)" : "";
}

/** `duplicate id 1 in Type X`, `name 'a' is reserved in Type X`. */
const CONFLICT = /^(duplicate )?(?:name|id) '?([\w-]+)'? (in|is reserved in) (?:\w+ )?([\w.]+)$/;

function namespaceOf(root: protobuf.Root, packageName: string): protobuf.NamespaceBase {
  let namespace: protobuf.NamespaceBase = root;
  for (const part of packageName === "" ? [] : packageName.split(".")) {
    const inner = namespace.nested?.[part];
    if (!(inner instanceof protobuf.Namespace)) return namespace;
    namespace = inner;
  }
  return namespace;
}

class FileReader {
  readonly types: TypeModel[] = [];
  readonly services: ServiceModel[] = [];
  /** What `reserved` says, by the full name of the message. */
  readonly reserved = new Map<string, readonly (string | readonly number[])[]>();
  readonly #package: string;
  readonly #syntax: "proto2" | "proto3";
  readonly #declarations: ReadonlyMap<string, Declaration>;

  constructor(packageName: string, syntax: "proto2" | "proto3", index: SourceIndex) {
    this.#package = packageName;
    this.#syntax = syntax;
    this.#declarations = new Map(index.declarations.map((declaration) => [declaration.path, declaration]));
  }

  readNamespace(namespace: protobuf.NamespaceBase, scope: string): void {
    for (const entry of namespace.nestedArray) {
      if (entry instanceof protobuf.Type) {
        const message = this.#message(entry, scope);
        this.types.push(message);
        this.readNamespace(entry, message.name);
      } else if (entry instanceof protobuf.Enum) this.types.push(this.#enum(entry, scope));
      else if (entry instanceof protobuf.Service) this.services.push(this.#service(entry, scope));
    }
  }

  #message(type: protobuf.Type, scope: string): MessageModel {
    const declared = this.#declared(type, scope);
    this.reserved.set(declared.fullName, type.reserved ?? []);
    const oneofs = new Map(
      type.oneofsArray.flatMap((oneof) => oneof.oneof.map((field) => [field, oneof.name] as const)),
    );
    const fields = type.fieldsArray.map((field) => this.#field(field, declared.name, oneofs));
    return { kind: "message", ...declared, fields };
  }

  #field(field: protobuf.Field, owner: string, oneofs: ReadonlyMap<string, string>): FieldModel {
    const options: Readonly<Record<string, unknown>> = field.options ?? {};
    const declaration = this.#declarations.get(`${owner}.${field.name}`);
    const isMap = field instanceof protobuf.MapField;
    const isProto3Optional = options.proto3_optional === true;
    const oneof = isProto3Optional ? undefined : oneofs.get(field.name);
    const label = isMap
      ? "map"
      : field.repeated
        ? "repeated"
        : field.rule === "required"
          ? "required"
          : isProto3Optional || (this.#syntax === "proto2" && oneof === undefined)
            ? "optional"
            : "implicit";
    return {
      name: field.name,
      number: field.id,
      line: declaration?.line,
      comment: field.comment ?? undefined,
      deprecated: options.deprecated === true,
      label,
      mapKey: isMap ? field.keyType : undefined,
      typeName: field.type,
      oneof,
      jsonName: typeof options.json_name === "string" ? options.json_name : undefined,
      packed: typeof options.packed === "boolean" ? options.packed : undefined,
      jstype: typeof options.jstype === "string" ? options.jstype : undefined,
      default: defaultOf(field.type, options.default, declaration?.default),
    };
  }

  #enum(type: protobuf.Enum, scope: string): EnumModel {
    const declared = this.#declared(type, scope);
    const values = Object.entries(type.values).map(([name, number]) => ({
      name,
      number,
      line: this.#declarations.get(`${declared.name}.${name}`)?.line,
      comment: type.comments[name] ?? undefined,
      deprecated: type.valuesOptions?.[name]?.deprecated === true,
    }));
    return { kind: "enum", ...declared, values };
  }

  #service(service: protobuf.Service, scope: string): ServiceModel {
    const declared = this.#declared(service, scope);
    const methods = service.methodsArray.map((method): MethodModel => {
      const options: Readonly<Record<string, unknown>> = method.options ?? {};
      return {
        name: method.name,
        line: this.#declarations.get(`${declared.name}.${method.name}`)?.line,
        comment: method.comment ?? undefined,
        deprecated: options.deprecated === true,
        kind: kindOf(method),
        idempotent: ["NO_SIDE_EFFECTS", "IDEMPOTENT"].includes(String(options.idempotency_level)),
        http: httpRulesOf(method.parsedOptions),
        input: method.requestType,
        output: method.responseType,
      };
    });
    return { kind: "service", ...declared, methods };
  }

  #declared(object: protobuf.ReflectionObject, scope: string) {
    const name = scope === "" ? object.name : `${scope}.${object.name}`;
    return {
      name,
      fullName: this.#package === "" ? name : `${this.#package}.${name}`,
      line: this.#declarations.get(name)?.line,
      comment: object.comment ?? undefined,
      deprecated: object.options?.deprecated === true,
    };
  }
}

function kindOf({ requestStream, responseStream }: protobuf.Method): MethodKind {
  if (requestStream === true) return responseStream === true ? "bidiStream" : "clientStream";
  return responseStream === true ? "serverStream" : "unary";
}

/** 64-bit integers come from the text, exactly. */
function defaultOf(type: string, parsed: unknown, written: string | undefined): FieldModel["default"] {
  if (/^([su]?int|s?fixed)64$/.test(type) && written !== undefined) return integerOf(written);
  return typeof parsed === "string" || typeof parsed === "number" || typeof parsed === "boolean"
    ? parsed
    : undefined;
}

function integerOf(written: string): bigint | undefined {
  const [, sign, digits = ""] = /^(-?)(0[xX][\da-fA-F]+|\d+)$/.exec(written) ?? [];
  if (digits === "") return undefined;
  const value = BigInt(/^0\d/.test(digits) ? `0o${digits.slice(1)}` : digits);
  return sign === "-" ? -value : value;
}
