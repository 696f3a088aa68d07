import { nearest } from "@micro/core/internal";

/** The type name nearest to a mistyped one, as short as the file may write it. */
export function nearestName(
  name: string,
  fullNames: readonly string[],
  packageName: string,
): string | undefined {
  const prefix = packageName === "" ? "" : `${packageName}.`;
  const names = fullNames.map((full) => (full.startsWith(prefix) ? full.slice(prefix.length) : full));
  const byLastPart = new Map(names.map((short) => [lastPart(short), short]));
  const last = nearest(lastPart(name), byLastPart.keys());
  return nearest(name, names) ?? (last === undefined ? undefined : byLastPart.get(last));
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
