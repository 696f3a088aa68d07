import { type DeclaredFlag, declareFlags } from "@micro/cli";
import { collectSections, configFields } from "@micro/core/internal";
import { CATALOG } from "../compose/catalog.ts";
import { findPlugin } from "../compose/find-plugin.ts";
import type { CommandArguments, CommandContext } from "../context.ts";
import { EXIT_CODES } from "../exit-codes.ts";
import { paint, table } from "../output.ts";
import { toJson } from "../printable.ts";

/** `micro flags`: of the plugins that are chosen, as every other command would choose them. */
export async function flags(context: CommandContext, _args: CommandArguments): Promise<number> {
  const { output, search, choices } = context;
  const chosen = Object.entries(CATALOG).map(async ([component, entry]) => {
    if (entry.multiple) return await Promise.all(Object.values(entry.plugins).map((load) => load()));
    const choice = (await choices.of(component)) ?? { component, name: entry.default, where: "default" };
    return [await findPlugin(choice, search)];
  });
  const { sections } = collectSections([
    ...new Set([...search.extra, ...(await Promise.all(chosen)).flat()]),
  ]);
  const declared = [...declareFlags({ fields: configFields(sections.values()) }).flags.values()];
  const shown = declared.filter(({ target }) => target.kind === "option");
  if (output.json) {
    const list = shown.map((flag) => {
      const { name, env, kind, description, defaultText, choices: values } = flag;
      return {
        flag: `--${name}`,
        variable: env,
        kind,
        description: chosenText(flag) ?? description,
        default: defaultText,
        choices: values,
      };
    });
    await output.print(toJson(list));
    return EXIT_CODES.ok;
  }
  const parts: string[] = [];
  for (const [section, { plugins }] of sections) {
    const rows = shown.filter((flag) => sectionOf(flag) === section).map(row);
    const names = plugins.map(({ name }) => name).join(", ");
    parts.push(
      `${paint(output, "cyan", section)} (${names})\n${table(["FLAG", "VARIABLE", "DEFAULT", "MEANING"], rows, output)}`,
    );
  }
  await output.print(parts.join("\n\n"));
  return EXIT_CODES.ok;
}

const sectionOf = ({ target }: DeclaredFlag): string =>
  target.kind === "option" ? target.field.section : "";

function row(flag: DeclaredFlag): readonly string[] {
  const { name, env, defaultText, description, choices } = flag;
  const values = choices === undefined ? "" : ` (${choices.join(", ")})`;
  return [`--${name}`, env, defaultText ?? "", `${chosenText(flag) ?? description}${values}`];
}

/** The flag that chooses a plugin knows only what is loaded; more may be chosen. */
function chosenText({ name, target }: DeclaredFlag): string | undefined {
  if (target.kind !== "option" || target.field.key !== "plugin") return undefined;
  const known = Object.keys(CATALOG[name]?.plugins ?? {}).join(", ");
  return `Which one: ${known}, or <name> of an installed package @micro/${name}-<name>`;
}
