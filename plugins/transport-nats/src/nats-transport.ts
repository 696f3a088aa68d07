import { checkSubject } from "@micro/nats";
import {
  type DialOptions,
  type IncomingExchange,
  type Listener,
  SERVER_ID,
  type Session,
  type Transport,
  type TransportCallOptions,
  transportError,
  unavailable,
} from "@micro/transport";
import { broken } from "./calls.ts";
import { nobodyAt } from "./errors.ts";
import { MUX_METADATA } from "./frames.ts";
import { GO_GOODBYE } from "./go-message.ts";
import { GoSession } from "./go-session.ts";
import { Mailbox, newInbox } from "./mailbox.ts";
import { type DialledSession, MuxSession, type SessionOptions } from "./mux-session.ts";
import { NatsListener } from "./nats-listener.ts";
import type { TransportContext } from "./settings.ts";

/** What a {@link NatsTransport} is made of. */
export interface NatsTransportOptions {
  readonly context: Omit<TransportContext, "mailbox">;
  readonly dialTimeout: number;
}

/** How often sessions look whether their peers are still there: a part of the shortest time they care for. */
const CHECKS_PER_PROBE = 4;

/** Go Micro's nats transport (spec 2.4), and frames between our own peers (frames.ts). */
export class NatsTransport implements Transport {
  readonly name = "nats";
  readonly metadata = MUX_METADATA;
  readonly addressing = "name";
  readonly #context: TransportContext;
  readonly #dialTimeout: number;
  readonly #listeners = new Set<NatsListener>();
  readonly #sessions = new Set<DialledSession>();
  /** Set while this transport holds the connection. */
  #held: Promise<void> | undefined;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;
  #unwatch: (() => void) | undefined;

  constructor({ context, dialTimeout }: NatsTransportOptions) {
    this.#context = { ...context, mailbox: new Mailbox(context.link) };
    this.#dialTimeout = dialTimeout;
  }

  async start(): Promise<void> {
    this.#stopped = false;
    await this.#hold();
  }

