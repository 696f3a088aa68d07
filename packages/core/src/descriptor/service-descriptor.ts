import { type Contract, contractTypeName, endpointName, type Method } from "../contract.ts";
import type { HandlerBinding } from "../definition.ts";
import { isMessageType } from "../message/descriptor.ts";
import type { StandardSchema } from "../standard-schema.ts";
import type { MethodDescription, ServiceDescriptor, TypeDescription } from "./describe-types.ts";
import { describeJsonSchema, type JsonTypesTarget } from "./json-types.ts";
import { describeMessage } from "./message-types.ts";
import { defined, NamedTypes } from "./named-types.ts";
import { jsonSchemaOf, type SchemaSide } from "./schema-json.ts";

/**
 * Describes a contract as plain data: methods, and the types of their messages. Message types are described exactly,
 * other schemas as far as they tell: zod and arktype by themselves, valibot too, or exactly if it is wrapped in
 * `toStandardJsonSchema` of `@valibot/to-json-schema`. What does not tell is `unknown`; nothing throws.
 */
export function serviceDescriptor(contract: Contract): ServiceDescriptor {
  const target = newTarget();
  const methods = describeMethods(
    Object.entries(contract.methods).map(([key, method]) => ({
      key,
      endpoint: endpointName(contract, key),
      method,
    })),
    target,
  );
  return {
    ...defined({
      name: contract.name,
      service: contract.service,
      typeName: contractTypeName(contract),
      description: contract.description,
      deprecated: contract.deprecated ?? false,
    }),
    methods,
    types: target.types.complete(),
  };
}

/**
 * Describes what a list of handlers offers: one descriptor per contract, and one per handler type for handlers without
 * a contract, in the order of the list.
 */
export function handlerDescriptors(handlers: readonly HandlerBinding[]): readonly ServiceDescriptor[] {
  const contracts = new Set<Contract>();
  const plain = new Map<string, HandlerBinding[]>();
  const found: (Contract | string)[] = [];
  for (const binding of handlers) {
    const { contract, endpoint } = binding;
    if (contract !== undefined) {
      if (!contracts.has(contract)) found.push(contract);
      contracts.add(contract);
      continue;
    }
    const type = endpoint.slice(0, Math.max(0, endpoint.indexOf(".")));
    const bindings = plain.get(type);
    if (bindings === undefined) {
      found.push(type);
      plain.set(type, [binding]);
    } else bindings.push(binding);
  }
  return found.map((one) =>
    typeof one === "string" ? plainDescriptor(one, plain.get(one) ?? []) : serviceDescriptor(one),
  );
}

/** Describes the type of a schema that belongs to no method, such as a subscriber's. */
export function schemaDescription(
  schema: StandardSchema | undefined,
  options: { readonly name: string; readonly side?: SchemaSide },
): { readonly type: TypeDescription; readonly types: ServiceDescriptor["types"] } {
  const target = newTarget();
  const type = describeSchema(schema, { side: options.side ?? "input", name: options.name }, target);
  return { type, types: target.types.complete() };
}

function plainDescriptor(name: string, handlers: readonly HandlerBinding[]): ServiceDescriptor {
  const target = newTarget();
  const methods = describeMethods(
    handlers.map(({ endpoint, method }) => ({ key: afterDot(endpoint), endpoint, method })),
    target,
  );
  return { name, service: "", typeName: name, deprecated: false, methods, types: target.types.complete() };
}

function newTarget(): JsonTypesTarget {
  return { types: new NamedTypes(), shared: new Map() };
}

interface MethodSource {
  readonly key: string;
  readonly endpoint: string;
  readonly method: Method;
}

function describeMethods(
  sources: readonly MethodSource[],
  target: JsonTypesTarget,
): readonly MethodDescription[] {
  // All requests come first: a type that goes both ways is described as callers may send it.
  const requests = sources.map(({ endpoint, method }) =>
    describeSchema(method.input, { side: "input", name: `${afterDot(endpoint)}Request` }, target),
  );
  return sources.map(({ key, endpoint, method }, index) => {
    const { kind, idempotent, description, deprecated = false, http = [] } = method;
    const name = afterDot(endpoint);
    return {
      ...defined({ key, name, endpoint, kind, idempotent, description, deprecated, http }),
      request: requests[index] as TypeDescription,
      reply: describeSchema(method.output, { side: "output", name: `${name}Response` }, target),
    };
  });
}

/** `Hello` of `Greeter.Hello`. */
function afterDot(endpoint: string): string {
  return endpoint.slice(endpoint.indexOf(".") + 1);
}

function describeSchema(
  schema: StandardSchema | undefined,
  { side, name }: { readonly side: SchemaSide; readonly name: string },
  target: JsonTypesTarget,
): TypeDescription {
  if (schema === undefined) return { kind: "unknown" };
  if (isMessageType(schema)) return describeMessage(schema, target.types);
  const json = jsonSchemaOf(schema, side);
  return json === undefined ? { kind: "unknown" } : describeJsonSchema({ schema: json, name, side }, target);
}
