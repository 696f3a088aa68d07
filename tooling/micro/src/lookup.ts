import { nearestFlag } from "@micro/cli";
import type { Registry, ServiceRecord } from "@micro/registry";
import { EXIT_CODES } from "./exit-codes.ts";
import { Failure } from "./failure.ts";

/** Who is asked, in what time. */
export interface LookupOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs?: number | undefined;
}

const bounds = ({ signal, timeoutMs }: LookupOptions) => ({
  signal,
  ...(timeoutMs === undefined ? {} : { timeoutMs }),
});

/** Names of all services. */
export function listServices(registry: Registry, options: LookupOptions): Promise<readonly string[]> {
  return registry.list(bounds(options));
}

/** The records of a service, one per version; empty when nobody is there. */
export function findService(
  registry: Registry,
  service: string,
  options: LookupOptions,
): Promise<readonly ServiceRecord[]> {
  return registry.get(service, bounds(options));
}

/** The records of a service. Rejects with exit code 3 and the nearest name when nobody is there. */
export async function requireService(
  registry: Registry,
  service: string,
  options: LookupOptions,
): Promise<readonly ServiceRecord[]> {
  const records = await findService(registry, service, options);
  if (records.some(({ nodes }) => nodes.length > 0)) return records;
  throw await absent(registry, service, options);
}

/** Why nobody offers the service: exit code 3 and the nearest name. */
export async function absent(registry: Registry, service: string, options: LookupOptions): Promise<Failure> {
  // The service may be on another registry: whether the list is empty says so.
  const names = await listServices(registry, options).catch((): readonly string[] => []);
  return noSuchService(service, { registry: registry.name, names });
}

/** Nobody offers the service. */
export function noSuchService(
  service: string,
  { registry, names }: { readonly registry: string; readonly names: readonly string[] },
): Failure {
  const guess = nearestFlag(service, names);
  const hint =
    names.length === 0
      ? `registry '${registry}' knows no service at all: is it the one that the services use (--registry …)?`
      : `registry '${registry}' knows ${names.length} services${guess === undefined ? "; micro services lists them" : `: did you mean '${guess}'?`}`;
  return new Failure(`service '${service}' is not there`, { exitCode: EXIT_CODES.notFound, hints: [hint] });
}

/** What to say of an endpoint that a node does not have. */
export function endpointHints(records: readonly ServiceRecord[], endpoint: string): readonly string[] {
  const names = new Set(
    records.flatMap(({ endpoints }) =>
      endpoints.filter(({ metadata }) => metadata.subscriber !== "true").map(({ name }) => name),
    ),
  );
  if (names.size === 0 || names.has(endpoint)) return [];
  const guess = nearestFlag(endpoint, names);
  const all = [...names].slice(0, 10).join(", ");
  return [guess === undefined ? `endpoints: ${all}${names.size > 10 ? " …" : ""}` : `did you mean ${guess}?`];
}

/** True when the registry says that the endpoint is a stream. */
export function isStream(records: readonly ServiceRecord[], endpoint: string): boolean {
  return records.some(({ endpoints }) =>
    endpoints.some(({ name, metadata }) => name === endpoint && metadata.stream === "true"),
  );
}
