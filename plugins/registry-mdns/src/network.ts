import type { RemoteInfo } from "node:dgram";
import { type Logger, MicroError } from "@micro/core";
import type { Packet } from "dns-packet";
import { type Family, multicastTargets } from "./interfaces.ts";
import { closePort, openPort, type Port, sendPacket } from "./port.ts";

/** Where and how to listen and to send. */
export interface NetworkOptions {
  readonly port: number;
  /** IPv4 group. */
  readonly group: string;
  /** IPv6 group; undefined leaves IPv6 out. */
  readonly group6: string | undefined;
  /** Names or addresses of interfaces; empty means all that are usable. */
  readonly interfaces: readonly string[];
  /** A question of anybody; `reply` goes to its sender alone. */
  readonly onQuery: (packet: Packet, from: RemoteInfo, reply: (packet: Packet) => void) => void;
  /** An answer or an announcement of anybody, our own included. */
  readonly onResponse: (packet: Packet) => void;
  /** Interfaces came: who is there now has not heard of us. */
  readonly onInterfaces?: () => void;
  readonly logger: Logger;
}

/** How often interfaces are looked at: a laptop changes its network. */
const INTERFACES_MS = 5000;
/** Replies handed to the system and not yet sent; more are dropped, as UDP would. */
const MAX_REPLIES = 4096;

/**
 * The sockets of one registry. Each address family has two: one on the group's port, shared with other processes,
 * which hears everybody and announces, and one on a port of its own that asks, because answers to the shared port
 * may reach another process (spec 3.2).
 */
export interface Network {
  /** To the group, from the group's port. Rejects with `UNAVAILABLE` when no interface took it. */
  announce(makePacket: () => Packet): Promise<void>;
  /** To the group, from the asking port: answers come to `onResponse`. Rejects like `announce`. */
  ask(makePacket: () => Packet): Promise<void>;
  /** Closes all sockets; idempotent. */
  close(): Promise<void>;
}

/** Opens the sockets. Rejects with `UNAVAILABLE` when this host has no way to send to the group. */
export async function openNetwork(options: NetworkOptions): Promise<Network> {
  const families: readonly Family[] = options.group6 === undefined ? ["udp4"] : ["udp4", "udp6"];
  const links: Link[] = [];
  const reasons: unknown[] = [];
  for (const family of families) {
    try {
      links.push(await Link.open(family, options));
    } catch (error) {
      reasons.push(error);
      // Many hosts have no IPv6, and need none.
      options.logger.debug("mdns: no multicast for this address family", { family, error });
    }
  }
  if (links.length === 0) throw unavailable(options, reasons);
  const send = async (how: "announce" | "ask", makePacket: () => Packet): Promise<void> => {
    const sent = await Promise.allSettled(links.map((link) => link[how](makePacket)));
    const failed = sent.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
    if (failed.length === links.length) throw unavailable(options, failed);
  };
  return {
    announce: (makePacket) => send("announce", makePacket),
    ask: (makePacket) => send("ask", makePacket),
    close: async () => {
      await Promise.all(links.map((link) => link.close()));
    },
  };
}

function unavailable(options: NetworkOptions, reasons: readonly unknown[]): MicroError {
  const texts = reasons.map((reason) => (reason instanceof Error ? reason.message : String(reason)));
  return new MicroError({
    code: "UNAVAILABLE",
    id: "go.micro.registry",
    detail: `services cannot find each other by multicast DNS on this host: ${texts.join("; ")} (group ${options.group}, port ${options.port}). Check the network, set registry.interfaces or registry.port, or use another registry such as 'file'`,
    cause: reasons.length === 1 ? reasons[0] : new AggregateError(reasons),
    notSent: true,
  });
}

/** Both sockets of one address family. */
class Link {
  readonly #family: Family;
  readonly #group: string;
  readonly #options: NetworkOptions;
  readonly #shared: Port;
  readonly #own: Port;
  readonly #timer: NodeJS.Timeout;
  #targets: readonly string[] = [];
  #replies = 0;
  #closing: Promise<void> | undefined;

