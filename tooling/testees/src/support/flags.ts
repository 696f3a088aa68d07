/** One flag of a testee. A number must be whole. */
export type Flag =
  | {
      readonly type: "string";
      readonly describe: string;
      readonly default?: string;
      readonly choices?: readonly string[];
    }
  | { readonly type: "number"; readonly describe: string; readonly default?: number }
  | { readonly type: "boolean"; readonly describe: string; readonly default?: boolean };

type ValueOf<F extends Flag> = { string: string; number: number; boolean: boolean }[F["type"]];

/** What was given: without a default it may be missing. */
export type FlagValues<Flags extends Readonly<Record<string, Flag>>> = {
  readonly [K in keyof Flags]: Flags[K] extends { readonly default: unknown }
    ? ValueOf<Flags[K]>
    : ValueOf<Flags[K]> | undefined;
};

/** Where every testee listens. */
export const portFlag = {
  port: { type: "number", describe: "TCP port; 0 takes a free one", default: 0 },
  host: { type: "string", describe: "Interface to listen on", default: "127.0.0.1" },
} as const;

/** TLS of a server, named as in gRPC's own interop programs. */
export const tlsServerFlags = {
  use_tls: { type: "boolean", describe: "Encrypt", default: false },
  tls_cert_file: { type: "string", describe: "Certificate of the server, PEM" },
  tls_key_file: { type: "string", describe: "Its private key, PEM" },
} as const;

/** What is used of yargs, which comes without types. */
interface Parser {
  scriptName(name: string): Parser;
  usage(text: string): Parser;
  options(options: object): Parser;
  parserConfiguration(options: object): Parser;
  version(enabled: false): Parser;
  exitProcess(enabled: false): Parser;
  detectLocale(enabled: false): Parser;
  help(): Parser;
  strict(): Parser;
  wrap(columns: number): Parser;
  parseAsync(
    argv: readonly string[],
    context: object,
    tell: (error: Error | undefined, args: unknown, output: string) => void,
  ): Promise<unknown>;
}

/** The command line is wrong, or asks for help. */
export class UsageProblem extends Error {
  readonly exitCode: number;

  constructor(text: string, exitCode: number) {
    super(text);
    this.exitCode = exitCode;
  }
}

/** Reads the flags of this process. Rejects with a {@link UsageProblem} for flags that are not known, and for `--help`. */
export async function readFlags<const Flags extends Readonly<Record<string, Flag>>>(
  { name, usage, flags }: { readonly name: string; readonly usage: string; readonly flags: Flags },
  argv: readonly string[] = process.argv.slice(2),
): Promise<FlagValues<Flags>> {
  // yargs comes without types: told that this is any module, the compiler asks for none.
  const loaded = (await import("yargs" as string)) as {
    readonly default: (argv: readonly string[], cwd: string) => Parser;
  };
  // Numbers are read as texts, so that `--port x` is not silently NaN.
  const options = Object.fromEntries(
    Object.entries(flags).map(([key, flag]) => [
      key,
      { ...flag, requiresArg: flag.type !== "boolean", type: flag.type === "boolean" ? "boolean" : "string" },
    ]),
  );
  const parser = loaded
    .default([], process.cwd())
    .scriptName(name)
    .usage(usage)
    .options(options)
    .parserConfiguration({
      "camel-case-expansion": false,
      "dot-notation": false,
      "parse-numbers": false,
      "duplicate-arguments-array": false,
    })
    .version(false)
    .exitProcess(false)
    .detectLocale(false)
    .wrap(100)
    .help()
    .strict();
  let given: Readonly<Record<string, unknown>> = {};
  await parser.parseAsync(argv, {}, (error, args, output) => {
    if (error !== undefined && error !== null) throw new UsageProblem(`${error.message}\n${output}`, 2);
    if (output !== "") throw new UsageProblem(output, 0);
    given = args as typeof given;
  });
  const read = Object.entries(flags).map(([key, flag]) => [key, readValue(key, flag, given[key])]);
  return Object.fromEntries(read) as FlagValues<Flags>;
}

function readValue(key: string, { type }: Flag, value: unknown): unknown {
  if (value === undefined || type !== "number") return value;
  if (typeof value === "number") return value;
  if (typeof value === "string" && /^\d{1,15}$/.test(value)) return Number(value);
  throw new UsageProblem(`--${key} must be a whole number, not ${JSON.stringify(value)}`, 2);
}

/** Settings of the server's `tls` section; undefined where connections are plain. */
export function serverTls(flags: FlagValues<typeof tlsServerFlags>): object | undefined {
  const { use_tls, tls_cert_file, tls_key_file } = flags;
  if (!use_tls) return undefined;
  if (tls_cert_file !== undefined && tls_key_file !== undefined)
    return { certFile: tls_cert_file, keyFile: tls_key_file };
  throw new UsageProblem("--use_tls needs --tls_cert_file and --tls_key_file", 2);
}
