import { MicroError } from "@micro/core";
import type { Node } from "@micro/registry";
import { addressesOf, optionalText, timeoutOf } from "../arguments.ts";
import { type Connection, connect } from "../compose/connect.ts";
import type { CommandArguments, CommandContext } from "../context.ts";
import { EXIT_CODES } from "../exit-codes.ts";
import { saysNoSuchEndpoint } from "../failure.ts";
import { askGrpcHealth } from "../grpc-health.ts";
import { inParallel } from "../in-parallel.ts";
import { findService, listServices, requireService } from "../lookup.ts";
import { type Output, paint, table } from "../output.ts";
import { toJson } from "../printable.ts";

const ASKED_AT_ONCE = 16;
const TIMEOUT_MS = 2000;
/** Protocols of which there is a client, and its plugin. */
const CLIENTS: Readonly<Record<string, string>> = { mucp: "rpc", grpc: "grpc" };

/** What one node said. */
interface NodeHealth {
  readonly service: string;
  readonly version: string;
  readonly node: string;
  readonly address: string;
  readonly ok: boolean;
  /** The node's own word, `reachable` when it has none, or what went wrong. */
  readonly status: string;
  readonly ms: number;
}

interface Asked {
  readonly service: string;
  readonly version: string;
  readonly node: Node;
}

/** Clients by their plugin, made when the first node needs one; under an empty name the one that flags choose. */
type Clients = Map<string, Promise<Connection>>;

/** `micro health [service]`. With `--address` no registry is asked. */
export async function health(context: CommandContext, args: CommandArguments): Promise<number> {
  const { output, signal } = context;
  const service = optionalText(args, "service");
  const timeoutMs = timeoutOf(args) ?? TIMEOUT_MS;
  const addresses = addressesOf(args);
  const lookup = addresses === undefined ? await connect(context, { components: ["registry"] }) : undefined;
  const clients: Clients = new Map();
  try {
    const asked =
      lookup === undefined
        ? (addresses ?? []).map((address) => atAddress(address, service))
        : await nodesOf(lookup, service, signal);
    const found = await inParallel(asked, ASKED_AT_ONCE, (one) =>
      askNode(context, clients, { ...one, timeoutMs }),
    );
    signal.throwIfAborted();
    if (output.json) await output.print(toJson(found));
    else if (found.length === 0) output.note(`registry '${lookup?.registry.name}' knows no node`);
    else await output.print(shown(found, output));
    return found.every(({ ok }) => ok) ? EXIT_CODES.ok : EXIT_CODES.unavailable;
  } finally {
    // A client that could not be made has been told of in the rows of its nodes.
    const made = (await Promise.allSettled(clients.values())).flatMap((one) =>
      one.status === "fulfilled" ? [one.value] : [],
    );
    const all = lookup === undefined ? made : [...made, lookup];
    await Promise.allSettled(all.map((connection) => connection.stop()));
  }
}

function shown(found: readonly NodeHealth[], output: Output): string {
  const rows = found.map(({ service, version, node, address, ok, status, ms }) => [
    ok ? "ok" : "FAIL",
    service,
    version,
    node,
    address,
    `${ms.toFixed(1)} ms`,
    status,
  ]);
  return table(["", "SERVICE", "VERSION", "NODE", "ADDRESS", "TIME", "STATUS"], rows, output)
    .split("\n")
    .map((line) => line.replace(/^(ok|FAIL)/, (mark) => paint(output, mark === "ok" ? "green" : "red", mark)))
    .join("\n");
}

/** Nothing is known of it but where it is. */
const atAddress = (address: string, service = ""): Asked => ({
  service,
  version: "",
  node: { id: "", address, metadata: {} },
});

async function nodesOf(
  lookup: Connection,
  service: string | undefined,
  signal: AbortSignal,
): Promise<Asked[]> {
  const { registry } = lookup;
  const names = service === undefined ? await listServices(registry, { signal }) : [];
  const records =
    service === undefined
      ? (await inParallel(names, ASKED_AT_ONCE, (name) => findService(registry, name, { signal }))).flat()
      : await requireService(registry, service, { signal });
  return records.flatMap(({ name, version, nodes }) =>
    nodes
      // The http broker's subscribers are in the registry too, and they take messages only (spec 5.3).
      .filter(({ metadata }) => metadata.protocol !== undefined || metadata.server !== undefined)
      .map((node) => ({ service: name, version, node })),
  );
}

async function askNode(
  context: CommandContext,
  clients: Clients,
  { service, version, node, timeoutMs }: Asked & { readonly timeoutMs: number },
): Promise<NodeHealth> {
  let start = performance.now();
  const told = (ok: boolean, status: string): NodeHealth => ({
    service,
    version,
    node: node.id,
    address: node.address,
    ok,
    status,
    ms: Number((performance.now() - start).toFixed(3)),
  });
  const { protocol = "" } = node.metadata;
  const plugin = CLIENTS[protocol];
  const isListed = node.id !== "";
  if (isListed && plugin === undefined)
    return told(false, `speaks '${protocol}', for which there is no client`);
  try {
    const { client, plugins } = await clientOf(context, clients, plugin);
    // Loading the client is not the node's time.
    start = performance.now();
    // Servers do not mind the name (spec 1.3), and it must not be empty.
    const name = service || node.address;
    const options = { address: node.address, timeoutMs, retries: 0, signal: context.signal };
    if (plugins.client === "grpc") return told(...(await askGrpcHealth(client, name, options)));
    const reply = await client.call<{ readonly status?: unknown } | null>(
      { service: name, endpoint: "Debug.Health", message: { service } },
      { ...options, contentType: "application/json" },
    );
    const status = typeof reply?.status === "string" ? reply.status : "answered";
    return told(status === "ok" || status === "answered", status);
  } catch (error) {
    // The handler is optional (spec 7.7): whoever says that there is none is there.
    if (saysNoSuchEndpoint(error)) return told(true, "reachable");
    return told(false, MicroError.is(error) ? error.detail : String((error as Error).message));
  }
}

function clientOf(
  context: CommandContext,
  clients: Clients,
  clientPlugin: string | undefined,
): Promise<Connection> {
  const made =
    clients.get(clientPlugin ?? "") ??
    connect(context, { components: ["client"], withoutRegistry: true, clientPlugin });
  clients.set(clientPlugin ?? "", made);
  return made;
}
