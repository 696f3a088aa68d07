import { type Cli, cli, collectValues, declareFlags, readUserFlags } from "@micro/cli";
import { type ConfigSourceRequest, type ConfigSourceResult, definePlugin } from "@micro/core";
import { helpText } from "./help.ts";
import { parseLine } from "./parse.ts";

const DEFAULT_WIDTH = 100;

/**
 * Flags and environment variables, taken apart by yargs: one flag and one variable for each option of the listed
 * plugins and for each flag of the application, `--config`, `--help` and `--version`. It writes nothing and never
 * ends the process.
 */
export const yargsCli = definePlugin(cli, {
  name: "yargs",
  aliases: ["urfave"],
  create: ({ config }): Cli => {
    let positionals: readonly string[] = [];
    let userValues: ReadonlyMap<string, unknown> | undefined;

    async function readConfig({ service, fields }: ConfigSourceRequest): Promise<ConfigSourceResult> {
      if (config.noFlags) {
        userValues = new Map();
        return { settings: [], problems: [] };
      }
      const declared = declareFlags({ fields, flags: config.flags, argPrefix: config.argPrefix });
      const line = await parseLine(config.argv ?? process.argv.slice(2), declared.flags);
      const { userValues: set, ...collected } = collectValues({
        flags: declared.flags.values(),
        given: line.given,
        env: config.env ?? process.env,
      });
      positionals = line.positionals;
      userValues = set;
      const problems = [...declared.problems, ...line.problems, ...collected.problems];
      const width = process.stdout.columns ?? DEFAULT_WIDTH;
      const text = line.help
        ? await helpText({ service, flags: declared.flags, width })
        : line.version
          ? `${service.name} ${service.version}`
          : undefined;
      return {
        ...collected,
        problems,
        ...(text === undefined ? {} : { exit: { text: `${text}\n`, code: 0 } }),
      };
    }

    return {
      readConfig,
      get positionals() {
        return positionals;
      },
      values(flags) {
        if (userValues === undefined) {
          throw new TypeError("flags are read when the service is created: ask for their values after that");
        }
        return readUserFlags(flags, { declared: config.flags, set: userValues });
      },
    };
  },
});
