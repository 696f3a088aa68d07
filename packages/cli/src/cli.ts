import type { ConfigSource } from "@micro/core";

/** A flag of the user's own. */
export interface UserFlag<T = unknown> {
  readonly kind: "string" | "integer" | "number" | "boolean" | "list";
  /** One sentence for `--help`. */
  readonly description: string;
  readonly default?: T;
  /** Environment variable. @default the flag's name in upper case */
  readonly env?: string;
}

/** The user's flags by name. */
export type UserFlags = Readonly<Record<string, UserFlag>>;

/** Typed values of the user's flags. */
export type UserFlagValues<F extends UserFlags> = {
  readonly [K in keyof F]: F[K] extends UserFlag<infer T> ? T : never;
};

/** Flags and environment variables. */
export interface Cli extends ConfigSource {
  /** Values of the user's flags, as declared by {@link defineFlags}. Throws a TypeError when the service was not given them. */
  values<F extends UserFlags>(flags: F): UserFlagValues<F>;
  /** What stood on the command line beside flags. */
  readonly positionals: readonly string[];
}
