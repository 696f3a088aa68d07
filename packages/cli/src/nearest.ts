/** Single changes that turn `a` into `b`. */
function changes(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 0; row < a.length; row++) {
    const letter = a[row];
    const here = [row + 1];
    for (let column = 1; column <= b.length; column++) {
      const kept = (above[column - 1] as number) + (letter === b[column - 1] ? 0 : 1);
      here.push(Math.min(kept, (above[column] as number) + 1, (here[column - 1] as number) + 1));
    }
    above = here;
  }
  return above[b.length] as number;
}

/** The flag that was probably meant: the closest name, dashes and case apart; undefined when none is close. */
export function nearestFlag(typed: string, names: Iterable<string>): string | undefined {
  const plain = (name: string) => name.toLowerCase().replaceAll("-", "_");
  const word = plain(typed).slice(0, 100);
  let best: string | undefined;
  let least = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const name of names) {
    // A forgotten prefix is the smallest mistake of all.
    const distance = plain(name).endsWith(`_${word}`) ? 1 : changes(word, plain(name));
    if (distance < least) {
      best = name;
      least = distance;
    }
  }
  return best;
}
