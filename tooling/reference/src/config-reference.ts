import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { memoryBroker } from "@micro/broker-memory";
import { natsBroker } from "@micro/broker-nats";
import { grpcClient } from "@micro/client-grpc";
import { msgpackCodec } from "@micro/codec-msgpack";
import { formatDuration, formatSize, type Option, parseDuration, parseSize, snakeCase } from "@micro/core";
import { collectSections, optionsOf, type Section } from "@micro/core/internal";
import { winstonLogger } from "@micro/logger-winston";
import { fileRegistry } from "@micro/registry-file";
import { memoryRegistry } from "@micro/registry-memory";
import { natsRegistry } from "@micro/registry-nats";
import { grpcServer } from "@micro/server-grpc";
import { defaults } from "@micro/set-defaults";
import { memoryTransport } from "@micro/transport-memory";
import { natsTransport } from "@micro/transport-nats";
import { quicTransport } from "@micro/transport-quic";

const FILE = join(import.meta.dirname, "../../../docs/guide/configuration.md");
const BEGIN = "<!-- generated: sections -->";
const END = "<!-- end of generated -->";

/** The part of the configuration reference that follows from the schemas, as Markdown. */
export function referenceSections(): string {
  const plugins = [
    ...defaults,
    msgpackCodec,
    winstonLogger,
    grpcClient,
    grpcServer,
    memoryBroker,
    memoryRegistry,
    fileRegistry,
    memoryTransport,
    natsBroker,
    natsRegistry,
    natsTransport,
    quicTransport,
  ];
  const sections = [...collectSections(plugins).sections.values()];
  return sections
    .sort((a, b) => a.component.name.localeCompare(b.component.name))
    .map(sectionText)
    .join("\n");
}

function sectionText(section: Section): string {
  const { component } = section;
  const names = section.plugins.map(({ name, aliases }) =>
    [`\`${name}\``, ...aliases.map((alias) => `(\`${alias}\`)`)].join(" "),
  );
  const rows = [...optionsOf(section)].flatMap(([key, { option, plugins }]) =>
    optionRows(option, {
      key,
      section: component.name,
      phase: component.phase,
      plugins: plugins.map(({ name }) => name),
    }),
  );
  return [
    `### \`${component.name}\``,
    "",
    `${component.description}. Plugins: ${names.join(", ")}.`,
    "",
    "| Key | Flag | Variable | Type | Default | Meaning |",
    "|---|---|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

interface Place {
  readonly section: string;
  readonly key: string;
  readonly phase: string;
  readonly plugins: readonly string[];
}

function optionRows(option: Option, { section, key, phase, plugins }: Place): string[] {
  const written = key.split(".").map(snakeCase).join(".");
  const flag = key === "plugin" ? section : `${section}_${option.flag ?? snakeCase(key)}`;
  const codeOnly = option.kind === "value" || phase === "config";
  const hasFlag = !codeOnly && option.kind !== "object" && !key.includes(".");
  const cells = [
    `\`${option.kind === "value" ? key : written}\``,
    hasFlag ? `\`--${flag}\`` : "",
    hasFlag ? `\`${flag.toUpperCase()}\`` : "",
    typeText(option, codeOnly),
    defaultText(option),
    `${option.description}${plugins.length === 0 ? "" : ` (${plugins.join(", ")})`}${option.secret ? " Masked in dumps." : ""}`,
  ];
  const below = Object.entries(option.options ?? {}).flatMap(([child, inner]) =>
    optionRows(inner, { section, key: `${key}.${child}`, phase, plugins }),
  );
  return [`| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`, ...below];
}

function typeText(option: Option, codeOnly: boolean): string {
  const type = option.choices?.map((choice) => `\`${choice}\``).join(", ") ?? option.kind;
  const unit = option.kind === "duration" && option.unit === "s" ? " (numbers are seconds)" : "";
  return `${option.kind === "value" ? "value" : type}${unit}${codeOnly ? ", in code only" : ""}`;
}

function defaultText(option: Option): string {
  const value = option.default as string | number | undefined;
  if (value === undefined) return "";
  if (option.kind === "duration") return `\`${formatDuration(parseDuration(value, option.unit) ?? 0)}\``;
  if (option.kind === "size") return `\`${formatSize(parseSize(value) ?? 0)}\``;
  return option.kind === "value" ? "" : `\`${JSON.stringify(value)}\``;
}

/** The whole page with its generated part made anew. */
export async function referencePage(): Promise<{ readonly current: string; readonly wanted: string }> {
  const current = await readFile(FILE, "utf8");
  const [before, rest = ""] = current.split(BEGIN);
  const after = rest.split(END)[1] ?? "";
  return { current, wanted: `${before}${BEGIN}\n\n${referenceSections()}\n${END}${after}` };
}

if (import.meta.main) {
  await writeFile(FILE, (await referencePage()).wanted);
}
