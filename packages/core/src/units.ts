const DURATION_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3, // U+00B5, the micro sign
  μs: 1e-3, // U+03BC, the Greek letter: Go reads both
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

const SIZE_BYTES: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
};

/** Unit of a bare number where a duration is expected. */
export type DurationUnit = "ms" | "s";

/**
 * Milliseconds of a duration: Go's form (`500ms`, `5s`, `1m30s`), or a number of `unit`.
 * Returns undefined for anything else, negative ones included.
 */
export function parseDuration(value: string | number, unit: DurationUnit = "ms"): number | undefined {
  if (typeof value === "number") return finite(value * (DURATION_MS[unit] as number));
  const text = value.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return finite(Number(text) * (DURATION_MS[unit] as number));
  if (!/^(\d+(\.\d+)?(ns|us|µs|μs|ms|s|m|h))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, name] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|μs|ms|s|m|h)/g)) {
    total += Number(amount) * (DURATION_MS[name as string] as number);
  }
  return finite(total);
}

const finite = (value: number): number | undefined =>
  Number.isFinite(value) && value >= 0 ? value : undefined;

/**
 * A duration in ms in Go's form: 90_000 → `1m30s`, 1500 → `1.5s`, 0 → `0s`. From a second on it is rounded to the
 * millisecond, below to the microsecond.
 */
export function formatDuration(duration: number): string {
  // Rounded before it is taken apart, so that no part of it becomes 60.
  const ms = duration < 1000 ? Math.round(duration * 1000) / 1000 : Math.round(duration);
  if (ms === 0) return "0s";
  if (ms < 1) return `${Math.round(ms * 1000)}µs`;
  if (ms < 1000) return `${ms}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  const seconds = (ms % 60_000) / 1000;
  return `${hours ? `${hours}h` : ""}${minutes ? `${minutes}m` : ""}${seconds || (!hours && !minutes) ? `${seconds}s` : ""}`;
}

/** Bytes of a size: `64kB`, `4MiB`, or a number of bytes. Returns undefined for anything else. */
export function parseSize(value: string | number): number | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(value.trim());
  if (match === null) return undefined;
  const unit = (match[2] as string).toLowerCase() || "b";
  if (!Object.hasOwn(SIZE_BYTES, unit)) return undefined;
  const bytes = Math.round(Number(match[1]) * (SIZE_BYTES[unit] as number));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** A size with the largest binary unit that divides it: 4_194_304 → `4MiB`. */
export function formatSize(bytes: number): string {
  for (const [unit, factor] of [
    ["GiB", 1024 ** 3],
    ["MiB", 1024 ** 2],
    ["KiB", 1024],
  ] as const) {
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return `${bytes}B`;
}
