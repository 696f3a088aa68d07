import { configJsonSchema, createService, type Explanation, type ServiceCore } from "@micro/core";
import { optionalText, textOf } from "../arguments.ts";
import { Choices } from "../compose/choices.ts";
import { flagsSource } from "../compose/flags-source.ts";
import { type Composition, serviceComposition } from "../compose/service-composition.ts";
import type { CommandArguments, CommandContext } from "../context.ts";
import { EXIT_CODES } from "../exit-codes.ts";
import { usageError } from "../failure.ts";
import { table } from "../output.ts";
import { toJson } from "../printable.ts";

/** `micro config schema|dump|explain [file]`. */
export async function config(context: CommandContext, args: CommandArguments): Promise<number> {
  const { output } = context;
  const action = textOf(args, "action");
  const file = optionalText(args, "file") ?? optionalText(args, "config");
  if (optionalText(args, "file") !== undefined && optionalText(args, "config") !== undefined)
    throw usageError("the file is named twice: leave --config out");
  const { env, cwd } = context;
  // The file may choose plugins too, wherever it was named.
  const named =
    file === undefined
      ? context.choices
      : new Choices({ argv: [...context.typedFlags, `--config=${file}`], env, cwd });
  const [problem] = (await named.file()).problems;
  // What is wrong inside the file is told together with everything else that is wrong.
  if (file !== undefined && problem?.hint?.startsWith("name another file"))
    throw usageError(problem.message, "name another file");
  const composition = await serviceComposition(optionalText(args, "service"), { ...context, choices: named });
  if (action === "schema") {
    await output.print(JSON.stringify(configJsonSchema(composition.plugins), null, output.json ? 0 : 2));
    return EXIT_CODES.ok;
  }
  const service = await compose(context, composition, file);
  try {
    if (action === "dump") {
      const text = await service.dumpConfig(output.json ? "json" : "yaml");
      await output.print(text.trimEnd());
    } else {
      // The source of flags is this command's own, where the composition has none.
      const found = service.explain().filter(({ key }) => hasSource(composition) || !key.startsWith("cli."));
      await output.print(output.json ? toJson(found) : explanationTable(found, context));
    }
  } finally {
    await service.stop({ graceMs: 1000 });
  }
  return EXIT_CODES.ok;
}

/** True when the composition reads flags and variables by itself. */
const hasSource = ({ plugins }: Pick<Composition, "plugins">): boolean =>
  plugins.some((plugin) => plugin.component.phase === "config");

/** Wires the service and starts nothing. Flags and variables count as they would for the service. */
async function compose(
  context: CommandContext,
  { definition, plugins, options }: Composition,
  file: string | undefined,
): Promise<ServiceCore> {
  const isSourceListed = hasSource({ plugins });
  const source = isSourceListed
    ? { cli: { ...(options.cli as object | undefined), argv: context.typedFlags, env: context.env } }
    : {};
  const own = isSourceListed
    ? []
    : [
        flagsSource({
          given: context.given,
          env: context.env,
          file: { settings: [], problems: [] },
          without: () => false,
        }),
      ];
  // Which plugins there are is known only now; types end here.
  const create = createService as unknown as (definition: unknown, options: object) => Promise<ServiceCore>;
  return await create(definition, {
    ...options,
    ...source,
    plugins: [...plugins, ...own],
    signal: context.signal,
    ...(file === undefined ? {} : { configFile: file }),
  });
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
