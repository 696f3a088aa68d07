import { nearest } from "@micro/core/internal";

const plain = (name: string) => name.toLowerCase().replaceAll("-", "_");

/** The flag that was probably meant: the closest name, dashes and case apart; undefined when none is close. */
export function nearestFlag(typed: string, names: Iterable<string>): string | undefined {
  const word = plain(typed);
  const byName = new Map(Array.from(names, (name) => [plain(name), name]));
  const known = [...byName.keys()];
  // A forgotten prefix is the smallest mistake of all.
  const guess = known.find((name) => name.endsWith(`_${word}`)) ?? nearest(word, known);
  return guess === undefined ? undefined : byName.get(guess);
}
