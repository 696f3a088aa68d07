import type { HandlerBinding, SubscriberBinding } from "@micro/core";
import {
  handlerDescriptors,
  type MethodDescription,
  type ServiceDescriptor,
  schemaDescription,
} from "@micro/core/describe";
import { requestValue, type ValueDescription } from "./values.ts";

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
  const offered = new Set(handlers.map(({ endpoint }) => endpoint));
  return [
    ...handlerDescriptors(handlers)
      .flatMap((descriptor) => descriptor.methods.map((method) => describeMethod(method, descriptor)))
      .filter(({ name }) => offered.has(name))
      .sort(byName),
    ...subscribers.map(describeSubscriber).sort((a, b) => compareText(topic(b), topic(a))),
  ];
}

function describeMethod(method: MethodDescription, { types }: ServiceDescriptor): EndpointDescription {
  const { name, endpoint, kind, description, request, reply } = method;
  const streams = kind !== "unary";
  return {
    name: endpoint,
    // What is not known of a stream is named as Go names the parameters of its stream handlers.
    request: requestValue(request, types, streams ? "Context" : `${name}Request`),
    response: requestValue(reply, types, streams ? "Stream" : `${name}Response`),
    metadata: {
      // Go says no more than `stream`; which kind it is helps whoever calls without the contract.
      ...(streams ? { stream: "true", kind } : {}),
      ...(description === undefined ? {} : { description }),
    },
  };
}

function describeSubscriber({ topic, name, input }: SubscriberBinding): EndpointDescription {
  const last = topic.slice(topic.lastIndexOf(".") + 1);
  const { type, types } = schemaDescription(input, { name: "Message" });
  return {
    name: name ?? `${last.charAt(0).toUpperCase()}${last.slice(1)}Handler`,
    request: requestValue(type, types, "Message"),
    response: null,
    metadata: { topic, subscriber: "true" },
  };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
