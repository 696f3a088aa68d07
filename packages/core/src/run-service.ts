import type { AnyComponent } from "./component.ts";
import type { ServiceDefinition } from "./definition.ts";
import type { AnyPlugin } from "./plugin.ts";
import { runCreated } from "./program.ts";
import { createService, type ServiceOptions } from "./service.ts";
import type { CheckedDefinition } from "./service-types.ts";

/**
 * The whole main program of a service: creates, starts, waits for a signal, stops; a signal on the way there ends it as
 * well, without a failure. Help and version go to standard output. What keeps it from starting goes to standard error
 * with exit code 1: problems of the configuration, an address that is taken, a file that is missing, a server that
 * cannot be reached. Any other error, such as a fault in the code, rejects. It never ends the process itself.
 */
export async function runService<
  const Ps extends readonly AnyPlugin[],
  const Needs extends readonly AnyComponent[] = readonly [],
>(
  definition: ServiceDefinition<Needs> & CheckedDefinition<Needs, Ps>,
  options: ServiceOptions<Ps>,
): Promise<void> {
  await runCreated((signal) => createService<Ps, Needs>(definition, { ...options, signal }), options.signal);
}
