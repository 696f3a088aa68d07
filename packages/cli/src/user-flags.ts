import type { UserFlags, UserFlagValues } from "./cli.ts";

/**
 * The typed values of `asked`, defaults filled in: what `Cli.values` returns. `declared` are the flags the service
 * was given, `set` the values that were set. Throws a TypeError when the two declarations are not the same.
 */
export function readUserFlags<F extends UserFlags>(
  asked: F,
  { declared, set }: { readonly declared: UserFlags | undefined; readonly set: ReadonlyMap<string, unknown> },
): UserFlagValues<F> {
  if (asked !== declared) {
    throw new TypeError(
      `these flags (${Object.keys(asked).join(", ")}) were not given to the service: set cli.flags to the same object, from defineFlags`,
    );
  }
  const entries = Object.entries(asked).map(([key, { default: fallback }]) => [
    key,
    set.has(key) ? set.get(key) : fallback,
  ]);
  return Object.fromEntries(entries) as UserFlagValues<F>;
}
