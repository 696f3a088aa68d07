import type { Node, ServiceRecord, Snapshot } from "@micro/registry";
import type { SelectRequest } from "./selector.ts";

/** Names of a record's endpoints; undefined where the registry does not know them. */
export function endpointsOf({ endpoints }: ServiceRecord): ReadonlySet<string> | undefined {
  return endpoints.length > 0 ? new Set(endpoints.map(({ name }) => name)) : undefined;
}

/** Which nodes of `record` fit endpoint, version and metadata of the request; undefined when none can. */
export function conditionOn(
  record: ServiceRecord,
  endpoints: ReadonlySet<string> | undefined,
  { endpoint, version, metadata }: SelectRequest,
): ((node: Node) => boolean) | undefined {
  if (version !== undefined && record.version !== version) return undefined;
  if (endpoint !== undefined && endpoints !== undefined && !endpoints.has(endpoint)) return undefined;
  if (metadata === undefined) return anyNode;
  const wanted = Object.entries(metadata);
  const has = (own: Readonly<Record<string, string>>, [key, value]: [string, string]) =>
    Object.hasOwn(own, key) && own[key] === value;
  return (node) => wanted.every((pair) => has(node.metadata, pair) || has(record.metadata, pair));
}

/** What {@link conditionOn} gives when all nodes fit. */
export const anyNode = (): boolean => true;

/** Whether a node of the snapshot fits the whole request, was not tried already, and is `inUse`. */
export function hasFitting(
  { records }: Snapshot,
  request: SelectRequest,
  inUse: (node: Node, version: string) => boolean,
): boolean {
  const { exclude, filter } = request;
  return records.some((record) => {
    const fits = conditionOn(record, endpointsOf(record), request);
    if (fits === undefined) return false;
    return record.nodes.some(
      (node) =>
        fits(node) &&
        !exclude?.has(node.id) &&
        inUse(node, record.version) &&
        (filter === undefined || filter(node, record.version)),
    );
  });
}
