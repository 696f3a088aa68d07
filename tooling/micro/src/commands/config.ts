import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { configJsonSchema, type Explanation, readConfig, type ServiceConfig, StartError } from "@micro/core";
import { fileSettings } from "@micro/core/internal";
import { optionalText, textOf } from "../arguments.ts";
import { Choices } from "../compose/choices.ts";
import { flagsSource } from "../compose/flags-source.ts";
import { type Composition, serviceComposition } from "../compose/service-composition.ts";
import type { CommandArguments, CommandContext } from "../context.ts";
import { EXIT_CODES } from "../exit-codes.ts";
import { usageError } from "../failure.ts";
import { writeText } from "../generate/output-file.ts";
import { table } from "../output.ts";
import { toJson } from "../printable.ts";

/** `micro config schema|dump|explain [file]`. */
export async function config(context: CommandContext, args: CommandArguments): Promise<number> {
  const action = textOf(args, "action");
  const file = optionalText(args, "file") ?? optionalText(args, "config");
  if (optionalText(args, "file") !== undefined && optionalText(args, "config") !== undefined)
    throw usageError("the file is named twice: leave --config out");
  if (action === "explain" && optionalText(args, "out") !== undefined)
    throw usageError("--out is for schema and dump");
  if (action !== "dump" && optionalText(args, "schema") !== undefined)
    throw usageError("--schema is for dump: it names the schema that the file is to be checked with");
  const { env, cwd } = context;
  const interpolateEnv = args["interpolate-env"] === true;
  // The file may choose plugins too, wherever it was named.
  const named =
    file === undefined
      ? context.choices
      : new Choices({ argv: [...context.typedFlags, `--config=${file}`], env, cwd, interpolateEnv });
  const [problem] = (await named.file()).problems;
  // What is wrong inside the file is told together with everything else that is wrong.
  if (file !== undefined && problem?.hint?.startsWith("name another file"))
    throw usageError(problem.message, "name another file");
  const module = optionalText(args, "service");
  const composition = withVariables(await serviceComposition(module, { ...context, choices: named }), {
    env,
    interpolateEnv,
  });
  if (action === "schema") await schema(context, args, composition);
  else await show(context, { composition, file, choices: named, args, action });
  return EXIT_CODES.ok;
}

/** The composition as it reads variables: those of this command's environment, where it reads any. */
function withVariables(
  { options, ...rest }: Composition,
  { env, interpolateEnv }: { readonly env: CommandContext["env"]; readonly interpolateEnv: boolean },
): Composition {
  const own = options.interpolateEnv;
  const isAsked = own === true || (interpolateEnv && (own === undefined || own === false));
  return { ...rest, options: isAsked ? { ...options, interpolateEnv: env } : options };
}

async function schema(
  context: CommandContext,
  args: CommandArguments,
  { plugins, options, definition, missing }: Composition,
): Promise<void> {
  const { output } = context;
  if (missing.size > 0) throw new StartError(definition.name, [...missing.values()]);
  const interpolateEnv = typeof options.interpolateEnv === "object";
  const text = JSON.stringify(configJsonSchema(plugins, { interpolateEnv }), null, output.json ? 0 : 2);
  const out = optionalText(args, "out");
  if (out === undefined) await output.print(text);
  else {
    await writeOutput(out, { text, context });
    output.note(
      `${out} is written: editors check a file with it whose first line is\n${schemaLine(out, "micro.yaml")}`,
    );
  }
}

/** What is read, and from where. */
interface Reading {
  readonly composition: Composition;
  /** As it was named; undefined where it is searched. */
  readonly file: string | undefined;
  readonly choices: Choices;
}

async function show(
  context: CommandContext,
  { args, action, ...reading }: Reading & { readonly args: CommandArguments; readonly action: string },
): Promise<void> {
  const { output } = context;
  const { composition } = reading;
  const configuration = await read(context, reading);
  if (action === "dump") {
    const text = (await configuration.dumpConfig(output.json ? "json" : "yaml")).trimEnd();
    const [out, schema] = [optionalText(args, "out"), optionalText(args, "schema")];
    const whole = schema === undefined ? text : withSchema(text, { schema, out, json: output.json });
    if (out === undefined) await output.print(whole);
    else await writeOutput(out, { text: whole, context });
    return;
  }
  // The source of flags is this command's own, where the composition has none.
  const found = configuration
    .explain()
    .filter(({ key }) => hasSource(composition) || !key.startsWith("cli."));
  await output.print(output.json ? toJson(found) : explanationTable(found, context));
  if (output.json) return;
  for (const { key, value, notes = [] } of found)
    for (const note of notes) output.note(`${key} ${String(value)}: ${note}`);
}

