import { type ConfigField, type OptionKind, type Problem, snakeCase } from "@micro/core";
import type { UserFlags } from "./cli.ts";

/** What a flag or a variable sets. */
export type FlagTarget =
  | { readonly kind: "option"; readonly field: ConfigField }
  | { readonly kind: "user"; readonly key: string }
  | { readonly kind: "configFile" };

/** A flag with its variable, whoever declared it. */
export interface DeclaredFlag {
  /** Without dashes, with the prefix: `micro_broker_address`. */
  readonly name: string;
  /** `MICRO_BROKER_ADDRESS`. */
  readonly env: string;
  readonly kind: OptionKind;
  readonly description: string;
  /** Its value is never shown. */
  readonly secret: boolean;
  /** As text, for help; undefined when there is none worth showing. */
  readonly defaultText?: string;
  /** The values allowed. */
  readonly choices?: readonly string[];
  readonly target: FlagTarget;
}

/** What {@link declareFlags} takes. */
export interface DeclareOptions {
  readonly fields: readonly ConfigField[];
  /** The user's own; they get no prefix. */
  readonly flags?: UserFlags | undefined;
  /** @default "" */
  readonly argPrefix?: string;
}

/** All flags by name: the user's, `config`, then the options'. Two of one name are a problem. */
export function declareFlags({ fields, flags = {}, argPrefix = "" }: DeclareOptions): {
  readonly flags: ReadonlyMap<string, DeclaredFlag>;
  readonly problems: readonly Problem[];
} {
  const prefixed = (name: string) => (argPrefix === "" ? name : `${argPrefix.toLowerCase()}_${name}`);
  const declared = new Map<string, DeclaredFlag>();
  const problems: Problem[] = [];
  const add = (flag: DeclaredFlag) => {
    const taken = declared.get(flag.name);
    if (taken === undefined && flag.name !== "help" && flag.name !== "version") {
      declared.set(flag.name, flag);
      return;
    }
    problems.push({
      where: "createService",
      message: `flag '--${flag.name}' is declared twice: by ${ownerOf(taken)} and by ${ownerOf(flag)}`,
      hint: "rename the application's flag, or set cli.argPrefix, which the framework's flags then start with",
    });
  };

  const configName = prefixed("config");
  add({
    name: configName,
    env: variable(configName),
    kind: "string",
    description: "Configuration file",
    secret: false,
    target: { kind: "configFile" },
  });
  for (const field of fields) {
    const { option } = field;
    if (option.kind === "object" || option.kind === "value") continue;
    const name = prefixed(field.name);
    const defaultText = option.secret ? undefined : showDefault(option.default, option.unit);
    add({
      name,
      env: variable(name),
      kind: option.kind,
      description: option.description,
      secret: option.secret,
      ...(defaultText === undefined ? {} : { defaultText }),
      ...(option.choices === undefined ? {} : { choices: option.choices }),
      target: { kind: "option", field },
    });
  }
  for (const [key, flag] of Object.entries(flags)) {
    const name = snakeCase(key);
    const defaultText = showDefault(flag.default);
    add({
      name,
      env: flag.env ?? variable(name),
      kind: flag.kind,
      description: flag.description,
      secret: false,
      ...(defaultText === undefined ? {} : { defaultText }),
      target: { kind: "user", key },
    });
  }
  return { flags: declared, problems };
}

const variable = (name: string) => name.toUpperCase().replace(/[^A-Z0-9_]/g, "_");

function ownerOf(flag: DeclaredFlag | undefined): string {
  if (flag?.target.kind === "option")
    return `${flag.target.field.section}.${snakeCase(flag.target.field.key)}`;
  return flag?.target.kind === "user" ? "the application" : "the command line itself";
}

function showDefault(value: unknown, unit = ""): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value === "number") return `${value}${unit}`;
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.join(",");
  if (typeof value === "string" || typeof value === "boolean") return `${value}`;
  const entries = Object.entries(value).map(([key, entry]) => `${key}=${entry}`);
  return entries.length === 0 ? undefined : entries.join(",");
}
