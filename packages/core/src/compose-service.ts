import { buildService, type Injector } from "./build-service.ts";
import type { LooseOptions } from "./check-composition.ts";
import { createContainer, provide } from "./container.ts";
import type { ServiceDefinition } from "./definition.ts";
import type { RunningService } from "./running-service.ts";

/** Follows the plan, and puts what it made into a container of the service's own. */
const containerInjector: Injector = {
  async inject(wiring, order) {
    for (const section of order) await wiring.add(section);
  },
  async container(components) {
    const container = await createContainer();
    for (const [{ token }, instance] of components) provide(container, token, instance);
    return container;
  },
};

/** Does what `createService` promises. */
export function composeService(
  definition: ServiceDefinition,
  options: LooseOptions,
): Promise<RunningService> {
  return buildService(definition, options, containerInjector);
}
