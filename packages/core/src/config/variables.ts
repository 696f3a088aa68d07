import type { Problem } from "./settings.ts";

/** Variables of the environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What {@link replaceVariables} gives. */
export interface ReplacedVariables {
  readonly content: unknown;
  readonly problems: readonly Problem[];
  /** Names of the variables that were used at or below a path of keys, in the order they were found. */
  readonly variables: (keys: readonly string[]) => readonly string[];
}

const NAME = "[A-Za-z_][A-Za-z0-9_]*";
/** `$$`, `$NAME`, `${NAME}`, `${NAME:-text}`; `${` alone is what is left of a malformed one. */
const REFERENCE = new RegExp(`\\$(?:(\\$)|(${NAME})|\\{(${NAME})(?::-([^}]*))?\\}|\\{)`, "g");

/**
 * Replaces `$NAME`, `${NAME}` and `${NAME:-text}` in every text of the content by variables, and `$$` by one `$`. The
 * text behind `:-` stands for a variable that is missing or empty; a missing one without it is a problem. What a
 * variable holds is not looked through again.
 */
export function replaceVariables(
  content: unknown,
  { env, where }: { readonly env: Environment; readonly where: (keys: readonly string[]) => string },
): ReplacedVariables {
  const problems: Problem[] = [];
  const used = new Map<string, Set<string>>();
  const use = (name: string, keys: readonly string[]): void => {
    for (let length = 0; length <= keys.length; length++) {
      const path = JSON.stringify(keys.slice(0, length));
      const names = used.get(path) ?? new Set();
      used.set(path, names.add(name));
    }
  };
  const replace = (text: string, keys: readonly string[]): string =>
    text.replace(
      REFERENCE,
      (whole, dollar?: string, bare?: string, braced?: string, fallback?: string): string => {
        if (dollar !== undefined) return "$";
        const name = bare ?? braced;
        if (name === undefined) {
          problems.push({
            where: where(keys),
            message: `'${keys.join(".")}' holds a '\${' that begins no variable`,
            hint: `write \${NAME} or \${NAME:-text}; $$ stands for one $`,
          });
          return whole;
        }
        use(name, keys);
        const value = Object.hasOwn(env, name) ? env[name] : undefined;
        if (fallback !== undefined) return value === undefined || value === "" ? fallback : value;
        if (value !== undefined) return value;
        problems.push({
          where: where(keys),
          message: `variable '${name}' of '${keys.join(".")}' is not set`,
          hint: `set it, or say what stands for it: \${${name}:-text}`,
        });
        return whole;
      },
    );
  const visit = (value: unknown, keys: readonly string[]): unknown => {
    if (typeof value === "string") return replace(value, keys);
    if (Array.isArray(value)) return value.map((entry, index) => visit(entry, [...keys, String(index)]));
    if (!isPlain(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, visit(inner, [...keys, key])]),
    );
  };
  return {
    content: visit(content, []),
    problems,
    variables: (keys) => [...(used.get(JSON.stringify(keys)) ?? [])],
  };
}

/** Modules may hold functions and instances, whose insides are their own. */
function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** A text in which nothing is a variable. */
export const escapeVariables = (text: string): string => text.replaceAll("$", "$$$$");

/** True for a name, of a variable or of an entry, that says that it is of a secret: its value is never shown. */
export function soundsSecret(name: string): boolean {
  const words = name.replace(/([a-z\d])([A-Z])/g, "$1_$2").replace(/[^A-Za-z\d]+/g, "_");
  return /(^|_)(PASS(WORD|PHRASE|WD)?|SECRET|TOKEN|CREDENTIAL|(API|ACCESS|PRIVATE|SECRET|SIGNING)_?KEY|SEED)S?(_|$)/i.test(
    words,
  );
}