  static async open(family: Family, options: NetworkOptions): Promise<Link> {
    const shared = await openPort(family, options.port, options.logger);
    try {
      return new Link(family, options, shared, await openPort(family, 0, options.logger));
    } catch (error) {
      await closePort(shared);
      throw error;
    }
  }

  private constructor(family: Family, options: NetworkOptions, shared: Port, own: Port) {
    this.#family = family;
    this.#group = family === "udp4" ? options.group : (options.group6 ?? "");
    this.#options = options;
    this.#shared = shared;
    this.#own = own;
    try {
      this.#join();
    } catch (error) {
      void this.close();
      throw error;
    }
    shared.mdns.on("query", (packet: Packet, from: RemoteInfo) => {
      options.onQuery(packet, from, (answer) => this.#reply(answer, from));
    });
    for (const { mdns } of [shared, own]) mdns.on("response", options.onResponse);
    this.#timer = setInterval(() => this.#rejoin(), INTERFACES_MS).unref();
  }

  announce(makePacket: () => Packet): Promise<void> {
    return this.#toGroup(this.#shared, makePacket);
  }

  ask(makePacket: () => Packet): Promise<void> {
    return this.#toGroup(this.#own, makePacket);
  }

  close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closing ??= Promise.all([closePort(this.#shared), closePort(this.#own)]).then(() => undefined);
    return this.#closing;
  }

  #toGroup(port: Port, makePacket: () => Packet): Promise<void> {
    const sent = port.queue.then(async () => {
      const errors: unknown[] = [];
      for (const target of this.#targets) {
        if (this.#closing !== undefined) return;
        try {
          port.socket.setMulticastInterface(target);
          await sendPacket(port, makePacket(), { port: this.#options.port, address: this.#group });
        } catch (error) {
          errors.push(error);
          this.#options.logger.debug("mdns: an interface did not take a packet", { target, error });
        }
      }
      if (errors.length === this.#targets.length) {
        const first = errors[0];
        throw first instanceof Error ? first : new Error("no interface is left", { cause: first });
      }
    });
    port.queue = sent.catch(() => undefined);
    return sent;
  }

  #reply(packet: Packet, to: RemoteInfo): void {
    const { logger } = this.#options;
    if (this.#replies >= MAX_REPLIES) {
      logger.debug("mdns: too many replies at once, one was dropped", { to: to.address });
      return;
    }
    this.#replies += 1;
    void sendPacket(this.#shared, packet, { port: to.port, address: to.address })
      .catch((error: unknown) => logger.debug("mdns: a reply was not sent", { to: to.address, error }))
      .finally(() => {
        this.#replies -= 1;
      });
  }

  /** Joins the group on interfaces that are new. Throws when none is in the end. */
  #join(): boolean {
    const errors: unknown[] = [];
    let added = false;
    const targets = multicastTargets(this.#family, this.#options.interfaces).filter((target) => {
      if (this.#targets.includes(target)) return true;
      try {
        this.#shared.socket.addMembership(this.#group, target);
        added = true;
        return true;
      } catch (error) {
        errors.push(error);
        this.#options.logger.debug("mdns: an interface does not take part", { target, error });
        return false;
      }
    });
    if (targets.length === 0) {
      throw new Error("no network interface takes part in multicast", { cause: errors[0] });
    }
    for (const target of this.#targets) if (!targets.includes(target)) this.#leave(target);
    this.#targets = targets;
    return added;
  }

  /** So that an interface that comes back with the same address can be joined again. */
  #leave(target: string): void {
    try {
      this.#shared.socket.dropMembership(this.#group, target);
    } catch (error) {
      this.#options.logger.debug("mdns: the membership of an interface that went is gone with it", {
        target,
        error,
      });
    }
  }

  #rejoin(): void {
    try {
      if (this.#join()) this.#options.onInterfaces?.();
    } catch (error) {
      // The last ones stay: a send says UNAVAILABLE while they are down, and the next look may find them.
      this.#options.logger.debug("mdns: no interface takes part in multicast now", { error });
    }
  }
}
