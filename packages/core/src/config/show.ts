import type { ResolvedConfig, ResolvedSection } from "./resolve.ts";
import { shownValue } from "./show-value.ts";
import { escapeVariables } from "./variables.ts";

/** One option of a running service: its value and where it came from. */
export interface Explanation {
  /** `broker.addresses`. */
  readonly key: string;
  /** As it was written; masked when secret. */
  readonly value: unknown;
  /** `default`, or where it was set: `micro.yaml:12:5`, `--broker_address`. */
  readonly from: string;
  /** What it replaced, strongest first. */
  readonly overridden: readonly { readonly value: unknown; readonly from: string }[];
  /** What else to know: who does not use the component, and why. */
  readonly notes?: readonly string[];
}

/** Every option of every component, sorted by key. */
export function explainConfig(config: ResolvedConfig): readonly Explanation[] {
  const all: Explanation[] = [];
  for (const section of everySection(config)) {
    for (const value of section.values) {
      if (value.written === undefined && value.overridden.length === 0) continue;
      all.push({
        key: value.keys.join("."),
        value: shownValue(value.option, value.written, value.origin.variables),
        from: value.origin.where,
        overridden: value.overridden.map(({ value: weaker, origin }) => ({
          value: shownValue(value.option, weaker, origin.variables),
          from: origin.where,
        })),
        ...notesOf(value.keys, section, config),
      });
    }
  }
  return all.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

/** At the choice of a plugin: which of the other chosen plugins do without it. */
function notesOf(
  keys: readonly string[],
  { section, path, enabled }: ResolvedSection,
  { sections }: ResolvedConfig,
): Pick<Explanation, "notes"> {
  if (keys.length !== 2 || keys[1] !== "plugin" || path.length > 1 || !enabled) return {};
  const notes = [...sections.values()]
    .filter((other) => other.enabled)
    .flatMap(({ plugins }) => plugins)
    .flatMap(({ component, name, ignores }) => {
      const why = ignores[section.component.name];
      return why === undefined ? [] : [`${component.name} '${name}' does not use it: ${why}`];
    });
  return notes.length === 0 ? {} : { notes };
}

/** The content of a configuration file. */
type Tree = { [key: string]: unknown };

/**
 * The effective configuration in the form of a file: keys in snake case, secrets masked. Where files are read with variables,
 * nothing in it looks like one.
 */
function configTree(config: ResolvedConfig): Tree {
  const tree: Tree = {};
  for (const section of everySection(config)) {
    // A file cannot configure what has to be there before the file is read.
    if (section.section.component.phase === "config") continue;
    subtree(tree, section.path);
    for (const { keys, option, written, origin } of section.values) {
      if (option.kind === "value" || written === undefined) continue; // code only: a file cannot hold it
      const key = keys.at(-1) as string;
      // Both names of a plugin mean the same.
      const isChoice = key === "plugin" && keys.length === section.path.length + 1;
      const value = isChoice ? section.plugins[0]?.name : shownValue(option, written, origin.variables);
      subtree(tree, keys.slice(0, -1))[key] = config.hasVariables ? escapeAll(value) : value;
    }
  }
  return tree;
}

/** {@link configTree} as the text of a file. */
export async function dumpedConfig(
  config: ResolvedConfig,
  format: "yaml" | "json" = "yaml",
): Promise<string> {
  const tree = configTree(config);
  if (format === "json") return `${JSON.stringify(tree, null, 2)}\n`;
  const { dump } = await import("js-yaml");
  return dump(tree, { sortKeys: true, noRefs: true });
}

function subtree(tree: Tree, keys: readonly string[]): Tree {
  let below = tree;
  for (const key of keys) {
    below[key] ??= {};
    below = below[key] as Tree;
  }
  return below;
}

function escapeAll(value: unknown): unknown {
  if (typeof value === "string") return escapeVariables(value);
  if (Array.isArray(value)) return value.map(escapeAll);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, escapeAll(inner)]));
}

function* everySection(config: ResolvedConfig): Iterable<ResolvedSection> {
  for (const section of config.sections.values()) {
    yield section;
    yield* section.scoped.values();
  }
}
