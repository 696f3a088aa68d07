import type { Socket } from "node:net";
import { Channel, type ChannelOptions, connectivityState, Metadata, status } from "@grpc/grpc-js";
import { CLIENT_ID } from "@micro/client";
import { formatDuration, MicroError } from "@micro/core";
import { OwnedCredentials } from "./credentials.ts";
import { dialReason } from "./dial-reason.ts";
import type { DialTarget } from "./target.ts";

/** A call that runs on a connection. */
export interface RunningCall {
  /** The connection is lost. */
  cut(error: MicroError): void;
}

/** What is the same for all connections of one client. */
export interface ConnectionSettings {
  readonly channelOptions: ChannelOptions;
  readonly dialTimeoutMs: number;
  readonly keepaliveTimeMs: number;
  readonly keepaliveTimeoutMs: number;
}

/** What a {@link Connection} tells its pool. */
export interface ConnectionEvents {
  /** It can be used. */
  ready(connection: Connection): void;
  /** It cannot be used any more, or never could: `error` says why it could not. Calls that run may go on. */
  gone(connection: Connection, error: MicroError): void;
}

const PROBE_PATH = "/grpc.health.v1.Health/Check";
const NOTHING = Buffer.alloc(0);
/** How long a peer may take to hang up after a connection that is done with. */
const HANG_UP_MS = 1000;

/** One connection to one node: a grpc-js channel that dials once and never again. */
export class Connection {
  readonly address: string;
  readonly channel: Channel;
  /** Calls that run. */
  readonly calls = new Set<RunningCall>();
  /** When it was dialled, as `performance.now()` tells the time. */
  readonly bornMs = performance.now();
  /** Anything came since the last look. Set by calls. */
  heard = false;
  readonly #settings: ConnectionSettings;
  readonly #events: ConnectionEvents;
  readonly #timer: NodeJS.Timeout;
  readonly #secure: boolean;
  #state: "dialing" | "ready" | "gone" = "dialing";
  #socket: Socket | undefined = undefined;
  /** Since when nothing has come, or nothing has run. */
  #quietSince = performance.now();
  #probing = false;

