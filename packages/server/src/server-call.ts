import {
  type CallContext,
  type Caller,
  type CallKind,
  Cancellation,
  type Expiring,
  type LocalCall,
  type Logger,
  type Metadata,
  MicroError,
  type ReplyMetadataSink,
  UNWATCHED,
} from "@micro/core";
import type { Route } from "./routes.ts";
import { Said } from "./said.ts";

/** Where a call comes from: what a server plugin knows of it. */
export interface CallOrigin extends ReplyMetadataSink {
  /** What came with the call. A getter may make it on first use. */
  readonly metadata: Metadata;
  /** Absolute, in ms since the epoch; `Infinity` when the caller gave none. */
  readonly deadline: number;
  /** Socket address of the peer. */
  readonly remote: string;
}

/** Why a call was refused before its handler ran: another node may take it. */
export type Refusal = "draining" | "busy";

/** One running call: the context its handler sees, made cheap because every call has one. */
export class ServerCall implements CallContext, Expiring {
  readonly route: Route;
  message: unknown;
  slot = UNWATCHED;
  previous: Expiring | undefined = undefined;
  next: Expiring | undefined = undefined;
  /** True when the caller has its answer, so that whatever the handler still says comes too late. */
  answered = false;
  /** Ends the call for its caller and cancels the handler; set by the dispatcher where there is more than that to do. */
  onGiveUp: ((error: MicroError) => void) | undefined = undefined;
  readonly #origin: CallOrigin | LocalCall;
  #metadata: Metadata | undefined = undefined;
  #cancellation: Cancellation | undefined = undefined;
  #caller: Caller | undefined = undefined;
  #logger: Logger | undefined = undefined;
  #said: Said | undefined = undefined;
  readonly #parentLogger: Logger;

  /** A {@link LocalCall} as origin shares its cancellation, and its caller enforces the deadline. */
  constructor(route: Route, origin: CallOrigin | LocalCall, message: unknown, parentLogger: Logger) {
    this.route = route;
    this.#origin = origin;
    this.message = message;
    this.#parentLogger = parentLogger;
  }

  get side(): "server" {
    return "server";
  }

  get kind(): CallKind {
    return this.route.kind;
  }

  get service(): string {
    return this.route.service;
  }

  get endpoint(): string {
    return this.route.endpoint;
  }

  get idempotent(): boolean {
    return this.route.idempotent;
  }

  get metadata(): Metadata {
    if (this.#metadata === undefined) {
      const { metadata } = this.#origin;
      this.#metadata = "cancellation" in this.#origin ? metadata.clone() : metadata;
    }
    return this.#metadata;
  }

  get deadline(): number {
    return this.#origin.deadline;
  }

  get cancellation(): Cancellation {
    this.#cancellation ??= "cancellation" in this.#origin ? this.#origin.cancellation : new Cancellation();
    return this.#cancellation;
  }

  get signal(): AbortSignal {
    return this.cancellation.signal;
  }

  get caller(): Caller {
    if (this.#caller === undefined) {
      const service = this.metadata.get("micro-from-service");
      const address = "remote" in this.#origin ? this.#origin.remote : "local";
      this.#caller = service === undefined ? { address } : { address, service };
    }
    return this.#caller;
  }

  get logger(): Logger {
    this.#logger ??= this.#parentLogger.child({ endpoint: this.endpoint });
    return this.#logger;
  }

  get replyHeader(): Metadata {
    return this.#beside.header;
  }

  get replyTrailer(): Metadata {
    return this.#beside.trailer;
  }

  get #beside(): Said {
    this.#said ??= new Said();
    return this.#said;
  }

  /** Tells the caller's side the header; to be called before a message leaves. */
  tellHeader(): void {
    this.#said?.tellHeader(this.#origin, this);
  }

  /** Tells the caller's side what it was not told yet; to be called before the end. */
  tellEnd(): void {
    this.#said?.tellEnd(this.#origin, this);
  }

  /** When its handler is told to stop. The caller of a {@link LocalCall} sees to that itself. */
  get dueAt(): number {
    return "cancellation" in this.#origin ? Infinity : this.#origin.deadline;
  }

  remainingMs(): number {
    return Math.max(0, this.deadline - Date.now());
  }

  expire(): void {
    this.giveUp(
      new MicroError({
        id: this.service,
        code: "TIMEOUT",
        detail: `call timeout: ${this.endpoint} did not end before the caller's deadline`,
      }),
    );
  }

  /** The caller gets `error` now, whatever the handler still does. */
  giveUp(error: MicroError): void {
    this.tellEnd();
    if (this.onGiveUp === undefined) this.cancel(error);
    else this.onGiveUp(error);
  }

  /** Tells its handler and middleware to stop. What their listeners throw is logged: it ends nothing else. */
  cancel(reason: Error): void {
    try {
      this.cancellation.abort(reason);
    } catch (error) {
      this.logger.error("a listener of the cancelled call has thrown", { error });
    }
  }
}
