import type { Endpoint, ServiceRecord } from "@micro/registry";
import { textOf, timeoutOf } from "../arguments.ts";
import { connected } from "../compose/connect.ts";
import type { CommandArguments, CommandContext } from "../context.ts";
import { EXIT_CODES } from "../exit-codes.ts";
import { requireService } from "../lookup.ts";
import { type Output, paint, pairs, table } from "../output.ts";
import { printableLine, toJson } from "../printable.ts";
import { showType } from "../value-tree.ts";

/** `micro describe <service>`. */
export async function describe(context: CommandContext, args: CommandArguments): Promise<number> {
  const { output, signal } = context;
  const service = textOf(args, "service");
  const timeoutMs = timeoutOf(args);
  const records = await connected(context, { components: ["registry"] }, ({ registry }) =>
    requireService(registry, service, { signal, timeoutMs }),
  );
  if (output.json) await output.print(toJson(records));
  else await output.print(records.map((record) => recordText(record, output)).join("\n\n"));
  return EXIT_CODES.ok;
}

function recordText(record: ServiceRecord, output: Output): string {
  const { name, version, metadata, endpoints, nodes } = record;
  const title = `${paint(output, "bold", printableLine(name))} ${printableLine(version)}`;
  const about = Object.keys(metadata).length === 0 ? [] : [`  ${printableLine(pairs(metadata))}`];
  const rows = nodes.map((node) => [node.id, node.address, pairs(node.metadata)]);
  return [
    title,
    ...about,
    "",
    ...(endpoints.length === 0
      ? ["no endpoints"]
      : endpoints.map((endpoint) => endpointText(endpoint, output))),
    "",
    table(["NODE", "ADDRESS", "METADATA"], rows, output),
  ].join("\n");
}

const STREAMS: Readonly<Record<string, string>> = {
  serverStream: "server stream",
  clientStream: "client stream",
  bidiStream: "bidirectional stream",
};

function endpointText({ name, request, response, metadata }: Endpoint, output: Output): string {
  const { stream, kind: said, subscriber, topic, description, ...rest } = metadata;
  const shape = stream === "true" ? (STREAMS[said ?? ""] ?? "stream") : "unary";
  const kind = subscriber === "true" ? `subscriber of ${topic ?? "?"}` : shape;
  const lines = [
    `${paint(output, "cyan", printableLine(name))}  ${paint(output, "dim", printableLine(kind))}`,
  ];
  if (description !== undefined) lines.push(`  ${printableLine(description)}`);
  lines.push(`  request   ${showType(request, "  ")}`);
  if (response !== null) lines.push(`  response  ${showType(response, "  ")}`);
  if (Object.keys(rest).length > 0) lines.push(`  metadata  ${printableLine(pairs(rest))}`);
  return lines.join("\n");
}
