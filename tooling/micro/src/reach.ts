import type { CallOptions } from "@micro/client";
import type { ServiceRecord } from "@micro/registry";
import { addressesOf, metadataOf, optionalText, timeoutOf } from "./arguments.ts";
import { type Connection, connect } from "./compose/connect.ts";
import type { CommandArguments, CommandContext } from "./context.ts";
import { requireService } from "./lookup.ts";

/** A client for one service. */
export interface Reached {
  readonly connection: Connection;
  /** What the registry knows of the service; empty when it was not asked. */
  readonly records: readonly ServiceRecord[];
  /** Options of each call, but the signal. */
  readonly options: CallOptions;
}

/**
 * Finds the service and runs `work` with a client that speaks its protocol: the one that flags, variables or the
 * file choose, else the one of its nodes' metadata. With `--address` no registry is asked.
 */
export async function reach<T>(
  context: CommandContext,
  { service, args }: { readonly service: string; readonly args: CommandArguments },
  work: (reached: Reached) => Promise<T>,
): Promise<T> {
  const timeoutMs = timeoutOf(args);
  const version = optionalText(args, "service-version");
  const options: CallOptions = {
    metadata: metadataOf(args),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(version === undefined ? {} : { version }),
  };
  const address = addressesOf(args);
  if (address !== undefined) {
    const connection = await connect(context, { components: ["client"], withoutRegistry: true });
    return withEnd([connection], () => work({ connection, records: [], options: { ...options, address } }));
  }
  const lookup = await connect(context, { components: ["registry"] });
  return withEnd([lookup], async () => {
    const records = await requireService(lookup.registry, service, { signal: context.signal });
    const protocol = protocolOf(records);
    const chosen = (await context.choices.of("client")) !== undefined;
    const connection = await connect(context, {
      components: ["client"],
      shared: lookup,
      clientPlugin: chosen ? undefined : CLIENTS[protocol.name],
    });
    const nodeMetadata = protocol.mixed && !chosen ? { nodeMetadata: { protocol: protocol.name } } : {};
    return withEnd([connection], () =>
      work({ connection, records, options: { ...options, ...nodeMetadata } }),
    );
  });
}

/** Client plugins by the protocol of a node. */
const CLIENTS: Readonly<Record<string, string>> = { mucp: "rpc", grpc: "grpc" };

/** The protocol to speak: that of rpc wherever a node speaks it, as it needs the least. */
export function protocolOf(records: readonly ServiceRecord[]): {
  readonly name: string;
  readonly mixed: boolean;
} {
  const found = new Set(records.flatMap(({ nodes }) => nodes.map(({ metadata }) => metadata.protocol ?? "")));
  const name = Object.keys(CLIENTS).find((protocol) => found.has(protocol)) ?? "mucp";
  return { name, mixed: found.size > 1 };
}

/** Runs `work` and ends the connections, whatever happens. */
async function withEnd<T>(connections: readonly Connection[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    // What was asked is answered by now: that something does not end in order changes nothing about it.
    await Promise.allSettled(connections.map((connection) => connection.stop()));
  }
}
