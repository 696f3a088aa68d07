import type { Problem } from "./config/settings.ts";
import type { HandlerBinding, ServiceDefinition, SubscriberBinding } from "./definition.ts";

/** What a service offers. */
export interface Offer {
  readonly handlers: readonly HandlerBinding[];
  readonly subscribers: readonly SubscriberBinding[];
  readonly problems: readonly Problem[];
}

/** The handlers and subscribers of a definition, made from the components it needs, and what is wrong with them. */
export function readOffer(definition: ServiceDefinition, components: ReadonlyMap<string, unknown>): Offer {
  const needed: Record<string, unknown> = Object.fromEntries(components);
  for (const { name, absent } of definition.needs ?? [])
    if (!components.has(name) && absent !== undefined) needed[name] = absent();
  const handlers = provided(definition.handlers, needed).flat();
  const subscribers = provided(definition.subscribers, needed);
  const problems: Problem[] = [];
  const report = (index: number, list: "handlers" | "subscribers", hint: string): void => {
    problems.push({ where: `${list}[${index}]`, message: "this is no binding", hint });
  };
  const endpoints = new Set<string>();
  for (const [index, binding] of handlers.entries()) {
    if (typeof binding?.invoke !== "function") {
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
    if (typeof binding?.handler !== "function")
      report(index, "subscribers", "list what subscribe() returned");
  return { handlers, subscribers, problems };
}

function provided<T>(
  list: readonly T[] | ((components: never) => readonly T[]) | undefined,
  components: unknown,
): readonly T[] {
  return typeof list === "function" ? list(components as never) : (list ?? []);
}
