import { MicroError } from "@micro/core";
import type { DialOptions, Session, Transport } from "./transport.ts";

/** What a {@link SessionPool} is made of. */
export interface SessionPoolOptions {
  readonly transport: Pick<Transport, "dial">;
  /** Idle sessions kept per address; more are closed after a second without use. */
  readonly poolSize: number;
  /** Longest life of a session in ms, to the second: after that it takes nothing new. 0 for no limit. */
  readonly poolTtl: number;
  /** Sessions per address. */
  readonly maxConnections: number;
  /** Callers per address that wait for a session when `maxConnections` are busy. */
  readonly maxWaiting: number;
}

/** Bounds of {@link SessionPool.acquire}. */
export interface AcquireOptions {
  /** Metadata of the node, for the dial. */
  readonly metadata: Readonly<Record<string, string>>;
  /** When to stop waiting, in ms since the epoch; `Infinity` for never. */
  readonly deadline: number;
  /** True for one that nobody else may use, and that is not used again: a stream on a session that carries one exchange. */
  readonly exclusive?: boolean;
}

/** A session with room for one more exchange. Must be given back by `release`, once. */
export interface Lease {
  readonly session: Session;
}

const IDLE_LINGER_MS = 900;
const SWEEP_MS = 1000;

/**
 * The sessions of a client, by address. A session that carries many exchanges is shared by all; one that carries a
 * single exchange is used by one caller at a time, the last used first, so that the others become old and are closed.
 * Nobody dials while the first dial to an address is under way: only then is it known which kind it is.
 */
