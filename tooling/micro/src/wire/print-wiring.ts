import { type CallPiece, type Entry, layOut, object, type Piece } from "../generate/layout.ts";
import { printImports } from "../generate/print-imports.ts";
import { WIDTH } from "../generate/width.ts";
import { entry } from "./literal.ts";
import type { WiringNames } from "./wiring-names.ts";

/** What generated wiring ends its first line with. */
export const WIRE_MARK = "by `micro wire`. DO NOT EDIT.";

/** One component: the names of its plugins, and of the components they are given. */
export interface WiringStep {
  readonly component: string;
  /** Names of its plugins in the file; several where the configuration chooses, or of a component of many. */
  readonly plugins: readonly string[];
  readonly needs: readonly string[];
}

/** Everything that stands in generated wiring. */
export interface WiringText {
  /** The composition, relative to the file: `composition.ts`. */
  readonly source: string;
  readonly service: string;
  readonly names: WiringNames;
  /** Name of the definition in the file. */
  readonly definition: string;
  /** Names of the plugins in the order in which they are listed. */
  readonly plugins: readonly string[];
  /** What the composition says in code; none when it says nothing. */
  readonly settings: readonly Entry[];
  /** In the order of creation. */
  readonly steps: readonly WiringStep[];
}

const OPTIONS = "WiredOptions<typeof plugins>";

/** The TypeScript of a service's wiring, laid out as Biome does. */
export function printWiring(text: WiringText): string {
  const { source, service, names, plugins, settings } = text;
  const { create, run, type } = names;
  const core = new Map(
    ["runWired", "WiredOptions", "WiredService", "wireService"].map((name) => [name, name]),
  );
  const imports = new Map([...names.imports, ["@micro/core/wired", core] as const]);
  const list = layOut({ kind: "list", items: plugins }, { indent: "", before: 16, after: 10 });
  const head = `const settings: ${OPTIONS} = `;
  return [
    `// Wired from ${source} ${WIRE_MARK}\n${printImports(imports, new Set(["WiredOptions", "WiredService"]))}`,
    `const plugins = ${list} as const;\n`,
    ...(settings.length === 0
      ? []
      : [`${head}${layOut(object(settings), { indent: "", before: head.length, after: 1 })};\n`]),
    `/** Service '${service}' with its components. */\nexport type ${type} = WiredService<typeof plugins>;\n`,
    `/** Creates service '${service}'. What \`options\` say is stronger than what ${source} says. */\n` +
      `${signature(create, type)}\n${wireCall(text)}\n}\n`,
    `/** Runs service '${service}' as a main program: creates, starts, waits for a signal, stops. */\n` +
      `${signature(run, "void")}\n  return runWired(${create}, options);\n}\n`,
  ].join("\n");
}

/** The head of a function of options. */
function signature(name: string, resolved: string): string {
  const parameter = `options: ${OPTIONS} = {}`;
  const line = `export function ${name}(${parameter}): Promise<${resolved}> {`;
  if (line.length <= WIDTH) return line;
  return `export function ${name}(\n  ${parameter},\n): Promise<${resolved}> {`;
}

function wireCall({ definition, settings, steps, names }: WiringText): string {
  const composition = `{ plugins, ${settings.length === 0 ? "" : "settings, "}options }`;
  const head = `  return wireService(${definition}, ${composition}, async (create) => {`;
  const fits = head.length <= WIDTH;
  const indent = fits ? "    " : "      ";
  const used = new Set(steps.flatMap(({ needs }) => needs));
  const lines = steps.map((step) => statement(step, { indent, names, isUsed: used.has(step.component) }));
  if (fits) return `${head}\n${lines.join("")}  });`;
  return [
    `  return wireService(\n    ${definition},\n    ${composition},\n    async (create) => {`,
    `${lines.join("")}    },\n  );`,
  ].join("\n");
}

function statement(
  { component, plugins, needs }: WiringStep,
  {
    indent,
    names,
    isUsed,
  }: { readonly indent: string; readonly names: WiringNames; readonly isUsed: boolean },
): string {
  const head = `${indent}${isUsed ? `const ${names.variable(component)} = ` : ""}await `;
  const [plugin = ""] = plugins;
  const chosen: Piece = plugins.length === 1 ? plugin : { kind: "list", items: plugins };
  const deps = object(needs.map((need) => entry(need, names.variable(need))));
  const call: CallPiece = {
    kind: "call",
    name: "create",
    items: needs.length === 0 ? [chosen] : [chosen, deps],
  };
  return `${head}${layOut(call, { indent, before: head.length, after: 1 })};\n`;
}
