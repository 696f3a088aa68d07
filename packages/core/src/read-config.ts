import type { LooseOptions } from "./check-composition.ts";
import type { AnyComponent } from "./component.ts";
import type { ServiceDefinition } from "./definition.ts";
import type { AnyPlugin } from "./plugin.ts";
import type { ServiceOptions } from "./service.ts";
import type { CheckedDefinition, ServiceCore } from "./service-types.ts";

/** The configuration of a service that need not be there. */
export type ServiceConfig = Pick<ServiceCore, "explain" | "dumpConfig">;

/**
 * Reads and checks the configuration that `createService` would create a service from, and creates none: a certificate
 * that is missing or a server that is not there do not matter. Rejects like `createService` for a configuration that is wrong,
 * and when the command line asks for help.
 */
export async function readConfig<
  const Ps extends readonly AnyPlugin[],
  const Needs extends readonly AnyComponent[] = readonly [],
>(
  definition: ServiceDefinition<Needs> & CheckedDefinition<Needs, Ps>,
  options: ServiceOptions<Ps>,
): Promise<ServiceConfig> {
  const [
    { configure },
    { withinStartTime },
    { dumpedConfig, explainConfig },
    { describeFailures, dismantle },
  ] = await Promise.all([
    import("./configure-service.ts"),
    import("./within-start-time.ts"),
    import("./config/show.ts"),
    import("./lifecycle.ts"),
  ]);
  const composed = definition as unknown as ServiceDefinition;
  const loose = options as unknown as LooseOptions;
  const { config, source } = await withinStartTime(composed, loose, (timed) =>
    configure(composed, loose, timed),
  );
  const failures = await dismantle(source.living);
  if (failures.length > 0) {
    const errors = failures.map(({ error }) => error);
    throw new AggregateError(errors, `the configuration is read, and then: ${describeFailures(failures)}`);
  }
  return {
    explain: () => explainConfig(config),
    dumpConfig: (format) => dumpedConfig(config, format),
  };
}
