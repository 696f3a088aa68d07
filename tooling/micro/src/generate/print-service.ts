import { descriptionOf, docLines } from "./comments.ts";
import { type Entry, layOutStatement, object, type Piece, quote } from "./layout.ts";
import type { MethodModel, ServiceModel } from "./model.ts";
import { nameMethods } from "./names.ts";

/** What the printing of a contract depends on. */
export interface ServiceContext {
  readonly fileName: string;
  /** The name of the contract's constant. */
  readonly name: string;
  /** The service that clients look for. */
  readonly service: string;
  /** The names of a method's messages. */
  readonly typesOf: (method: MethodModel) => { readonly input: string; readonly output: string };
  /** Asks for an import of `@micro/core`. */
  readonly use: (name: string) => string;
}

/** A service as a contract. */
export function printService(service: ServiceModel, context: ServiceContext): string {
  const keys = nameMethods(service.methods);
  const methods = service.methods.map((method): Entry => {
    const key = keys.get(method) ?? "";
    return { key, value: methodCall(method, key, context), doc: method };
  });
  const contract = object(
    [
      { key: "name", value: quote(service.name) },
      { key: "service", value: quote(context.service) },
      { key: "file", value: context.fileName },
      ...details(service),
      { key: "methods", value: object(methods, methods.length > 0) },
    ],
    true,
  );
  const call = { kind: "call", name: context.use("defineContract"), items: [contract] } as const;
  const doc = docLines(service).map((line) => `${line}\n`);
  return `${doc.join("")}${layOutStatement(`export const ${context.name}`, call)}`;
}

function methodCall(method: MethodModel, key: string, context: ServiceContext): Piece {
  const { input, output } = context.typesOf(method);
  const derived = key.charAt(0).toUpperCase() + key.slice(1);
  const http = method.http.map((rule) =>
    object(Object.entries(rule).map(([name, value]) => ({ key: name, value: quote(value as string) }))),
  );
  const options = object([
    { key: "input", value: input },
    { key: "output", value: output },
    ...(derived === method.name ? [] : [{ key: "name", value: quote(method.name) }]),
    ...(method.idempotent ? [{ key: "idempotent", value: "true" }] : []),
    ...details(method),
    ...(http.length === 0 ? [] : [{ key: "http", value: { kind: "list", items: http } as const }]),
  ]);
  return { kind: "call", name: context.use(method.kind), items: [options] };
}

function details({
  comment,
  deprecated,
}: {
  readonly comment: string | undefined;
  readonly deprecated: boolean;
}): Entry[] {
  const description = descriptionOf(comment);
  return [
    ...(description === undefined ? [] : [{ key: "description", value: quote(description) }]),
    ...(deprecated ? [{ key: "deprecated", value: "true" }] : []),
  ];
}
