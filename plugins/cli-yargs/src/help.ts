import type { DeclaredFlag } from "@micro/cli";
import type { ConfigSourceRequest } from "@micro/core";
import type { HelpOption } from "yargs";
import { loadYargs } from "./yargs.ts";

/** What {@link helpText} takes. */
export interface HelpOptions {
  readonly service: ConfigSourceRequest["service"];
  readonly flags: ReadonlyMap<string, DeclaredFlag>;
  /** Columns of the terminal. */
  readonly width: number;
}

const GENERAL = "General:";
const APPLICATION = "Application:";

/** The text of `--help`: flags by component, each with its variable, kind, default and the plugins that take it. */
export async function helpText({ service, flags, width }: HelpOptions): Promise<string> {
  const yargs = await loadYargs();
  const options: Record<string, HelpOption> = {
    help: {
      group: GENERAL,
      describe: "Shows this help and ends",
      ...(flags.has("h") ? {} : { alias: ["h"] }),
    },
    version: {
      group: GENERAL,
      describe: "Shows name and version and ends",
      ...(flags.has("v") ? {} : { alias: ["v"] }),
    },
  };
  for (const flag of inOrder(flags)) options[flag.name] = { group: groupOf(flag), describe: describe(flag) };
  const about = service.description === "" ? "" : `${service.description}\n\n`;
  return yargs
    .scriptName(service.name)
    .wrap(width)
    .usage(`${service.name} ${service.version}\n\n${about}Usage: ${service.name} [flags]`)
    .options(options)
    .getHelp();
}

/** The application's own first, as people look for them. */
function inOrder(flags: ReadonlyMap<string, DeclaredFlag>): DeclaredFlag[] {
  const rank = { configFile: 0, user: 1, option: 2 } as const;
  return [...flags.values()].sort((a, b) => rank[a.target.kind] - rank[b.target.kind]);
}

function groupOf({ target }: DeclaredFlag): string {
  if (target.kind === "configFile") return GENERAL;
  if (target.kind === "user") return APPLICATION;
  const { section } = target.field;
  return `${section.charAt(0).toUpperCase()}${section.slice(1)}:`;
}

const KINDS: Readonly<Partial<Record<DeclaredFlag["kind"], string>>> = {
  integer: "whole number",
  number: "number",
  boolean: "true or false",
  duration: "duration",
  size: "size",
  list: "list, repeatable or separated by commas",
  map: "key=value, repeatable or separated by commas",
};

function describe(flag: DeclaredFlag): string {
  const { kind, choices, secret, defaultText, env, target } = flag;
  const notes: string[] = [];
  if (target.kind === "option" && target.field.plugins.length > 0) {
    notes.push(`only plugin ${target.field.plugins.join(", ")}`);
  }
  const form = choices === undefined ? KINDS[kind] : `one of ${choices.join(", ")}`;
  if (form !== undefined) notes.push(form);
  if (defaultText !== undefined) notes.push(`default ${defaultText}`);
  notes.push(secret ? `better as $${env}: flags are visible to others` : `$${env}`);
  return `${flag.description} [${notes.join("; ")}]`;
}