  constructor(
    address: string,
    target: DialTarget,
    options: { readonly settings: ConnectionSettings; readonly events: ConnectionEvents },
  ) {
    this.address = address;
    this.#secure = target.tls !== undefined;
    this.#settings = options.settings;
    this.#events = options.events;
    const { channelOptions, dialTimeoutMs } = options.settings;
    const credentials = new OwnedCredentials(target, (socket) => this.#opened(socket));
    this.channel = new Channel(target.uri, credentials, {
      ...channelOptions,
      "grpc.default_authority": target.authority,
    });
    // If it was this process that stood still, the peer may have spoken: that is read first.
    this.#timer = setTimeout(() => setImmediate(() => this.#dialedTooLong()), dialTimeoutMs);
    this.#watch(this.channel.getConnectivityState(true));
  }

  /** Milliseconds since anything ran on it; 0 while something does. */
  idleMs(now: number): number {
    return this.calls.size > 0 ? 0 : now - this.#quietSince;
  }

  start(call: RunningCall): void {
    if (this.calls.size === 0) this.#quietSince = performance.now();
    this.calls.add(call);
  }

  ended(call: RunningCall): void {
    this.calls.delete(call);
    if (this.calls.size > 0) return;
    this.#quietSince = performance.now();
    if (this.#state === "gone") this.#hangUp();
  }

  /** Looks after the peer: to be called about every second. */
  look(now: number): void {
    if (this.heard) {
      this.heard = false;
      this.#quietSince = now;
    }
    if (this.#state !== "ready" || this.#probing || this.calls.size === 0) return;
    if (now - this.#quietSince >= this.#settings.keepaliveTimeMs) this.#probe();
  }

  /** Takes no more calls; what runs goes on. */
  retire(error: MicroError): void {
    if (this.#state === "gone") return;
    this.#state = "gone";
    clearTimeout(this.#timer);
    this.channel.close();
    this.#events.gone(this, error);
    if (this.calls.size === 0) this.#hangUp();
  }

  /** Resolves when its socket is closed; that of a peer that does not hang up is closed after the grace. */
  async closed(graceMs: number): Promise<void> {
    const socket = this.#socket;
    if (socket === undefined || socket.destroyed) return;
    const timer = setTimeout(() => socket.destroy(), graceMs);
    await new Promise((resolve) => socket.once("close", resolve));
    clearTimeout(timer);
  }

  /** Ends it and everything on it, whatever the peer does. */
  cut(error: MicroError): void {
    this.retire(error);
    for (const call of this.calls) call.cut(error);
    this.#socket?.destroy();
  }

  #opened(socket: Socket): void {
    this.#socket = socket;
    // It came after the dial was given up.
    if (this.#state === "gone") socket.destroy();
  }

  #watch(state: connectivityState): void {
    this.channel.watchConnectivityState(state, Infinity, () => {
      if (this.#state === "gone") return;
      const now = this.channel.getConnectivityState(false);
      if (now === connectivityState.TRANSIENT_FAILURE) {
        this.#dialFailed();
        return;
      }
      // The peer says goodbye, or the connection broke: the calls on it get their own word of that.
      if (this.#state === "ready") {
        this.retire(this.#error("the connection was closed"));
        return;
      }
      if (now === connectivityState.READY) this.#dialed();
      this.#watch(now);
    });
  }

  #dialed(): void {
    clearTimeout(this.#timer);
    this.#state = "ready";
    this.#events.ready(this);
  }

  /** A channel says why it failed to its calls only. */
  #dialFailed(): void {
    const call = this.channel.createCall("/", Infinity, null, null, null);
    call.start(new Metadata(), {
      onReceiveMetadata: () => undefined,
      onReceiveMessage: () => undefined,
      onReceiveStatus: ({ details }) => this.retire(this.#error(dialReason(details, this.#secure))),
    });
  }

  #dialedTooLong(): void {
    if (this.#state !== "dialing") return;
    const { dialTimeoutMs } = this.#settings;
    const what =
      this.#socket === undefined ? "no connection" : "it accepted the connection and did not speak HTTP/2";
    this.cut(this.#error(`${what} within client.dial_timeout (${formatDuration(dialTimeoutMs)})`));
  }

  /**
   * Asks the peer for any sign of life by a call of the standard health service: every server answers it, be it with
   * `UNIMPLEMENTED`. HTTP/2 pings would do the same, but Go's servers close the connection of a client that sends more
   * than a few of them in five minutes.
   */
  #probe(): void {
    this.#probing = true;
    const { keepaliveTimeMs, keepaliveTimeoutMs } = this.#settings;
    const call = this.channel.createCall(PROBE_PATH, Infinity, null, null, null);
    const asked = performance.now();
    const timer = setTimeout(() => {
      const silent = formatDuration(keepaliveTimeMs);
      const unanswered = formatDuration(keepaliveTimeoutMs);
      // If it was this process that stood still, the answer is there and is read first.
      setImmediate(() => {
        this.#probing = false;
        call.cancelWithStatus(status.CANCELLED, "no answer");
        if (this.heard || this.#quietSince > asked) return;
        this.cut(this.#error(`no sign of life for ${silent}, nor an answer to a probe within ${unanswered}`));
      });
    }, keepaliveTimeoutMs);
    timer.unref();
    call.start(new Metadata(), {
      onReceiveMetadata: () => {
        this.heard = true;
      },
      onReceiveMessage: () => undefined,
      onReceiveStatus: () => {
        clearTimeout(timer);
        this.heard = true;
        this.#probing = false;
      },
    });
    call.sendMessageWithContext({}, NOTHING);
    call.halfClose();
    call.startRead();
  }

  /** A peer that does not hang up by itself is not waited for. */
  #hangUp(): void {
    const socket = this.#socket;
    if (socket === undefined || socket.destroyed) return;
    setTimeout(() => socket.destroy(), HANG_UP_MS).unref();
  }

  #error(what: string): MicroError {
    return new MicroError({
      id: CLIENT_ID,
      code: "UNAVAILABLE",
      detail: `${this.address}: ${what}`,
      // Whoever waits for a connection has sent nothing; calls that run are told otherwise.
      notSent: true,
    });
  }
}
