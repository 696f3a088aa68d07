import type { DependencyContainer, InjectionToken } from "tsyringe";
import type { Token } from "./component.ts";

/** What users' own classes are resolved from. */
export type Container = DependencyContainer;

/**
 * A container of its own. tsyringe exports only the global one, and its children see what the global one holds; a
 * fresh one comes from the same constructor. Loaded late: importing core must not cost what only wiring needs.
 */
export async function createContainer(): Promise<Container> {
  await import("reflect-metadata");
  const { container } = await import("tsyringe");
  const Fresh = container.constructor as new () => DependencyContainer;
  return new Fresh();
}

/** Makes an instance available to `@inject(token)`. */
export function provide(container: Container, token: Token, instance: unknown): void {
  container.register(token as InjectionToken, { useValue: instance });
}
