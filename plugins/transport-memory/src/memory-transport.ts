import { definePlugin, MicroError, option } from "@micro/core";
import {
  type DialOptions,
  type IncomingExchange,
  type Listener,
  type Session,
  type Transport,
  transport,
} from "@micro/transport";
import { type MemoryLimits, MemoryNetwork } from "./memory-network.ts";
import { cancelled, MemoryListener } from "./memory-session.ts";

/** A transport inside the process: sessions and messages as over a network, without one. */
class MemoryTransport implements Transport {
  readonly name = "memory";
  readonly metadata = {};
  readonly #network: MemoryNetwork;
  readonly #limits: MemoryLimits;
  readonly #listeners = new Set<MemoryListener>();
  readonly #sessions = new Set<Session>();
  #stopped = false;

  constructor(network: MemoryNetwork, limits: MemoryLimits) {
    this.#network = network;
    this.#limits = limits;
  }

  start(): void {
    this.#stopped = false;
  }

  // Errors of a synchronous kind must come as rejections too, hence async.
  async listen(address: string, onExchange: (exchange: IncomingExchange) => void): Promise<Listener> {
    const problem = this.#refusal("listen");
    if (problem !== undefined) throw problem;
    if (address === "") {
      throw new MicroError({
        code: "BAD_REQUEST",
        detail: "the memory transport cannot listen on '': give 'host:port', or ':0' for a free port",
      });
    }
    const listener: MemoryListener = new MemoryListener(address, {
      network: this.#network,
      limits: this.#limits,
      onExchange,
      onGone: () => this.#listeners.delete(listener),
    });
    this.#listeners.add(listener);
    return listener;
  }

  async dial(address: string, { signal }: DialOptions = {}): Promise<Session> {
    await new Promise<void>((resolve) => this.#network.later(resolve));
    const problem = cancelled(signal, `connecting to '${address}'`) ?? this.#refusal("dial");
    if (problem !== undefined) throw problem;
    const listener = this.#network.find(address);
    if (listener === undefined) {
      throw new MicroError({
        code: "UNAVAILABLE",
        detail: `nobody listens on '${address}' in this memory network; services reach each other when the transport's option 'network' of both is the same MemoryNetwork`,
        notSent: true,
      });
    }
    const session: Session = listener.admit({
      limits: this.#limits,
      onGone: () => this.#sessions.delete(session),
    });
    this.#sessions.add(session);
    return session;
  }

  drain(): void {
    for (const listener of this.#listeners) listener.drain();
  }

  async stop({ graceMs }: { readonly graceMs: number }): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#listeners].map((listener) => listener.close({ graceMs })));
    await Promise.all([...this.#sessions].map((session) => session.close({ graceMs })));
  }

  #refusal(what: string): MicroError | undefined {
    if (!this.#stopped) return undefined;
    return new MicroError({
      code: "UNAVAILABLE",
      detail: `the memory transport is stopped: ${what} is not possible any more`,
      notSent: true,
    });
  }
}

/** The `memory` transport. Give services the same `network` to let them reach each other. */
export const memoryTransport = definePlugin(transport, {
  name: "memory",
  config: {
    network: option.value((value) => MemoryNetwork.is(value), {
      description: "Where services meet; the service's own when not set",
      expects: "a MemoryNetwork",
    }),
    queueMessages: option.integer({
      description: "Messages of a stream that wait for the reader before the sender has to wait",
      default: 64,
      min: 1,
    }),
    queueBytes: option.size({
      description: "Bytes of a stream that wait for the reader before the sender has to wait",
      default: "1MiB",
    }),
    maxExchanges: option.integer({
      description: "Calls and streams that run at once on one connection",
      default: 1024,
      min: 1,
    }),
    maxSessions: option.integer({ description: "Connections of one server", default: 10_000, min: 1 }),
  },
  create: ({ config: { network, ...limits } }) => new MemoryTransport(network ?? new MemoryNetwork(), limits),
});
