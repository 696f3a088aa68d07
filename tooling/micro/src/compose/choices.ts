import type { Setting } from "@micro/core";
import { type ConfigFile, fileSettings, readConfigFile } from "@micro/core/internal";
import type { PluginChoice } from "./find-plugin.ts";

/** What is known before any plugin is loaded: what was typed, the environment, the configuration file. */
export interface Surroundings {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Texts of the file may name variables. @default false */
  readonly interpolateEnv?: boolean;
}

/** Which plugins are wanted, and the configuration file. */
export class Choices {
  readonly #surroundings: Surroundings;
  #file: Promise<ConfigFile> | undefined = undefined;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** The file that `--config` or `CONFIG` names, or `micro.yaml` and so on of the working folder. Read once. */
  file(): Promise<ConfigFile> {
    const { argv, env, cwd, interpolateEnv = false } = this.#surroundings;
    const typed = lastValue(argv, "config");
    const path = typed ?? (env.CONFIG === "" ? undefined : env.CONFIG);
    const namedBy = typed === undefined ? "CONFIG" : "--config";
    this.#file ??= readConfigFile({ path, cwd, namedBy, ...(interpolateEnv ? { env } : {}) });
    return this.#file;
  }

  /** What flag or variable chooses for a component; undefined when neither does. */
  typed(component: string): PluginChoice | undefined {
    const { argv, env } = this.#surroundings;
    const typed = lastValue(argv, component);
    if (typed !== undefined) return { component, name: typed, where: `--${component}` };
    const variable = component.toUpperCase();
    const inherited = env[variable];
    return inherited === undefined || inherited === ""
      ? undefined
      : { component, name: inherited, where: variable };
  }

  /** What flag, variable or file chooses for a component, the strongest; undefined when none does. */
  async of(component: string): Promise<PluginChoice | undefined> {
    const typed = this.typed(component);
    if (typed !== undefined) return typed;
    const file = await this.file();
    const section = file.content[component];
    const name =
      typeof section === "object" && section !== null
        ? (section as { readonly plugin?: unknown }).plugin
        : undefined;
    return typeof name === "string"
      ? { component, name, where: file.where([component, "plugin"]) }
      : undefined;
  }
}

/** The value of `--name value` or `--name=value`, the last one; one dash will do. Nothing behind `--` counts. */
export function lastValue(argv: readonly string[], name: string): string | undefined {
  return allValues(argv, name).at(-1);
}

/** All values of a flag, in the order they were typed. */
export function allValues(argv: readonly string[], name: string): readonly string[] {
  const end = argv.indexOf("--");
  const line = end === -1 ? argv : argv.slice(0, end);
  return line.flatMap((argument, index) => {
    const bare = argument.replace(/^--?/, "");
    if (bare === argument) return [];
    if (bare.startsWith(`${name}=`)) return [bare.slice(name.length + 1)];
    const next = line[index + 1];
    return bare === name && next !== undefined ? [next] : [];
  });
}

/**
 * What a file says of the components listed, for a program that is not the service the file was written for: what the
 * service listens on and how it logs is its own business.
 */
export function clientSettings(
  file: ConfigFile,
  listed: ReadonlySet<string>,
  brokerName: string,
): {
  readonly settings: readonly Setting[];
  readonly problems: ReturnType<typeof fileSettings>["problems"];
} {
  const content = Object.fromEntries(
    Object.entries(file.content).filter(([section]) => section !== "logger" && listed.has(section)),
  );
  const { settings, problems } = fileSettings({ ...file, content }, (name) => name === "logger");
  return {
    settings: settings.filter(({ path }) => path[1] !== "logger" && !isListenAddress(path, brokerName)),
    problems,
  };
}

/** The http broker listens on its address, and the service whose file this is listens there already. */
export function isListenAddress(path: readonly string[], brokerName: string): boolean {
  return path.join(".") === "broker.addresses" && brokerName === "http";
}