export class SessionPool {
  readonly #options: SessionPoolOptions;
  readonly #places = new Map<string, Place>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: SessionPoolOptions) {
    this.#options = options;
  }

  /** Sessions that are open or being opened. */
  get size(): number {
    let size = 0;
    for (const place of this.#places.values()) size += place.size;
    return size;
  }

  /**
   * A session to `address`, at once when there is one with room. Rejects (or throws) with a MicroError whose `notSent`
   * is true: `UNAVAILABLE` when nobody answers, `TIMEOUT` at the deadline, `RESOURCE_EXHAUSTED` when too many wait.
   */
  acquire(address: string, options: AcquireOptions): Lease | Promise<Lease> {
    let place = this.#places.get(address);
    if (place === undefined) {
      if (this.#closed) throw unavailable(`the connections are closed: ${address} is not called any more`);
      place = new Place(address, this.#options);
      this.#places.set(address, place);
      this.#timer ??= this.#startTimer();
    }
    return place.acquire(options);
  }

  /** Gives a session back. `broken` when its exchange did not end regularly and it carries only one at a time. */
  release(lease: Lease, broken = false): void {
    (lease as PooledSession).place.release(lease as PooledSession, broken);
  }

  /** Closes all sessions; what runs on them may finish within `graceMs`. Waiting callers are refused. */
  async close(options: { readonly graceMs: number }): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#timer = undefined;
    const places = [...this.#places.values()];
    this.#places.clear();
    await Promise.all(places.map((place) => place.close(options)));
  }

  #startTimer(): NodeJS.Timeout {
    const timer = setInterval(() => {
      const now = performance.now();
      for (const [address, place] of this.#places) {
        place.sweep(now);
        if (place.unused) this.#places.delete(address);
      }
      if (this.#places.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    }, SWEEP_MS);
    return timer.unref();
  }
}

class PooledSession implements Lease {
  readonly session: Session;
  readonly place: Place;
  readonly born = performance.now();
  /** Exchanges that are leased now. */
  leased = 0;
  /** When a sweep first saw it idle. */
  idleSince: number | undefined = undefined;
  /** True when it has lived longer than the ttl, as the last sweep saw it. */
  old = false;
  /** True for the one stream of a session that carries one exchange: it is not used again. */
  spent = false;

  constructor(session: Session, place: Place) {
    this.session = session;
    this.place = place;
  }

  get hasRoom(): boolean {
    const { session } = this;
    return !this.spent && session.usable && this.leased < session.maxConcurrent;
  }
}

interface Waiter {
  readonly options: AcquireOptions;
  readonly resolve: (lease: Lease) => void;
  readonly reject: (error: MicroError) => void;
  readonly timer: NodeJS.Timeout | undefined;
}

/** Everything to do with one address. */
class Place {
  readonly #address: string;
  readonly #options: SessionPoolOptions;
  /** The last used stands last. */
  readonly #sessions: PooledSession[] = [];
  readonly #waiting: Waiter[] = [];
  readonly #abort = new AbortController();
  #dialling = 0;
  /** What the last session could carry; undefined before the first. */
  #maxConcurrent: number | undefined;
  /** Of the last that waited: for the dial. */
  #metadata: Readonly<Record<string, string>> = {};
  #closed = false;

  constructor(address: string, options: SessionPoolOptions) {
    this.#address = address;
    this.#options = options;
  }

  get size(): number {
    return this.#sessions.length + this.#dialling;
  }

  get unused(): boolean {
    return this.size === 0 && this.#waiting.length === 0;
  }

  acquire(options: AcquireOptions): Lease | Promise<Lease> {
    const found = this.#find();
    if (found !== undefined) return take(found, options);
    this.#metadata = options.metadata;
    if (this.#waiting.length >= this.#options.maxWaiting) throw this.#tooMany();
    const waiting = new Promise<Lease>((resolve, reject) => this.#wait({ options, resolve, reject }));
    this.#dialForWaiting();
    return waiting;
  }

  release(lease: PooledSession, broken: boolean): void {
    lease.leased--;
    const { session } = lease;
    if (broken && session.maxConcurrent === 1) lease.spent = true;
    if (lease.leased === 0) {
      lease.idleSince = undefined;
      if (lease.spent || !session.usable || this.#outlived(lease)) this.#drop(lease);
    }
    if (this.#waiting.length > 0) this.#serve();
  }

  sweep(now: number): void {
    const { poolTtl } = this.#options;
    let kept = 0;
    for (const pooled of [...this.#sessions].reverse()) {
      pooled.old ||= poolTtl > 0 && now - pooled.born >= poolTtl;
      // One that drains keeps its calls: the last of them drops it.
      if (pooled.leased === 0 && (!pooled.session.usable || this.#outlived(pooled))) this.#drop(pooled);
      else if (pooled.leased === 0 && ++kept > this.#options.poolSize) {
        pooled.idleSince ??= now;
        if (now - pooled.idleSince >= IDLE_LINGER_MS) this.#drop(pooled);
      }
    }
  }

  async close(options: { readonly graceMs: number }): Promise<void> {
    this.#closed = true;
    const error = unavailable(`the connections are closed: ${this.#address} is not called any more`);
    for (const waiter of this.#waiting.splice(0)) settle(waiter, error);
    this.#abort.abort(error);
    await Promise.all(this.#sessions.splice(0).map(({ session }) => session.close(options)));
  }

  #find(): PooledSession | undefined {
    let old: PooledSession | undefined;
    for (let index = this.#sessions.length - 1; index >= 0; index--) {
      const pooled = this.#sessions[index] as PooledSession;
      if (!pooled.hasRoom) continue;
      if (!pooled.old) return pooled;
      old ??= pooled;
    }
    if (old === undefined) return undefined;
    // One that is shared stays in use until its successor is there: nobody has to wait for the change.
    if (old.session.maxConcurrent > 1) {
      if (this.#dialling === 0 && this.size <= this.#options.maxConnections) void this.#dial(this.#metadata);
      return old;
    }
    this.#drop(old);
    return this.#find();
  }

  #outlived(pooled: PooledSession): boolean {
    if (!pooled.old) return false;
    // A shared one is only left behind when there is another.
    return pooled.session.maxConcurrent === 1 || this.#sessions.some((other) => other.born > pooled.born);
  }

  #wait({ options, resolve, reject }: Omit<Waiter, "timer">): void {
    const ms = options.deadline - Date.now();
    const waiter: Waiter = {
      options,
      resolve,
      reject,
      timer: ms > MAX_TIMER_MS ? undefined : setTimeout(() => this.#late(waiter), Math.max(0, ms)),
    };
    this.#waiting.push(waiter);
  }

  #late(waiter: Waiter): void {
    const at = this.#waiting.indexOf(waiter);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    const detail =
      this.#dialling > 0
        ? `connecting to ${this.#address} took too long`
        : `no connection to ${this.#address} became free in time: client.max_connections is ${this.#options.maxConnections}`;
    settle(waiter, new MicroError({ id: CLIENT_ID, code: "TIMEOUT", detail, notSent: true }));
  }

  /** Gives sessions with room to those who wait, the first first. */
  #serve(): void {
    while (this.#waiting.length > 0) {
      const found = this.#find();
      if (found === undefined) break;
      const waiter = this.#waiting.shift() as Waiter;
      clearTimeout(waiter.timer);
      waiter.resolve(take(found, waiter.options));
    }
    this.#dialForWaiting();
  }

  #dialForWaiting(): void {
    while (this.#waiting.length > this.#coming && this.size < this.#options.maxConnections) {
      void this.#dial(this.#metadata);
    }
  }

  /** Exchanges that the sessions being opened will carry. Before the first session nobody knows: one dial must do. */
  get #coming(): number {
    if (this.#dialling === 0) return 0;
    return this.#dialling * (this.#maxConcurrent ?? Infinity);
  }

  async #dial(metadata: Readonly<Record<string, string>>): Promise<void> {
    this.#dialling++;
    try {
      const options: DialOptions = { metadata, signal: this.#abort.signal };
      const session = await this.#options.transport.dial(this.#address, options);
      this.#dialling--;
      if (this.#closed) {
        // It came too late for anybody: how its closing goes changes nothing.
        void session.close().catch(() => undefined);
        return;
      }
      this.#maxConcurrent = session.maxConcurrent;
      const pooled = new PooledSession(session, this);
      this.#sessions.push(pooled);
      session.onClose(() => this.#gone(pooled));
    } catch (error) {
      this.#dialling--;
      const failure = MicroError.from(error, { id: CLIENT_ID, code: "UNAVAILABLE" });
      // Whoever waits may ask another node meanwhile; those whom a session can still serve go on waiting.
      if (!this.#sessions.some(({ spent, session }) => !spent && session.usable)) {
        for (const waiter of this.#waiting.splice(0)) settle(waiter, failure);
      } else {
        const waiter = this.#waiting.shift();
        if (waiter !== undefined) settle(waiter, failure);
      }
      return;
    }
    this.#serve();
  }

  #gone(pooled: PooledSession): void {
    if (pooled.leased === 0) this.#drop(pooled);
    if (this.#waiting.length > 0) this.#serve();
  }

  #drop(pooled: PooledSession): void {
    const at = this.#sessions.indexOf(pooled);
    if (at < 0) return;
    this.#sessions.splice(at, 1);
    // Nothing runs on it; how its closing goes changes nothing for anybody.
    void pooled.session.close().catch(() => undefined);
  }

  #tooMany(): MicroError {
    const { maxConnections, maxWaiting } = this.#options;
    return new MicroError({
      id: CLIENT_ID,
      code: "RESOURCE_EXHAUSTED",
      detail: `${maxWaiting} calls wait for a connection to ${this.#address} already (client.max_waiting; client.max_connections is ${maxConnections})`,
      notSent: true,
    });
  }
}

function take(pooled: PooledSession, options: AcquireOptions): Lease {
  pooled.leased++;
  if (options.exclusive === true && pooled.session.maxConcurrent === 1) pooled.spent = true;
  return pooled;
}

function settle(waiter: Waiter, error: MicroError): void {
  clearTimeout(waiter.timer);
  waiter.reject(error);
}

const CLIENT_ID = "go.micro.client";
/** Longer than that a timer of Node fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

function unavailable(detail: string): MicroError {
  return new MicroError({ id: CLIENT_ID, code: "UNAVAILABLE", detail, notSent: true });
}
