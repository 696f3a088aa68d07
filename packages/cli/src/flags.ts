import type { UserFlag, UserFlags } from "./cli.ts";

/** The user's own flags: `defineFlags({port: flag.integer({description: "…", default: 1})})`. */
export function defineFlags<const F extends UserFlags>(flags: F): F {
  return flags;
}

type Details<T> = Omit<UserFlag<T>, "kind">;
type Flag<T, D> = UserFlag<D extends { readonly default: T } ? T : T | undefined>;

const make =
  <T>(kind: UserFlag["kind"]) =>
  <const D extends Details<T>>(details: D): Flag<T, D> =>
    ({ ...details, kind }) as unknown as Flag<T, D>;

/** Builders of flags; without a default the value may be undefined. */
export const flag = {
  string: make<string>("string"),
  integer: make<number>("integer"),
  number: make<number>("number"),
  boolean: make<boolean>("boolean"),
  /** Repeatable or comma separated. */
  list: make<readonly string[]>("list"),
} as const;
