// What this package uses of yargs, which comes without types.

declare module "yargs/helpers" {
  export interface ParserOptions {
    readonly boolean: readonly string[];
    readonly string: readonly string[];
    readonly configuration: Readonly<Record<string, boolean>>;
  }
  /** `_` holds the positionals, `--` what follows `--`. */
  export type ParsedArguments = Readonly<Record<string, unknown>>;
  export const Parser: {
    detailed(
      argv: readonly string[],
      options: ParserOptions,
    ): { readonly argv: ParsedArguments; readonly error: Error | null };
  };
}

declare module "yargs" {
  export interface HelpOption {
    readonly group: string;
    readonly describe: string;
    readonly alias?: readonly string[];
  }
  export interface Yargs {
    scriptName(name: string): Yargs;
    usage(text: string): Yargs;
    help(enabled: false): Yargs;
    version(enabled: false): Yargs;
    exitProcess(enabled: false): Yargs;
    detectLocale(enabled: false): Yargs;
    wrap(columns: number): Yargs;
    options(options: Readonly<Record<string, HelpOption>>): Yargs;
    getHelp(): Promise<string>;
  }
  export default function yargs(argv: readonly string[], cwd: string): Yargs;
}