/** What editors look for in the first line of a YAML file. A relative path is one from the file's folder. */
function schemaLine(schema: string, file: string | undefined): string {
  return `# yaml-language-server: $schema=${schemaPath(schema, file)}`;
}

function schemaPath(schema: string, file: string | undefined): string {
  if (isAbsolute(schema) || /^[a-z][a-z\d+.-]*:\/\//i.test(schema)) return schema;
  const path = relative(dirname(file ?? "micro.yaml"), schema)
    .split(sep)
    .join("/");
  return path.startsWith(".") ? path : `./${path}`;
}

function withSchema(
  text: string,
  {
    schema,
    out,
    json,
  }: { readonly schema: string; readonly out: string | undefined; readonly json: boolean },
): string {
  if (!json) return `${schemaLine(schema, out)}\n${text}`;
  const content = JSON.parse(text) as Readonly<Record<string, unknown>>;
  return JSON.stringify({ $schema: schemaPath(schema, out), ...content }, null, 2);
}

async function writeOutput(
  out: string,
  { text, context }: { readonly text: string; readonly context: CommandContext },
): Promise<void> {
  const path = resolve(context.cwd, out);
  try {
    await writeText({ path, text: `${text}\n` });
  } catch (error) {
    throw usageError(`--out: '${out}' cannot be written: ${(error as Error).message}`);
  }
}

/** True when the composition reads flags and variables by itself. */
const hasSource = ({ plugins }: Pick<Composition, "plugins">): boolean =>
  plugins.some((plugin) => plugin.component.phase === "config");

/** Reads the configuration and creates nothing. Flags and variables count as they would for the service. */
async function read(
  context: CommandContext,
  { composition, file, choices }: Reading,
): Promise<ServiceConfig> {
  const { definition, plugins, options, missing } = composition;
  const isSourceListed = hasSource({ plugins });
  if (isSourceListed && missing.size > 0) throw new StartError(definition.name, [...missing.values()]);
  const source = isSourceListed
    ? { cli: { ...(options.cli as object | undefined), argv: context.typedFlags, env: context.env } }
    : {};
  const found = missing.size === 0 ? { settings: [], problems: [] } : await besides(missing, choices);
  const own = isSourceListed
    ? []
    : [
        flagsSource({
          given: context.given,
          env: context.env,
          file: found,
          without: ({ path }) => missing.has(path[0] ?? ""),
        }),
      ];
  // Which plugins there are is known only now; types end here.
  const reader = readConfig as unknown as (definition: unknown, options: object) => Promise<ServiceConfig>;
  return await reader(definition, {
    ...options,
    ...source,
    plugins: [...plugins, ...own],
    signal: context.signal,
    ...(file === undefined ? {} : { configFile: resolve(context.cwd, file) }),
    ...(missing.size === 0 ? {} : { configFile: false }),
  });
}

/** What the file says, with what is wrong about plugins that are not there: all mistakes are told together. */
async function besides(
  missing: Composition["missing"],
  choices: Choices,
): Promise<Parameters<typeof flagsSource>[0]["file"]> {
  const file = await choices.file();
  const { settings, problems } = fileSettings(file, (name) => name === "logger");
  return { settings, problems: [...missing.values(), ...file.problems, ...problems] };
}

function explanationTable(found: readonly Explanation[], { output }: CommandContext): string {
  const shown = (value: unknown): string => (typeof value === "string" ? value : toJson(value));
  const rows = found.map(({ key, value, from, overridden }) => [
    key,
    shown(value),
    from,
    overridden.map((weaker) => `${shown(weaker.value)} (${weaker.from})`).join(", "),
  ]);
  return table(["KEY", "VALUE", "FROM", "INSTEAD OF"], rows, output);
}
