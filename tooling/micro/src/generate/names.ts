import { lowerCamelCase } from "@micro/core/message";
import type { FieldModel, MethodModel, ServiceModel, SourceFile, TypeModel } from "./model.ts";

/** The names of a file's declarations in TypeScript. */
export interface FileNames {
  readonly types: ReadonlyMap<TypeModel, string>;
  readonly services: ReadonlyMap<ServiceModel, string>;
  /** The constant of the file itself: `greeterFile`. */
  readonly file: string;
}

/** What generated code imports or uses itself, and what a reader takes for something else. */
export const TAKEN: ReadonlySet<string> = new Set(
  [
    "bidiStream clientStream defineContract defineEnum defineFile defineMessage serverStream unary",
    "EnumValue MessageType OneOf",
    "AbortController AbortSignal AggregateError Array ArrayBuffer AsyncIterable AsyncIterator Atomics BigInt",
    "BigInt64Array BigUint64Array Blob Boolean Buffer DataView Date Error EvalError Event EventTarget Exclude",
    "Extract Float32Array Float64Array Function Headers Infinity Int16Array Int32Array Int8Array Intl Iterable",
    "Iterator JSON Map Math NaN Number Object Omit Parameters Partial Pick Promise Proxy RangeError Readonly",
    "ReadonlyArray ReadonlyMap ReadonlySet Record ReferenceError Reflect RegExp Request Required Response",
    "ReturnType Set SharedArrayBuffer String Symbol SyntaxError TypeError URIError URL Uint16Array Uint32Array",
    "Uint8Array Uint8ClampedArray WeakMap WeakRef WeakSet",
    "any arguments as async await bigint boolean break case catch class console const continue debugger declare",
    "default delete do else enum eval export extends false finally for from function get globalThis if implements",
    "import in infer instanceof interface is keyof let module namespace never new null number object of package",
    "private process protected public readonly require return satisfies set static string super switch symbol",
    "this throw true try type typeof undefined unique unknown using var void while with yield",
  ].flatMap((line) => line.split(" ")),
);

const SUFFIX = { message: "Message", enum: "Enum", service: "Contract" } as const;

/**
 * Names every declaration of a file, looking at nothing but the file. `Outer.Inner` becomes `Outer_Inner`; a name that
 * means something else in TypeScript gets its kind behind it (`DateMessage`), and of two equal names the one of the
 * outer scope, else the first, stays as it is.
 */
export function nameDeclarations(file: SourceFile): FileNames {
  const used = new Set<string>();
  const types = new Map<TypeModel, string>();
  const services = new Map<ServiceModel, string>();
  const depth = ({ name }: TypeModel) => name.split(".").length;
  for (const type of file.types.toSorted((a, b) => depth(a) - depth(b))) {
    const name = type.name.replaceAll(".", "_");
    types.set(type, claim(used, TAKEN.has(name) ? name + SUFFIX[type.kind] : name));
  }
  for (const service of file.services) {
    const { name } = service;
    services.set(service, claim(used, TAKEN.has(name) || used.has(name) ? name + SUFFIX.service : name));
  }
  const base = file.name.slice(file.name.lastIndexOf("/") + 1).replace(/\.proto$/, "");
  return { types, services, file: claim(used, `${identifier(base)}File`) };
}

/** The name, or the first `name_2`, `name_3` … that is free. */
export function claim(used: Set<string>, name: string): string {
  let free = name;
  for (let number = 2; used.has(free); number++) free = `${name}_${number}`;
  used.add(free);
  return free;
}

/** A text as an identifier in lowerCamelCase: `my-api/v1` becomes `myApiV1`. */
export function identifier(text: string): string {
  const joined = text.replace(/[^A-Za-z\d]+(.?)/g, (_match, letter: string) => letter.toUpperCase());
  const name = joined.charAt(0).toLowerCase() + joined.slice(1);
  return /^[A-Za-z]/.test(name) ? name : `_${name}`;
}

/** `google.rpc` becomes `GoogleRpc`: stands before the name of a type where another file has one of the same name. */
export function packagePrefix(packageName: string): string {
  return packageName
    .split(/[._]/)
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join("");
}

/** The properties of a message's fields: lowerCamelCase, or as written where that would be taken or no identifier. */
export function nameFields(fields: readonly FieldModel[]): ReadonlyMap<FieldModel, string> {
  const used = new Set<string>();
  return new Map(
    fields.map((field) => {
      const camel = lowerCamelCase(field.name);
      const isFree = /^[A-Za-z_]/.test(camel) && !used.has(camel);
      return [field, claim(used, isFree ? camel : field.name)];
    }),
  );
}

/** The keys of a service's methods: lowerCamelCase, `HTTPGet` as `httpGet`. */
export function nameMethods(methods: readonly MethodModel[]): ReadonlyMap<MethodModel, string> {
  // An object with a method `then` would be taken for a promise.
  const used = new Set<string>(["then"]);
  return new Map(methods.map((method) => [method, claim(used, methodKey(method.name))]));
}

function methodKey(name: string): string {
  const camel = name.replace(/_+(.?)/g, (_match, letter: string) => letter.toUpperCase());
  const key = camel.replace(/^[A-Z]+(?=[A-Z][a-z]|\d|$)|^[A-Z]/, (start) => start.toLowerCase());
  return /^[A-Za-z]/.test(key) ? key : name;
}
