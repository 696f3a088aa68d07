import { type Option, snakeCase } from "../option.ts";

const MASK = "********";

/** `nats://user:secret@host` without the secret: addresses are no secrets, what stands in them may be one. */
export function hideCredentials(text: string): string {
  return text.replace(/([a-z][a-z\d+.-]*:\/\/[^\s/:@]*:)[^\s/@]+@/gi, `$1${MASK}@`);
}

/** A value as dumps and explanations show it: secrets masked, keys in snake case. */
export function shownValue(option: Option, value: unknown): unknown {
  if (value === undefined) return undefined;
  if (option.secret) return MASK;
  if (option.kind === "value") return "(given in code)";
  if (option.kind === "object") return shownObject(option, value);
  if (typeof value === "string") return hideCredentials(value);
  if (Array.isArray(value))
    return value.map((entry: unknown) => (typeof entry === "string" ? hideCredentials(entry) : entry));
  if (option.kind !== "map" || typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]: [string, unknown]) => [
      key,
      typeof entry === "string" ? hideCredentials(entry) : entry,
    ]),
  );
}

function shownObject({ options = {} }: Option, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
      const name = Object.hasOwn(options, key) ? key : fromSnake(key, options);
      const below: Option | undefined = name === undefined ? undefined : options[name];
      if (below === undefined || inner === undefined || below.kind === "value") return [];
      return [[snakeCase(name as string), shownValue(below, inner)]];
    }),
  );
}

/** The option that a key of a file, still in snake case, means. */
function fromSnake(key: string, options: NonNullable<Option["options"]>): string | undefined {
  return Object.keys(options).find((name) => snakeCase(name) === key);
}