  async listen(address: string, onExchange: (exchange: IncomingExchange) => void): Promise<Listener> {
    const { link } = this.#context;
    this.#checkRunning("listening");
    // Go takes a new inbox where no address is given (spec 2.4); port 0 says as much.
    const any = address === "" || /^[^\s]*:0$/.test(address);
    const subject = any ? newInbox() : address;
    checkSubject(subject, { wildcards: false });
    await this.#hold();
    // As everything on this connection: without a server for now it begins when that comes.
    const waits = !link.connected;
    if (!waits && !any && (await this.#isHeard(subject, `listening on '${subject}'`, this.#bounds))) {
      const detail = `the address '${subject}' is taken: somebody listens on this subject already`;
      throw transportError("CONFLICT", detail, { id: SERVER_ID });
    }
    const listener = new NatsListener({
      address: subject,
      context: this.#context,
      onExchange,
      onClosed: (closed) => this.#listeners.delete(closed),
    });
    if (waits) listener.listenLater();
    else await listener.listen(this.#dialTimeout);
    this.#listeners.add(listener);
    return listener;
  }

  async dial(address: string, options: DialOptions = {}): Promise<Session> {
    const { link } = this.#context;
    const what = `connecting to '${address}'`;
    this.#checkRunning(what);
    checkSubject(address, { wildcards: false });
    const { signal, timeoutMs = this.#dialTimeout, metadata } = options;
    const until = performance.now() + timeoutMs;
    if (signal?.aborted) throw gaveUp(what, signal);
    await this.#hold();
    const bounds = signal === undefined ? { timeoutMs } : { timeoutMs, signal };
    await link.ready(what, bounds);
    const sessionOptions: SessionOptions = {
      address,
      context: this.#context,
      onClosed: (session) => this.#sessions.delete(session),
    };
    const [key, version] = Object.entries(MUX_METADATA)[0] as [string, string];
    if (metadata?.[key] !== version) {
      if (!(await this.#isHeard(address, what, bounds))) throw nobodyAt(address, link.servers);
      const session = new GoSession(sessionOptions);
      this.#sessions.add(session);
      return session;
    }
    const session = new MuxSession(sessionOptions);
    this.#sessions.add(session);
    await this.#shakeHands(session, { what, signal, timeoutMs: until - performance.now() });
    return session;
  }

  drain(): void {
    for (const listener of this.#listeners) listener.drain();
  }

  async stop({ graceMs }: { readonly graceMs: number }): Promise<void> {
    this.#stopped = true;
    const until = performance.now() + graceMs;
    await Promise.all([
      ...Array.from(this.#listeners, (listener) => listener.close({ graceMs })),
      ...Array.from(this.#sessions, (session) => session.close({ graceMs })),
    ]);
    const held = this.#held;
    this.#held = undefined;
    if (held === undefined) return;
    clearInterval(this.#timer);
    this.#unwatch?.();
    this.#context.mailbox.close();
    await held;
    await this.#context.link.release({ graceMs: Math.max(0, until - performance.now()) });
  }

  #checkRunning(what: string): void {
    if (!this.#stopped) return;
    throw unavailable(`${what}: the transport 'nats' is stopped`, { notSent: true });
  }

  get #bounds(): TransportCallOptions {
    return { timeoutMs: this.#dialTimeout };
  }

  #hold(): Promise<void> {
    if (this.#held === undefined) {
      const { link, settings } = this.#context;
      this.#held = link.hold();
      this.#unwatch = link.onDown(() => this.#lost());
      const every = Math.min(settings.probeInterval, settings.peerTimeout, settings.idleTimeout);
      const everyMs = Math.max(10, every / CHECKS_PER_PROBE);
      // Behind the reads of the same turn: a time in which this process did not run is no silence of its peers.
      this.#timer = setInterval(() => setImmediate(() => this.#check()), everyMs).unref();
    }
    return this.#held;
  }

  #check(): void {
    const now = performance.now();
    for (const session of this.#sessions) session.check(now);
    for (const listener of this.#listeners) listener.check(now);
  }

  /**
   * What was on the way in either direction may be lost: nobody goes on with a gap in it. Returns how many calls and
   * streams that ended, ours and those of others.
   */
  #lost(): { readonly endedCalls: number; readonly endedServed: number } {
    const { link } = this.#context;
    const reason = unavailable(`the connection to NATS (${link.servers}) was lost`);
    const endedCalls = sum(Array.from(this.#sessions, ({ active }) => active));
    const endedServed = sum(Array.from(this.#listeners, ({ running }) => running));
    for (const session of this.#sessions) session.destroy(reason);
    for (const listener of this.#listeners) listener.abort(reason);
    return { endedCalls, endedServed };
  }

  /** Whether anybody listens on a subject: where nobody does, NATS says so before it answers what comes after. */
  async #isHeard(subject: string, what: string, bounds: TransportCallOptions): Promise<boolean> {
    const { link, mailbox } = this.#context;
    let heard = true;
    const box = mailbox.open(({ noResponders }) => {
      if (noResponders) heard = false;
    });
    try {
      link.publish(subject, GO_GOODBYE, { reply: box.subject });
      await link.flush(what, bounds);
      return heard;
    } finally {
      box.close();
    }
  }

  async #shakeHands(
    session: MuxSession,
    { what, signal, timeoutMs }: { what: string; signal: AbortSignal | undefined; timeoutMs: number },
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    session.handshake((error) => {
      if (error === undefined) resolve();
      else reject(error);
    });
    const timer = setTimeout(
      () => {
        const detail = `${what}: no answer within ${Math.round(timeoutMs)} ms (transport.dial_timeout)`;
        session.destroy(transportError("TIMEOUT", detail, { notSent: true }));
      },
      Math.max(1, timeoutMs),
    );
    const onAbort = (): void => session.destroy(gaveUp(what, signal as AbortSignal));
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      await promise;
    } catch (error) {
      throw broken(error as Error, true);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    }
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function gaveUp(what: string, signal: AbortSignal): Error {
  return transportError("CANCELLED", `${what}: the caller gave up`, { notSent: true, cause: signal.reason });
}
