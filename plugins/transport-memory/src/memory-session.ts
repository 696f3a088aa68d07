import { MicroError } from "@micro/core";
import type {
  CallDone,
  IncomingExchange,
  Listener,
  Session,
  TransportCallOptions,
  TransportMessage,
  TransportStream,
} from "@micro/transport";
import { MemoryCall, MemoryDialogue, type RunningExchange, type Wire } from "./memory-exchange.ts";
import type { Door, MemoryLimits, MemoryNetwork, Visitor } from "./memory-network.ts";
import { overLimit, type PipeLimits } from "./memory-pipe.ts";

/** A connection: the dialling side's {@link Session}, which knows its listener too. */
export class MemorySession implements Session, Wire {
  readonly maxConcurrent: number;
  readonly local: string;
  readonly remote: string;
  readonly up: PipeLimits;
  readonly down: PipeLimits;
  readonly #listener: MemoryListener;
  readonly #network: MemoryNetwork;
  readonly #onGone: () => void;
  readonly #running = new Set<RunningExchange>();
  readonly #closeListeners: ((reason: Error | undefined) => void)[] = [];
  #ended: { readonly reason: Error | undefined } | undefined;
  #idle: PromiseWithResolvers<void> | undefined;
  #closed = false;

  constructor(listener: MemoryListener, { limits, onGone }: Visitor) {
    this.#listener = listener;
    this.#network = listener.network;
    this.#onGone = onGone;
    this.maxConcurrent = limits.maxExchanges;
    this.local = listener.address;
    this.remote = listener.network.nextPeer();
    const maxMessageSize = Math.min(limits.maxMessageSize, listener.limits.maxMessageSize);
    // The reader's side decides how much may wait for it.
    this.up = { ...listener.limits, maxMessageSize };
    this.down = { ...limits, maxMessageSize };
  }

  get active(): number {
    return this.#running.size;
  }

  get usable(): boolean {
    return this.#ended === undefined;
  }

  call(message: TransportMessage, done: CallDone): (reason: Error) => void {
    const problem = this.#refusal() ?? overLimit(message, this.up.maxMessageSize);
    if (problem === undefined) {
      const call = new MemoryCall(this, message, done);
      this.#running.add(call);
      return (reason) => call.giveUp(reason);
    }
    let wanted = true;
    this.later(() => {
      if (wanted) done(problem, undefined);
    });
    return () => {
      wanted = false;
    };
  }

  open({ signal }: TransportCallOptions = {}): Promise<TransportStream> {
    const problem = cancelled(signal, "opening a stream") ?? this.#refusal();
    if (problem !== undefined) return Promise.reject(problem);
    const dialogue = new MemoryDialogue(this);
    this.#running.add(dialogue);
    return Promise.resolve(dialogue.client);
  }

