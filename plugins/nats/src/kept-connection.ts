import { DesiredState, type Logger, MicroError, nullLogger } from "@micro/core";
import { connect, type NatsConnection } from "nats";
import { LimitedLines } from "./limited-lines.ts";
import type { LinkSettings } from "./link-types.ts";
import { type Losses, OutageLog } from "./outage-log.ts";
import { followStatus } from "./status.ts";
import { endsWithin } from "./waiting.ts";

/** What a {@link KeptConnection} is made of. */
export interface KeptConnectionOptions {
  readonly settings: LinkSettings;
  /** For logs. */
  readonly servers: string;
  readonly logger: Logger;
  /** It works, or works again; returns how many subscriptions it has. */
  readonly onUp: (connection: NatsConnection) => number;
  /** It is lost, and may come back; returns what was lost with it. */
  readonly onDown: () => Losses;
  /** It does not come back; the next one is another. */
  readonly onDiscarded: () => void;
  /** The first try has failed. */
  readonly onTried: () => void;
}

/** A connection that is wanted: made in the background and again after every outage, of which it tells the log. */
export class KeptConnection {
  readonly #options: KeptConnectionOptions;
  readonly #outages: OutageLog;
  readonly #problems: LimitedLines;
  readonly #forbidden: LimitedLines;
  #desired: DesiredState | undefined;
  #connection: NatsConnection | undefined;
  #up: NatsConnection | undefined;

  constructor(options: KeptConnectionOptions) {
    this.#options = options;
    const { logger, servers } = options;
    this.#outages = new OutageLog(logger, servers);
    this.#problems = new LimitedLines((fields) => logger.error("NATS reports an error", fields));
    this.#forbidden = new LimitedLines((fields) =>
      logger.error("NATS does not allow what was published; it is lost", fields),
    );
  }

  /** The connection while it works. */
  get up(): NatsConnection | undefined {
    return this.#up;
  }

  get wanted(): boolean {
    return this.#desired !== undefined;
  }

  /** Why there is none. */
  get problem(): string {
    if (this.#desired === undefined) return "the connection is closed";
    return this.#desired.problem ?? "the connection was lost";
  }

  /** There is none, and the log says so. */
  get outageLogged(): boolean {
    return this.#up === undefined && this.#outages.told;
  }

  /** Begins to want it. */
  open(): void {
    // As long a pause as the library takes between its own tries, and as much again by chance.
    const pauseMs = 2 * (this.#options.settings.reconnectTimeWait ?? 500);
    this.#desired = new DesiredState({
      what: `connected to NATS (${this.#options.servers})`,
      apply: ({ signal }) => this.#connect(signal),
      logger: nullLogger,
      firstPauseMs: pauseMs,
      longestPauseMs: pauseMs,
    });
    // `#connect` has told the log why.
    this.#desired.start().catch(this.#options.onTried);
  }

  /** The other end of `open`; `before` is given time for last words on what was the connection, if it worked. */
  async close(graceMs: number, before: (up: NatsConnection | undefined) => Promise<void>): Promise<void> {
    const stopped = this.#desired?.stop() ?? Promise.resolve();
    const connection = this.#connection;
    const up = this.#up;
    this.#desired = undefined;
    this.#connection = undefined;
    this.#up = undefined;
    this.#outages.close();
    await before(up);
    await connection?.close();
    this.#problems.flush();
    this.#forbidden.flush();
    // A try that runs is bounded by the time to connect, and closes what it makes.
    await endsWithin(stopped, { timeoutMs: Math.max(graceMs, 100) });
  }

  async #connect(signal: AbortSignal): Promise<void> {
    let connection: NatsConnection;
    try {
      connection = await connect(this.#options.settings);
    } catch (error) {
      if (!signal.aborted) this.#outages.tried(MicroError.from(error).detail);
      throw error;
    }
    if (signal.aborted) {
      await connection.close();
      return;
    }
    this.#connection = connection;
    this.#follow(connection).catch((error: unknown) => {
      this.#options.logger.error("the state of the NATS connection is not known any more", { error });
    });
    void connection.closed().then((error) => this.#closed(connection, error));
    this.#cameUp(connection, connection.getServer());
  }

  /** The library reconnects by itself, with the subscriptions it has; this is how it tells. */
  #follow(connection: NatsConnection): Promise<void> {
    return followStatus(connection, {
      onLost: (server, reason) => this.#wentDown(server, reason),
      onTry: () => this.#outages.tried(),
      onBack: (server) => this.#cameUp(connection, server),
      onError: (code) => {
        if (this.#up === undefined) this.#outages.refused(`NATS said ${code}`);
        else this.#problems.add({ code });
      },
      onForbidden: (subject) => this.#forbidden.add({ subject }),
      onLeaving: (server) => this.#options.logger.info("the NATS server is about to stop", { server }),
    });
  }

  #cameUp(connection: NatsConnection, server: string): void {
    if (this.#connection !== connection) return;
    this.#up = connection;
    this.#outages.up(server, this.#options.onUp(connection));
  }

  #wentDown(server: string, reason: string): void {
    if (this.#up === undefined) return;
    this.#up = undefined;
    this.#outages.lost(server, { reason, losses: this.#options.onDown() });
  }

  /** The library gave up, which it does only when something is wrong with it or the settings: begin anew. */
  #closed(connection: NatsConnection, error: unknown): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    const why = error === undefined ? "" : `: ${MicroError.from(error).detail}`;
    const reason = `the NATS client gave up${why}`;
    this.#wentDown(this.#options.servers, reason);
    this.#outages.refused(reason);
    this.#options.onDiscarded();
    void this.#desired?.stop();
    this.open();
  }
}
