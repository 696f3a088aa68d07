import type { LooseOptions } from "./check-composition.ts";
import type { AnyComponent } from "./component.ts";
import type { ServiceDefinition } from "./definition.ts";
import type { AnyPlugin } from "./plugin.ts";
import type {
  CheckedDefinition,
  CheckedPlugins,
  ComponentSettings,
  CompositionOptions,
  Service,
} from "./service-types.ts";

/** What {@link createService} takes beside the definition. */
export type ServiceOptions<Ps extends readonly AnyPlugin[]> = CompositionOptions<Ps> & {
  /** What you list is what you get: `[...defaults, natsBroker]`. */
  readonly plugins: Ps & CheckedPlugins<Ps>;
} & ComponentSettings<Ps>;

/**
 * Wires a service: reads its configuration, chooses and checks, and creates the components in dependency order. It is
 * not started yet: `start()` or `run()` does that. Rejects with a {@link StartError} that lists every problem, or with
 * an {@link ExitRequest} when the command line asks for help.
 */
export async function createService<
  const Ps extends readonly AnyPlugin[],
  const Needs extends readonly AnyComponent[] = readonly [],
>(
  definition: ServiceDefinition<Needs> & CheckedDefinition<Needs, Ps>,
  options: ServiceOptions<Ps>,
): Promise<Service<Ps>> {
  // Loaded late: what only defines services and plugins need not wait for what composes them.
  const { composeService } = await import("./compose-service.ts");
  const service = await composeService(
    definition as unknown as ServiceDefinition,
    options as unknown as LooseOptions,
  );
  return service as unknown as Service<Ps>;
}
