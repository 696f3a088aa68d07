import type { CallOptions } from "@micro/client";
import type { ServiceRecord, Snapshot } from "@micro/registry";
import { addressesOf, metadataOf, optionalText, timeoutOf } from "./arguments.ts";
import { type Connection, connect } from "./compose/connect.ts";
import type { CommandArguments, CommandContext } from "./context.ts";
import { absent } from "./lookup.ts";

/** A client for one service. */
export interface Reached {
  readonly connection: Connection;
  /** What the registry knows of the service once all its nodes have been asked; empty when it was not asked. */
  readonly records: () => Promise<readonly ServiceRecord[]>;
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
    const records = async (): Promise<readonly ServiceRecord[]> => [];
    return withEnd([connection], () => work({ connection, records, options: { ...options, address } }));
  }
  const lookup = await connect(context, { components: ["registry"] });
  return withEnd([lookup], async () => {
    const { registry } = lookup;
    const bounds = { signal: context.signal };
    const chosen = (await context.choices.of("client")) !== undefined;
    const enough = (snapshot: Snapshot): boolean =>
      snapshot.records.length > 0 && (chosen || protocolOf(snapshot.records) === PREFERRED);
    const first = await registry.snapshot(service, { ...bounds, enough });
    if (first.records.length === 0) throw await absent(registry, service, bounds);
    const protocol = protocolOf(first.records);
    const records = async () => (await registry.snapshot(service, bounds)).records;
    const connection = await connect(context, {
      components: ["client"],
      shared: lookup,
      clientPlugin: chosen ? undefined : CLIENTS[protocol ?? PREFERRED],
    });
    // Nodes of another protocol may have answered meanwhile, or still do.
    const mixed = registry.peek(service)?.records.some(speaksOther(protocol)) ?? true;
    const nodeMetadata = mixed && !chosen && protocol !== undefined ? { nodeMetadata: { protocol } } : {};
    return withEnd([connection], () =>
      work({ connection, records, options: { ...options, ...nodeMetadata } }),
    );
  });
}

/** Client plugins by the protocol of a node. */
const CLIENTS: Readonly<Record<string, string>> = { mucp: "rpc", grpc: "grpc" };
/** What is spoken wherever a node speaks it, as it needs the least. */
const PREFERRED = "mucp";

/** The protocol to speak; undefined when no node says one that is known here. */
function protocolOf(records: readonly ServiceRecord[]): string | undefined {
  const found = new Set(records.flatMap(({ nodes }) => nodes.map(({ metadata }) => metadata.protocol)));
  return [PREFERRED, ...Object.keys(CLIENTS)].find((protocol) => found.has(protocol));
}

const speaksOther =
  (protocol: string | undefined) =>
  ({ nodes }: ServiceRecord): boolean =>
    nodes.some(({ metadata }) => metadata.protocol !== protocol);

/** Runs `work` and ends the connections, whatever happens. */
async function withEnd<T>(connections: readonly Connection[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    // What was asked is answered by now: that something does not end in order changes nothing about it.
    await Promise.allSettled(connections.map((connection) => connection.stop()));
  }
}
