import type { HandlerBinding, StandardSchema, SubscriberBinding } from "@micro/core";

/** A type description for people and gateways (spec 3.1). */
export interface ValueDescription {
  readonly name: string;
  readonly type: string;
  readonly values: readonly ValueDescription[] | null;
}

/** One endpoint as the registry shows it (spec 3.1). */
export interface EndpointDescription {
  readonly name: string;
  readonly request: ValueDescription | null;
  readonly response: ValueDescription | null;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Handlers by name, then subscribers by topic from the last to the first (spec 3.1). */
export function describeEndpoints(
  handlers: readonly HandlerBinding[],
  subscribers: readonly SubscriberBinding[],
): readonly EndpointDescription[] {
  const byName = (a: EndpointDescription, b: EndpointDescription) => compareText(a.name, b.name);
  const topic = ({ metadata }: EndpointDescription) => metadata.topic ?? "";
  return [
    ...handlers.map(describeHandler).sort(byName),
    ...subscribers.map(describeSubscriber).sort((a, b) => compareText(topic(b), topic(a))),
  ];
}

function describeHandler({ endpoint, method }: HandlerBinding): EndpointDescription {
  const streams = method.kind !== "unary";
  const name = endpoint.slice(endpoint.indexOf(".") + 1);
  return {
    name: endpoint,
    // Go shows the parameters of its stream handlers, which are these two for all of them.
    request: streams ? leaf("Context", "Context") : describeSchema(`${name}Request`, method.input),
    response: streams ? leaf("Stream", "Stream") : describeSchema(`${name}Response`, method.output),
    metadata: {
      ...(streams ? { stream: "true" } : {}),
      ...(method.description === undefined ? {} : { description: method.description }),
    },
  };
}

function describeSubscriber({ topic, name, input }: SubscriberBinding): EndpointDescription {
  const last = topic.slice(topic.lastIndexOf(".") + 1);
  return {
    name: name ?? `${last.charAt(0).toUpperCase()}${last.slice(1)}Handler`,
    request: describeSchema("Message", input),
    response: null,
    metadata: { topic, subscriber: "true" },
  };
}

const MAX_DEPTH = 3;

/** The object schemas of valibot (`entries`) and zod (`shape`); others are named without their fields. */
interface Inspectable {
  readonly type?: unknown;
  readonly entries?: unknown;
  readonly shape?: unknown;
  readonly item?: unknown;
  readonly element?: unknown;
  readonly wrapped?: unknown;
  readonly def?: { readonly innerType?: unknown };
}

const GO_TYPES: Readonly<Record<string, string>> = {
  string: "string",
  number: "float64",
  boolean: "bool",
  bool: "bool",
  bigint: "int64",
  date: "Time",
};

function describeSchema(name: string, schema: StandardSchema | undefined): ValueDescription {
  if (schema === undefined) return leaf(name, name);
  const fields = describe(name, schema, 1);
  return { name, type: name, values: fields.values };
}

function describe(name: string, schema: unknown, depth: number): ValueDescription {
  const node = (schema ?? {}) as Inspectable;
  const inner = node.wrapped ?? node.def?.innerType;
  if (inner !== undefined) return describe(name, inner, depth);
  const list = node.item ?? node.element;
  if (list !== undefined) {
    const element = describe(name, list, depth);
    return { ...element, type: `[]${element.type}` };
  }
  const fields = node.entries ?? node.shape;
  if (typeof fields !== "object" || fields === null) {
    return leaf(name, GO_TYPES[String(node.type)] ?? "interface");
  }
  const values =
    depth > MAX_DEPTH ? null : Object.entries(fields).map(([key, field]) => describe(key, field, depth + 1));
  return { name, type: "object", values };
}

function leaf(name: string, type: string): ValueDescription {
  return { name, type, values: null };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
