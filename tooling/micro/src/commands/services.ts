import { timeoutOf } from "../arguments.ts";
import { connected } from "../compose/connect.ts";
import type { CommandArguments, CommandContext } from "../context.ts";
import { EXIT_CODES } from "../exit-codes.ts";
import { inParallel } from "../in-parallel.ts";
import { findService, listServices } from "../lookup.ts";
import { table } from "../output.ts";
import { printableLine, toJson } from "../printable.ts";

const ASKED_AT_ONCE = 16;

interface Version {
  readonly version: string;
  readonly nodes: number;
}

/** `micro services`. */
export async function services(context: CommandContext, args: CommandArguments): Promise<number> {
  const { output, signal } = context;
  const timeoutMs = timeoutOf(args);
  const options = { signal, timeoutMs };
  return connected(context, { components: ["registry"] }, async ({ registry }) => {
    const names = await listServices(registry, options);
    if (names.length === 0) output.note(`registry '${registry.name}' knows no service`);
    if (args.long !== true) {
      if (output.json) await output.print(toJson(names.map((name) => ({ name }))));
      else if (names.length > 0) await output.print(names.map(printableLine).join("\n"));
      return EXIT_CODES.ok;
    }
    const all = await inParallel(names, ASKED_AT_ONCE, async (name) => {
      const records = await findService(registry, name, options);
      return {
        name,
        versions: records.map(({ version, nodes }): Version => ({ version, nodes: nodes.length })),
      };
    });
    if (output.json) await output.print(toJson(all));
    else if (all.length > 0) {
      const rows = all.flatMap(({ name, versions }) =>
        // It may have left between the two questions.
        (versions.length === 0 ? [{ version: "-", nodes: 0 }] : versions).map(({ version, nodes }) => [
          name,
          version,
          `${nodes}`,
        ]),
      );
      await output.print(table(["SERVICE", "VERSION", "NODES"], rows, output));
    }
    return EXIT_CODES.ok;
  });
}
