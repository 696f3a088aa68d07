type Options = Readonly<Record<string, unknown>>;

/**
 * Options of code over weaker ones, key by key; of a scoped component's section below a section likewise. `scoped`
 * names the scoped components.
 */
export function mergeOptions(
  weak: object,
  strong: object,
  scoped: ReadonlySet<string>,
): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...weak };
  for (const [key, value] of Object.entries(strong)) {
    const below = merged[key];
    merged[key] = isPlain(below) && isPlain(value) ? { ...below, ...value } : value;
    if (key === "instances") continue; // loggers among them are no sections
    for (const name of scoped) {
      const [all, one] = [below, value].map((section) => (isPlain(section) ? section[name] : undefined));
      if (isPlain(all) && isPlain(one)) (merged[key] as Record<string, unknown>)[name] = { ...all, ...one };
    }
  }
  return merged;
}

/** A signal, an exchange or an instance is not put together with another one. */
function isPlain(value: unknown): value is Options {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
