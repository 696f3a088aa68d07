import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import type { OptionsInput } from "@micro/core";
import { instantiate } from "@micro/core/conformance";
import type { RegistryBackend, RegistryEvent, ServiceRecord } from "@micro/registry";
import { decode, encode, type Packet } from "dns-packet";
import { mdnsRegistry } from "../src/index.ts";

/** A place on loopback that no other test and no other program uses. */
export interface Place {
  readonly port: number;
  readonly group: string;
  readonly domain: string;
  readonly interfaces: readonly string[];
  readonly ipv6: boolean;
}

let places = 0;

/** A free port, and a group and a domain of its own. */
export async function place(domain?: string): Promise<Place> {
  const socket = await bound(0);
  const { port } = socket.address();
  await closed(socket);
  places += 1;
  return {
    port,
    group: `239.255.${places % 250}.${1 + (process.pid % 250)}`,
    domain: domain ?? `t${process.pid}-${places}`,
    interfaces: ["127.0.0.1"],
    ipv6: false,
  };
}

/** An instance of the plugin at `where`, not started. */
export function create(
  where: Place,
  config: OptionsInput<typeof mdnsRegistry.config> = {},
): Promise<RegistryBackend> {
  return instantiate(mdnsRegistry, { config: { ...where, ...config } });
}

/** Runs `use` with a started instance and stops it. */
export async function withRegistry(
  where: Place,
  use: (registry: RegistryBackend) => Promise<void>,
  config: OptionsInput<typeof mdnsRegistry.config> = {},
): Promise<void> {
  const registry = await create(where, config);
  await registry.start?.({ signal: AbortSignal.timeout(5000) });
  try {
    await use(registry);
  } finally {
    await registry.stop?.({ graceMs: 1000 });
  }
}

/** A record with one node. */
export function greeter(name: string, number = 1, version = "v1"): ServiceRecord {
  return {
    name,
    version,
    metadata: {},
    endpoints: [],
    nodes: [
      { id: `${name}-${number}`, address: `127.0.0.1:${4000 + number}`, metadata: { protocol: "mucp" } },
    ],
  };
}

/** A bare socket, such as another program has one. */
export interface Peer {
  /** What it received, decoded, with the bytes and the sender. */
  readonly received: { readonly packet: Packet; readonly bytes: Buffer; readonly from: RemoteInfo }[];
  /** Waits until something fits, for 5 s. */
  until(fits: (packet: Packet) => boolean): Promise<{ packet: Packet; from: RemoteInfo }>;
  /** To the group. */
  send(packet: Packet | Buffer): Promise<void>;
  /** To one. */
  reply(packet: Packet, to: RemoteInfo): Promise<void>;
  close(): Promise<void>;
}

/** A peer on a port of its own; with `member` on the port of the group, hearing what is sent there. */
export async function peer(where: Place, options: { readonly member?: boolean } = {}): Promise<Peer> {
  const socket = await bound(options.member ? where.port : 0, "0.0.0.0");
  socket.setMulticastInterface("127.0.0.1");
  if (options.member) socket.addMembership(where.group, "127.0.0.1");
  const received: Peer["received"] = [];
  const waiting = new Set<() => void>();
  socket.on("message", (bytes, from) => {
    received.push({ packet: decode(bytes), bytes, from });
    for (const look of waiting) look();
  });
  const send = (bytes: Buffer, port: number, address: string) =>
    new Promise<void>((resolve, reject) => {
      socket.send(bytes, port, address, (error) => (error ? reject(error) : resolve()));
    });
  return {
    received,
    until: (fits) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`no such packet within 5 s: ${JSON.stringify(received.map((r) => r.packet))}`));
        }, 5000);
        const look = (): void => {
          const found = received.find(({ packet }) => fits(packet));
          if (found === undefined) return;
          clearTimeout(late);
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    send: (packet) => send(Buffer.isBuffer(packet) ? packet : encode(packet), where.port, where.group),
    reply: (packet, to) => send(encode(packet), to.port, to.address),
    close: () => closed(socket),
  };
}

/** Reads a watch in the background. */
export function follow(registry: RegistryBackend, service?: string) {
  const iterator = registry.watch(service === undefined ? {} : { service })[Symbol.asyncIterator]();
  const events: RegistryEvent[] = [];
  const waiting = new Set<() => void>();
  const reading = (async () => {
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
      events.push(next.value);
      for (const look of waiting) look();
    }
  })();
  return {
    events,
    /** Waits until an event of this type tells of node `id` (any, without). */
    until: (type: RegistryEvent["type"], id?: string, timeoutMs = 5000) =>
      new Promise<RegistryEvent>((resolve, reject) => {
        const late = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`no ${type} of ${id} within ${timeoutMs} ms: ${JSON.stringify(events)}`));
        }, timeoutMs);
        const look = (): void => {
          const found = events.find(
            (event) => event.type === type && (id === undefined || idsIn(event).includes(id)),
          );
          if (found === undefined) return;
          clearTimeout(late);
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    leave: async () => {
      await iterator.return?.();
      await reading;
    },
  };
}

function idsIn(event: RegistryEvent): readonly string[] {
  const records = event.type === "snapshot" ? event.services : [event.service];
  return records.flatMap((record) => record.nodes.map(({ id }) => id));
}

async function bound(port: number, address = "127.0.0.1"): Promise<Socket> {
  const socket = createSocket({ type: "udp4", reuseAddr: port !== 0 });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind({ port, address, exclusive: true }, resolve);
  });
  return socket;
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()));
}
