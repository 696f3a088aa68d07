import assert from "node:assert/strict";
import {
  type ConfigField,
  type ConfigSourceResult,
  type Option,
  type OptionsInput,
  option,
  type Setting,
  snakeCase,
} from "@micro/core";
import type { ConformanceCase } from "@micro/core/conformance";
import type { Cli } from "./cli.ts";
import type { cli } from "./component.ts";

/** Options of the component, as written in code. */
export type CliConfig = OptionsInput<(typeof cli)["config"]>;

/** What {@link cliConformance} is run on. */
export interface CliHarness {
  /** A new instance of the plugin with these options. */
  create(config: CliConfig): Promise<Cli>;
}

interface FieldOptions {
  readonly name?: string;
  readonly plugins?: readonly string[];
}

const field = (section: string, key: string, found: Option, options: FieldOptions = {}): ConfigField => ({
  section,
  key,
  name: options.name ?? `${section}_${snakeCase(key)}`,
  option: found,
  plugins: options.plugins ?? [],
});

/** One option of every kind. */
export const FIELDS: readonly ConfigField[] = [
  field("broker", "plugin", option.string({ description: "Which broker" }) as Option, { name: "broker" }),
  field("broker", "addresses", option.list({ description: "Broker addresses", default: [] }) as Option, {
    name: "broker_address",
  }),
  field("broker", "enabled", option.boolean({ description: "On or off", default: true }) as Option),
  field("client", "poolSize", option.integer({ description: "Idle sessions", default: 7 }) as Option),
  field("client", "ratio", option.number({ description: "A share", default: 0.5 }) as Option),
  field("client", "poolTtl", option.duration({ description: "Age", default: "1m" }) as Option),
  field("client", "maxSize", option.size({ description: "Largest body", default: "4MiB" }) as Option),
  field("logger", "level", option.choice(["debug", "info"], { description: "Lowest level" }) as Option),
  field("logger", "fields", option.map({ description: "Fields of each line", default: {} }) as Option),
  field("auth", "secret", option.string({ description: "Shared secret", secret: true }) as Option),
  field("auth", "pin", option.integer({ description: "Secret number", secret: true }) as Option),
  field("broker", "subjects", option.string({ description: "Subject prefix" }) as Option, {
    plugins: ["nats"],
  }),
];

/** The service whose help is printed. */
export const SERVICE = { name: "greeter", version: "1.2.3", description: "Says hello" };

/** What a command line says. */
export interface Reading extends ConfigSourceResult {
  readonly cli: Cli;
}

/** Reads a command line with a new instance; without variables unless `config` has some. */
export type Read = (argv: readonly string[], config?: CliConfig) => Promise<Reading>;

/** A {@link Read} of the plugin. */
export function reader(harness: CliHarness): Read {
  return async (argv, config = {}) => {
    const instance = await harness.create({ env: {}, ...config, argv });
    return { ...(await instance.readConfig({ service: SERVICE, fields: FIELDS })), cli: instance };
  };
}

/** A case of the suite. */
export const promise = (name: string, run: () => Promise<void>): ConformanceCase => ({ name, run });

/** Values by path. */
export const values = (settings: readonly Setting[]): Record<string, unknown> =>
  Object.fromEntries(settings.map(({ path, value }) => [path.join("."), value]));

/** The one problem of a reading that gives nothing else. */
export function onlyProblem({
  problems,
  settings,
}: ConfigSourceResult): ConfigSourceResult["problems"][number] {
  assert.equal(problems.length, 1, JSON.stringify(problems));
  assert.deepEqual(settings, []);
  const [problem] = problems;
  assert.ok(problem !== undefined);
  return problem;
}
