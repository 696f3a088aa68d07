import type { Option } from "../option.ts";

/** Where a value came from. */
export interface Origin {
  readonly kind: "default" | "code" | "file" | "env" | "flag";
  /** `micro.yaml:12:5`, `--broker_address`, `BROKER_ADDRESS`, `createService`; `default` for a default. */
  readonly where: string;
  /** Names of the variables whose values stand in a text of a file. */
  readonly variables?: readonly string[];
  /** Where a part of the value came from, by its key as it is written there. The same as the whole when not given. */
  readonly below?: (key: string) => Origin;
}

/** One value that somebody set. */
export interface Setting {
  /** Section and key, in camelCase: `["broker", "addresses"]`; `["broker", "logger", "level"]` below a scoped one. */
  readonly path: readonly string[];
  readonly value: unknown;
  readonly origin: Origin;
}

/** Something wrong with the configuration or the composition. All of them are reported together. */
export interface Problem {
  /** What is wrong. */
  readonly message: string;
  /** Where: an origin's `where`. */
  readonly where: string;
  /** What to do about it. */
  readonly hint?: string;
  /** The error behind it. */
  readonly cause?: unknown;
}

/** An option that a source may set. */
export interface ConfigField {
  /** Section: `broker`. */
  readonly section: string;
  /** camelCase key: `addresses`; `plugin` for the choice of the plugin. */
  readonly key: string;
  /** Name of the flag without prefix: `broker_address`. */
  readonly name: string;
  readonly option: Option;
  /** Plugins that take it; empty when every plugin of the component does. */
  readonly plugins: readonly string[];
}

/** What a {@link ConfigSource} is asked. */
export interface ConfigSourceRequest {
  readonly service: { readonly name: string; readonly version: string; readonly description: string };
  readonly fields: readonly ConfigField[];
}

/** What a {@link ConfigSource} found. */
export interface ConfigSourceResult {
  readonly settings: readonly Setting[];
  readonly problems: readonly Problem[];
  /** A configuration file that was named (`--config`). */
  readonly configFile?: string;
  /** Who named it, for errors: `CONFIG`. @default "--config" */
  readonly configFileFrom?: string;
  /** The program is asked to print this and end (`--help`, `--version`). */
  readonly exit?: { readonly text: string; readonly code: number };
}

/**
 * A component of phase `config` offers this: it brings in values from outside, such as flags and environment.
 * Only what somebody set may be in the result, never a default.
 */
export interface ConfigSource {
  readConfig(request: ConfigSourceRequest): Promise<ConfigSourceResult>;
}
