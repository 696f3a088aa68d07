import { snakeCase } from "../option.ts";
import { keyName, type ResolvedConfig, type ResolvedSection } from "./resolve.ts";
import { shownValue } from "./show-value.ts";

/** One option of a running service: its value and where it came from. */
export interface Explanation {
  /** `broker.addresses`. */
  readonly key: string;
  /** As it was written; masked when secret. */
  readonly value: unknown;
  /** `default`, or where it was set: `micro.yaml:12`, `--broker_address`. */
  readonly from: string;
  /** What it replaced, strongest first. */
  readonly overridden: readonly { readonly value: unknown; readonly from: string }[];
}

/** Every option of every component, sorted by key. */
export function explainConfig(config: ResolvedConfig): readonly Explanation[] {
  const all: Explanation[] = [];
  for (const section of everySection(config)) {
    for (const value of section.values) {
      if (value.written === undefined && value.overridden.length === 0) continue;
      all.push({
        key: keyName(value.path.slice(0, -1), value.path.at(-1) as string),
        value: shownValue(value.option, value.written),
        from: value.origin.where,
        overridden: value.overridden.map(({ value: weaker, origin }) => ({
          value: shownValue(value.option, weaker),
          from: origin.where,
        })),
      });
    }
  }
  return all.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

/** The effective configuration in the form of a file: keys in snake case, secrets masked. */
export function configTree(config: ResolvedConfig): Record<string, Record<string, unknown>> {
  const tree: Record<string, Record<string, unknown>> = {};
  for (const section of config.sections.values()) {
    // A file cannot configure what has to be there before the file is read.
    if (section.section.component.phase === "config") continue;
    const entries = sectionTree(section);
    for (const [name, scoped] of section.scoped) entries[name] = sectionTree(scoped);
    tree[section.path[0] as string] = entries;
  }
  return tree;
}

function sectionTree(section: ResolvedSection): Record<string, unknown> {
  const entries: Record<string, unknown> = {};
  const [plugin] = section.plugins;
  for (const value of section.values) {
    const key = value.path.at(-1) as string;
    if (value.option.kind === "value") continue; // code only: a file cannot hold it
    const written = key === "plugin" ? plugin?.name : value.written;
    if (written !== undefined) entries[snakeCase(key)] = shownValue(value.option, written);
  }
  return entries;
}

function* everySection(config: ResolvedConfig): Iterable<ResolvedSection> {
  for (const section of config.sections.values()) {
    yield section;
    yield* section.scoped.values();
  }
}
