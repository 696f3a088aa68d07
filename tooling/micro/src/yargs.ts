/** One flag of a command. */
export interface YargsOption {
  readonly type: "string" | "boolean";
  readonly describe: string;
  readonly alias?: string;
  readonly array?: boolean;
  /** How many values follow a flag: 1 for those that may be repeated. */
  readonly nargs?: number;
  readonly choices?: readonly string[];
  readonly default?: string | boolean;
  readonly defaultDescription?: string;
  readonly group?: string;
  readonly hidden?: boolean;
}

/** A command as yargs takes it. */
export interface CommandModule {
  readonly command?: string | readonly string[] | undefined;
  readonly describe?: string | false | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: a builder may be typed by another author's picture of yargs.
  readonly builder?: any;
  // biome-ignore lint/suspicious/noExplicitAny: so may the arguments.
  readonly handler: (args: any) => unknown;
}

/** What is used of yargs, which comes without types. */
export interface Yargs {
  scriptName(name: string): Yargs;
  usage(text: string): Yargs;
  command(module: CommandModule): Yargs;
  option(name: string, option: YargsOption): Yargs;
  positional(name: string, option: Omit<YargsOption, "alias">): Yargs;
  example(command: string, text: string): Yargs;
  epilogue(text: string): Yargs;
  parserConfiguration(options: Readonly<Record<string, boolean>>): Yargs;
  help(name: string, text: string): Yargs;
  alias(short: string, name: string): Yargs;
  version(enabled: false): Yargs;
  exitProcess(enabled: false): Yargs;
  detectLocale(enabled: false): Yargs;
  showHelpOnFail(enabled: false): Yargs;
  strict(): Yargs;
  wrap(columns: number): Yargs;
  group(names: readonly string[], title: string): Yargs;
  fail(tell: (message: string | undefined, error: Error | undefined) => void): Yargs;
  parseAsync(
    argv: readonly string[],
    context: object,
    tell: (error: Error | undefined, args: unknown, output: string) => void,
  ): Promise<unknown>;
  getHelp(): Promise<string>;
}

/** A parser that reads neither arguments nor variables of the process, prints nothing and ends nothing. */
export async function loadYargs(): Promise<Yargs> {
  // yargs comes without types: told that this is any module, the compiler asks for none.
  const loaded = (await import("yargs" as string)) as {
    readonly default: (argv: readonly string[], cwd: string) => Yargs;
  };
  return loaded
    .default([], process.cwd())
    .version(false)
    .exitProcess(false)
    .detectLocale(false)
    .showHelpOnFail(false)
    .parserConfiguration({
      "camel-case-expansion": false,
      "dot-notation": false,
      "parse-numbers": false,
      "parse-positional-numbers": false,
      "short-option-groups": false,
    });
}