  onClose(listener: (reason: Error | undefined) => void): void {
    if (this.#ended === undefined) this.#closeListeners.push(listener);
    else listener(this.#ended.reason);
  }

  async close({ graceMs = 0 }: { readonly graceMs?: number } = {}): Promise<void> {
    this.retire(undefined);
    await this.idle(graceMs);
    await this.breakOff("the session was closed");
  }

  later(delivery: () => void): void {
    this.#network.later(delivery);
  }

  incoming(exchange: IncomingExchange): MicroError | undefined {
    return this.#listener.take(exchange);
  }

  finished(exchange: RunningExchange): void {
    if (this.#running.delete(exchange) && this.#running.size === 0) this.#idle?.resolve();
  }

  /** Nothing new from now on; what runs goes on. */
  retire(reason: Error | undefined): void {
    if (this.#ended !== undefined) return;
    this.#ended = { reason };
    for (const listener of this.#closeListeners.splice(0)) listener(reason);
  }

  /** Resolves when nothing runs any more, or after `graceMs`. */
  async idle(graceMs: number): Promise<void> {
    if (this.#running.size === 0 || graceMs <= 0) return;
    this.#idle ??= Promise.withResolvers();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, graceMs);
    });
    await Promise.race([this.#idle.promise, late]);
    clearTimeout(timer);
  }

  /** Breaks what still runs, after what is on its way has arrived. */
  async breakOff(detail: string): Promise<void> {
    const reason = new MicroError({ code: "UNAVAILABLE", detail });
    this.retire(reason);
    await new Promise<void>((resolve) => {
      this.later(() => {
        for (const exchange of this.#running) exchange.break(reason);
        resolve();
      });
    });
    if (this.#closed) return;
    this.#closed = true;
    this.#listener.forget(this);
    this.#onGone();
  }

  #refusal(): MicroError | undefined {
    if (this.#ended !== undefined) {
      return new MicroError({
        code: "UNAVAILABLE",
        detail: `the connection to '${this.local}' takes no new calls: it is closed, or the peer shuts down`,
        notSent: true,
      });
    }
    if (this.#running.size < this.maxConcurrent) return undefined;
    return new MicroError({
      code: "RESOURCE_EXHAUSTED",
      detail: `${this.maxConcurrent} exchanges run on the connection to '${this.local}': raise the transport's option 'max_exchanges'`,
      notSent: true,
    });
  }
}

/** The error of an aborted signal; undefined when it is not. */
export function cancelled(signal: AbortSignal | undefined, what: string): MicroError | undefined {
  if (!signal?.aborted) return undefined;
  return new MicroError({
    code: "CANCELLED",
    detail: `${what} was cancelled`,
    cause: signal.reason,
    notSent: true,
  });
}

/** What {@link MemoryListener} is made of. */
interface ListenerOptions {
  readonly network: MemoryNetwork;
  readonly limits: MemoryLimits;
  readonly onExchange: (exchange: IncomingExchange) => void;
  readonly onGone: () => void;
}

/** A listening server and the sessions it has. */
export class MemoryListener implements Listener, Door {
  readonly address: string;
  readonly limits: MemoryLimits;
  readonly network: MemoryNetwork;
  readonly #options: ListenerOptions;
  readonly #sessions = new Set<MemorySession>();

  /** Throws `CONFLICT` when the address is taken. */
  constructor(address: string, options: ListenerOptions) {
    this.#options = options;
    this.network = options.network;
    this.limits = options.limits;
    this.address = this.network.bind(address, this);
  }

  drain(): void {
    this.network.release(this.address, this);
    for (const session of this.#sessions) this.network.later(() => session.retire(undefined));
  }

  async close({ graceMs = 0 }: { readonly graceMs?: number } = {}): Promise<void> {
    this.network.release(this.address, this);
    const sessions = [...this.#sessions];
    for (const session of sessions) session.retire(undefined);
    await Promise.all(sessions.map((session) => session.idle(graceMs)));
    await Promise.all(sessions.map((session) => session.breakOff("the peer closed the connection")));
    this.#options.onGone();
  }

  admit(visitor: Visitor): MemorySession {
    if (this.#sessions.size >= this.limits.maxSessions) {
      throw new MicroError({
        code: "RESOURCE_EXHAUSTED",
        detail: `'${this.address}' has ${this.limits.maxSessions} connections: raise the transport's option 'max_sessions'`,
        notSent: true,
      });
    }
    const session = new MemorySession(this, visitor);
    this.#sessions.add(session);
    return session;
  }

  /** Gives an exchange to the server; an error when its callback threw. */
  take(exchange: IncomingExchange): MicroError | undefined {
    try {
      this.#options.onExchange(exchange);
      return undefined;
    } catch (error) {
      return new MicroError({
        code: "INTERNAL",
        detail: `the server's exchange callback failed: ${error instanceof Error ? error.message : String(error)}`,
        cause: error,
      });
    }
  }

  /** The session is closed. */
  forget(session: MemorySession): void {
    this.#sessions.delete(session);
  }
}
