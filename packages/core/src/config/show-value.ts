import type { Option } from "../option.ts";
import { soundsSecret } from "./variables.ts";

const MASK = "********";

/** True for what stands in a dump in place of a secret. */
export const isMask = (value: unknown): boolean => value === MASK;

/** True for a text of a dump with a masked password in it. */
export const holdsMask = (value: unknown): boolean =>
  typeof value === "string" && new RegExp(`://(?:[^\\s/:@]*:)?\\*{${MASK.length}}@`).test(value);

/** `nats://user:secret@host` and `nats://token@host` without the secret: addresses are no secrets, what stands in them may be one. */
export function hideCredentials(text: string): string {
  // Word by word, and no further than the last @: a long text of any kind is looked through once.
  return text.replace(/\S+/g, (word) => {
    const end = word.lastIndexOf("@") + 1;
    return hideUpToAt(word.slice(0, end)) + word.slice(end);
  });
}

function hideUpToAt(text: string): string {
  // Up to the last @: a password may hold one, and a slash.
  return text
    .replace(/([a-z\d+.-]:\/\/[^/:@]*:).+@/gis, `$1${MASK}@`)
    .replace(/([a-z\d+.-]:\/\/)[^/:@?#]+@/gi, `$1${MASK}@`);
}

/** A value as dumps and explanations show it: secrets and credentials masked. `variables` are those it came from. */
export function shownValue(option: Option, value: unknown, variables: readonly string[] = []): unknown {
  if (value === undefined) return undefined;
  if (option.secret || variables.some(soundsSecret)) return MASK;
  if (option.kind === "value") return "(given in code)";
  return hideAll(value);
}

/** Of a value that does not fit its option nobody knows what its parts are. */
function hideAll(value: unknown): unknown {
  if (typeof value === "string") return hideCredentials(value);
  if (Array.isArray(value)) return value.map(hideAll);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, hideAll(inner)]));
}
