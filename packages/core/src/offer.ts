import type { Problem } from "./config/settings.ts";
import type { HandlerBinding, ServiceDefinition, SubscriberBinding } from "./definition.ts";
import { failedAt } from "./failed-step.ts";

/** What a service offers. */
export interface Offer {
  readonly handlers: readonly HandlerBinding[];
  readonly subscribers: readonly SubscriberBinding[];
  readonly problems: readonly Problem[];
}

/**
 * The handlers and subscribers of a definition, made from the components it needs, and what is wrong with them. Throws
 * what the definition's own function throws, and says which function it was.
 */
export function readOffer(definition: ServiceDefinition, components: ReadonlyMap<string, unknown>): Offer {
  const needed: Record<string, unknown> = Object.fromEntries(components);
  for (const { name, absent } of definition.needs ?? [])
    if (!components.has(name) && absent !== undefined) needed[name] = absent();
  const problems: Problem[] = [];
  const provided = <T>(key: "handlers" | "subscribers"): readonly T[] => {
    const given: unknown = definition[key];
    const list =
      typeof given === "function" ? made(definition.name, key, () => given(needed)) : (given ?? []);
    if (Array.isArray(list)) return list;
    const message = "the function must return a list";
    const example = key === "handlers" ? "implement(…)" : "subscribe(…)";
    problems.push({ where: key, message, hint: `write ({ broker }) => [${example}]` });
    return [];
  };
  const handlers = provided<HandlerBinding | readonly HandlerBinding[]>("handlers").flat();
  const subscribers = provided<SubscriberBinding>("subscribers");
  const report = (index: number, list: "handlers" | "subscribers", hint: string): void => {
    problems.push({ where: `${list}[${index}]`, message: "this is no binding", hint });
  };
  const endpoints = new Set<string>();
  for (const [index, binding] of handlers.entries()) {
    if (typeof binding?.invoke !== "function" || !isName(binding.endpoint)) {
      report(index, "handlers", "list what implement() or handle() returned");
    } else if (endpoints.has(binding.endpoint)) {
      problems.push({
        where: `handlers[${index}]`,
        message: `endpoint '${binding.endpoint}' has a handler already`,
        hint: "implement each contract once",
      });
    } else endpoints.add(binding.endpoint);
  }
  for (const [index, binding] of subscribers.entries())
    if (typeof binding?.handler !== "function" || !isName(binding.topic))
      report(index, "subscribers", "list what subscribe() returned");
  return { handlers, subscribers, problems };
}

const isName = (value: unknown): boolean => typeof value === "string" && value !== "";

function made(service: string, key: string, make: () => unknown): unknown {
  try {
    return make();
  } catch (error) {
    throw failedAt(`making the ${key} of '${service}'`, error, { service });
  }
}
