import { type Cli, cli, collectValues, declareFlags } from "@micro/cli";
import { type AnyPlugin, definePlugin, type Problem, type Setting } from "@micro/core";

/** What {@link flagsSource} reads. */
export interface FlagsSourceOptions {
  /** Texts of component flags by name. Those of components that the command does not use are left out. */
  readonly given: ReadonlyMap<string, readonly string[]>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What the configuration file says. */
  readonly file: { readonly settings: readonly Setting[]; readonly problems: readonly Problem[] };
  /** Settings that are not taken. */
  readonly without: (setting: Setting) => boolean;
}

/** A cli plugin that hands on a command line that was taken apart before, so that it is read once. */
export function flagsSource({ given, env, file, without }: FlagsSourceOptions): AnyPlugin {
  return definePlugin(cli, {
    name: "micro",
    create: (): Cli => ({
      positionals: [],
      values() {
        throw new TypeError("the flags of the command are not those of its service");
      },
      readConfig({ fields }) {
        const declared = declareFlags({ fields });
        const { settings, problems } = collectValues({ flags: declared.flags.values(), given, env });
        return Promise.resolve({
          settings: [...file.settings, ...settings].filter((setting) => !without(setting)),
          problems: [...file.problems, ...declared.problems, ...problems],
        });
      },
    }),
  });
}
