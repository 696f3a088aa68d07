/** A paragraph of a list of known failures: which cases, and what may be wrong with them. */
interface KnownGroup {
  readonly cases: readonly RegExp[];
  readonly only: RegExp;
}

/** What the runner says of a failure, at the left of everything it adds to it. */
const PROBLEM = /^\t((?:actual|expecting|response #|server |unexpected|request )[^\n]*)/;

/**
 * What is wrong with known failures beyond what their paragraph of the list says: the runner itself compares names only,
 * and a list of names would hide whatever else breaks.
 */
export function beyondKnown(list: string, said: string): readonly string[] {
  const groups = readGroups(list);
  const found: string[] = [];
  for (const [, name = "", text = ""] of said.matchAll(
    /^INFO: (.*) failed \(as expected\):\n((?:\t.*\n?)*)/gm,
  )) {
    const group = groups.find(({ cases }) => cases.some((one) => one.test(`${name}/`)));
    for (const line of text.split("\n")) {
      const problem = PROBLEM.exec(line)?.[1];
      if (problem !== undefined && group?.only.test(problem) !== true) found.push(`${name}: ${problem}`);
    }
  }
  return found;
}

function readGroups(list: string): readonly KnownGroup[] {
  return list.split(/\n\s*\n/).map((paragraph) => {
    const only = /^# only: (.+)$/m.exec(paragraph)?.[1];
    if (only === undefined) throw new Error(`a paragraph says nothing after '# only:':\n${paragraph}`);
    const patterns = paragraph.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    return { cases: patterns.map(globOf), only: new RegExp(only) };
  });
}

/** `*` is one part of a name, `**` is any number of them. */
function globOf(pattern: string): RegExp {
  const parts = pattern.split("/").map((part) => {
    if (part === "**") return "(?:[^/]+/)*";
    return part === "*" ? "[^/]+/" : `${part.replace(/[$()*+.?[\\\]^{|}]/g, "\\$&")}/`;
  });
  return new RegExp(`^${parts.join("")}$`);
}
