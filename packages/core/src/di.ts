import "reflect-metadata";
import { injectable, inject as injectToken } from "tsyringe";
import { type AnyComponent, isComponent } from "./component.ts";

type InjectedToken = Parameters<typeof injectToken>[0];

export { injectable };

/**
 * Marks a constructor parameter: `@inject(broker)` for a component, or any token of `service.container`. Classes that
 * are to exist once per service are registered with `service.container.registerSingleton(Class)`.
 */
export function inject(wanted: AnyComponent | InjectedToken): ReturnType<typeof injectToken> {
  return injectToken(isComponent(wanted) ? wanted.token : wanted);
}
