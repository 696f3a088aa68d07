import { formatDuration, type Logger } from "@micro/core";

/** What was lost with a connection, by what it is: `unconfirmed` messages, `calls` that ran. */
export type Losses = Readonly<Record<string, number>>;

/** Lost again so soon after it came back, it must last as long before the log says that it is back, in ms. */
const STEADY_MS = 10_000;
/** The first line about an outage that lasts comes after this, in ms; each further one after twice the time. */
const FIRST_REMINDER_MS = 30_000;
const LONGEST_REMINDER_MS = 10 * 60_000;

interface Outage {
  /** When it began, by `performance.now()`. */
  readonly since: number;
  /** It began shortly after another one: the log tells only when the connection lasts. */
  readonly unsteady: boolean;
  readonly losses: Record<string, number>;
  reason: string;
  disconnects: number;
  /** Tries to connect. */
  tries: number;
  /** Losses that no line above `debug` has named yet. */
  untold: boolean;
  reminder: NodeJS.Timeout | undefined;
}

/**
 * Tells the log of the outages of one connection: a line when one begins, one now and then while it lasts, one when it
 * is over. A connection that breaks again and again is one outage that is over when it lasts.
 */
export class OutageLog {
  readonly #logger: Logger;
  readonly #servers: string;
  #outage: Outage | undefined;
  /** When the last one was over. */
  #overAt = -Infinity;
  #steady: NodeJS.Timeout | undefined;

  constructor(logger: Logger, servers: string) {
    this.#logger = logger;
    this.#servers = servers;
  }

  /** An outage lasts, and the log says so. */
  get told(): boolean {
    return this.#outage !== undefined;
  }

  /** The connection was lost, and with it `losses`, of which those of zero are left out. */
  lost(server: string, { reason, losses }: { readonly reason: string; readonly losses: Losses }): void {
    clearTimeout(this.#steady);
    const known = this.#outage;
    const outage = known ?? this.#begin(reason);
    outage.disconnects++;
    outage.reason = reason;
    const some = Object.entries(losses).filter(([, count]) => count > 0);
    for (const [what, count] of some) outage.losses[what] = (outage.losses[what] ?? 0) + count;
    const message = "the connection to NATS was lost; connecting again";
    const fields = { server, reason, ...Object.fromEntries(some) };
    if (known === undefined) this.#logger.warn(message, fields);
    else {
      outage.untold ||= some.length > 0;
      this.#logger.debug(message, fields);
    }
  }

  /** A try to connect has begun, or failed with `reason`; without an outage the failure begins one. */
  tried(reason?: string): void {
    const outage = this.#outage;
    if (outage !== undefined) {
      outage.tries++;
      outage.reason = reason ?? outage.reason;
      return;
    }
    if (reason === undefined) return;
    this.#begin(reason).tries++;
    this.#logger.warn("not connected to NATS; trying again", { servers: this.#servers, reason });
  }

  /** Why the server refuses us, where it says so. */
  refused(reason: string): void {
    if (this.#outage !== undefined) this.#outage.reason = reason;
  }

  /** There is a connection, with so many subscriptions. */
  up(server: string, subscriptions: number): void {
    const outage = this.#outage;
    if (outage === undefined) return;
    const now = { server, subscriptions };
    if (!outage.unsteady) this.#over(outage, now);
    else {
      this.#logger.debug("connected to NATS again; waiting whether that lasts", now);
      this.#steady = setTimeout(() => this.#over(outage, now), STEADY_MS).unref();
    }
  }

  /** The connection is not wanted any more. */
  close(): void {
    const outage = this.#outage;
    this.#end();
    if (outage?.untold) this.#logger.warn("the connection to NATS did not last", this.#summary(outage));
  }

  #begin(reason: string): Outage {
    const since = performance.now();
    const outage: Outage = {
      since,
      unsteady: since - this.#overAt < STEADY_MS,
      losses: {},
      reason,
      disconnects: 0,
      tries: 0,
      untold: false,
      reminder: undefined,
    };
    this.#outage = outage;
    this.#remind(outage, FIRST_REMINDER_MS);
    return outage;
  }

  #remind(outage: Outage, afterMs: number): void {
    outage.reminder = setTimeout(() => {
      outage.untold = false;
      const what = outage.unsteady ? "the connection to NATS does not last" : "not connected to NATS";
      this.#logger.warn(`${what}; trying again`, this.#summary(outage));
      this.#remind(outage, Math.min(2 * afterMs, LONGEST_REMINDER_MS));
    }, afterMs).unref();
  }

  #over(outage: Outage, now: { readonly server: string; readonly subscriptions: number }): void {
    this.#end();
    this.#overAt = performance.now();
    const { servers: _servers, reason: _reason, ...summary } = this.#summary(outage);
    const message = outage.disconnects === 0 ? "connected to NATS" : "connected to NATS again";
    this.#logger.info(message, { ...now, ...summary });
  }

  #end(): void {
    clearTimeout(this.#steady);
    clearTimeout(this.#outage?.reminder);
    this.#outage = undefined;
  }

  #summary({ since, unsteady, reason, tries, disconnects, losses }: Outage): Record<string, unknown> {
    const lasted = formatDuration(Math.round((performance.now() - since) / 100) * 100);
    return {
      servers: this.#servers,
      reason,
      ...(unsteady ? { unsteadyFor: lasted, disconnects } : { away: lasted }),
      tries,
      ...losses,
    };
  }
}
