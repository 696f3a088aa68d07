import { MicroError } from "@micro/core";
import type { NatsMessage } from "@micro/nats";
import {
  type CallDone,
  CLIENT_ID,
  type CreditStream,
  refuseCall,
  type Session,
  SessionLife,
  type TransportMessage,
  type TransportStream,
  transportError,
  unavailable,
} from "@micro/transport";
import { broken, failed, replied } from "./calls.ts";
import { nobodyAt } from "./errors.ts";
import { type Frame, Kind, readFrames, readNumbers } from "./frames.ts";
import type { Box } from "./mailbox.ts";
import { MuxEnd } from "./mux-end.ts";
import type { TransportContext } from "./settings.ts";

/** What a dialled session is made of. */
export interface SessionOptions {
  readonly address: string;
  readonly context: TransportContext;
  /** Called when it is over. */
  readonly onClosed: (session: DialledSession) => void;
}

/** A session as the transport holds it. */
export interface DialledSession extends Session {
  /** Ends it at once: the connection is lost, or the transport stops. */
  destroy(reason: Error): void;
  /** Called now and then, with `performance.now()`. */
  check(now: number): void;
}

interface PendingCall {
  readonly done: CallDone;
  /** The message of NATS that it goes with. */
  count: number;
}

/** A session to one of our own peers: many calls and streams, in the frames of frames.ts. */
export class MuxSession implements DialledSession {
  readonly #options: SessionOptions;
  readonly #box: Box;
  readonly #end: MuxEnd;
  readonly #life: SessionLife;
  readonly #calls = new Map<number, PendingCall>();
  #nextId = 1;
  #concurrent = 0;
  #peerWindow = 0;
  #lastHeard = performance.now();
  #asked = 0;
  #lastAsked = 0;
  #over = false;
  /** The peer needs no word of the end: it said so itself, or is gone. */
  #peerKnows = false;
  /** Ends the handshake. */
  #handshake: ((error: Error | undefined) => void) | undefined;

  constructor(options: SessionOptions) {
    const { address, context } = options;
    const { link, mailbox } = context;
    this.#options = options;
    this.#box = mailbox.open((message, count) => this.#take(message, count));
    const { subject } = this.#box;
    this.#end = new MuxEnd({
      context,
      id: CLIENT_ID,
      dialled: true,
      onOver: () => this.#life.settle(),
      publish: (payload, count) =>
        link.publish(address, payload, { reply: `${subject}.${count}`, atOnce: true }),
      onError: (error) => this.destroy(error),
    });
    this.#life = new SessionLife({
      active: () => this.active,
      end: () => this.#ended(),
      abort: (reason) => this.destroy(reason),
    });
  }

  /** Asks the peer for a session; `ready` is called once. */
  handshake(ready: (error: Error | undefined) => void): void {
    this.#handshake = ready;
    this.#end.control(Kind.hello, 0, `${this.#options.context.settings.streamWindow}`);
    this.#end.flush();
  }

  get maxConcurrent(): number {
    return this.#concurrent;
  }

  get active(): number {
    return this.#calls.size + this.#end.streams.size;
  }

  get usable(): boolean {
    return this.#life.usable;
  }

  call(message: TransportMessage, done: CallDone): (reason: Error) => void {
    const refused = this.#refusal();
    if (refused !== undefined) return refuseCall(done, refused);
    const id = this.#nextId++;
    const call: PendingCall = { done, count: Number.POSITIVE_INFINITY };
    this.#calls.set(id, call);
    try {
      call.count = this.#end.send(Kind.call, id, message);
    } catch (error) {
      this.#calls.delete(id);
      return refuseCall(done, error as Error);
    }
    return () => this.#giveUp(id);
  }

  #giveUp(id: number): void {
    if (!this.#calls.delete(id)) return;
    this.#end.control(Kind.cancel, id);
    this.#life.settle();
  }

  open(): Promise<TransportStream> {
    const refused = this.#refusal();
    if (refused !== undefined) return Promise.reject(refused);
    return Promise.resolve(this.#end.open(this.#nextId++, this.#peerWindow));
  }

  onClose(listener: (reason: Error | undefined) => void): void {
    this.#life.onClose(listener);
  }

  close(options: { readonly graceMs?: number } = {}): Promise<void> {
    return this.#life.close(options.graceMs ?? 0);
  }

  destroy(reason: Error): void {
    this.#destroy(reason, Number.POSITIVE_INFINITY);
  }

  /** Messages of NATS from number `lostFrom` on had no receiver, or one that did nothing with them. */
  #destroy(reason: Error, lostFrom: number): void {
    if (this.#over) return;
    this.#over = true;
    // What was not published never will be: its callers may try elsewhere.
    const { published } = this.#end;
    this.#end.discard();
    const ready = this.#handshake;
    this.#handshake = undefined;
    ready?.(reason);
    const { logger } = this.#options.context;
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    // Before anybody is told: who then tries again must not be given this session.
    this.#life.retire(reason);
    for (const { done, count } of calls) {
      failed(done, broken(reason, count > published || count >= lostFrom), logger);
    }
    this.#end.breakAll(reason);
  }

  #ended(): void {
    this.#over = true;
    this.#life.closed();
    this.#end.close(!this.#peerKnows && this.#options.context.link.connected ? Kind.bye : undefined);
    this.#box.close();
    this.#options.onClosed(this);
  }

  #refusal(): MicroError | undefined {
    const { address } = this.#options;
    if (!this.#life.usable) {
      return unavailable(`the session to '${address}' takes no new exchanges`, { notSent: true });
    }
    if (this.active < this.#concurrent) return undefined;
    const detail = `${this.active} exchanges run on the session to '${address}', its transport.max_concurrent`;
    return transportError("RESOURCE_EXHAUSTED", detail, { notSent: true });
  }

  // ---- what NATS brings ----

  #take({ data, noResponders }: NatsMessage, count: number): void {
    if (this.#over) return;
    const { address, context } = this.#options;
    if (noResponders) {
      this.#peerKnows = true;
      this.#destroy(nobodyAt(address, context.link.servers), count);
      return;
    }
    this.#lastHeard = performance.now();
    this.#asked = 0;
    try {
      readFrames(data, (frame) => this.#onFrame(frame));
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  #onFrame(frame: Frame): void {
    const { kind, id } = frame;
    const stream = this.#end.streams.get(id);
    switch (kind) {
      case Kind.reply:
        this.#settle(frame);
        break;
      case Kind.message:
        if (stream === undefined) this.#end.forget(id);
        else this.#toStream(stream, frame);
        break;
      case Kind.stop:
        stream?.peerEnd();
        stream?.peerStop();
        break;
      case Kind.cancel:
        if (stream === undefined) this.#failCall(id, unavailable("the peer aborted the call"));
        else stream.break(unavailable("the peer aborted the stream"));
        break;
      default:
        if (!this.#end.take(frame)) this.#onControl(frame, stream);
    }
  }

  #onControl({ kind, id, head }: Frame, stream: CreditStream | undefined): void {
    switch (kind) {
      case Kind.ready:
        this.#onReady(readNumbers(head, 2));
        break;
      case Kind.refuse:
      case Kind.fail: {
        const { id: who, code, detail } = MicroError.parse(head);
        const error = new MicroError({ id: who, code, detail, notSent: kind === Kind.refuse });
        if (id === 0) this.destroy(error);
        else if (stream === undefined) this.#failCall(id, error);
        else stream.break(error);
        break;
      }
      case Kind.drain:
        this.#life.retire();
        break;
      case Kind.bye:
        this.#peerKnows = true;
        this.destroy(unavailable("the peer closed the session"));
        break;
      case Kind.unknown:
        this.#peerKnows = true;
        this.#destroy(unavailable("the peer has lost the session"), readNumbers(head, 1)?.[0] ?? 0);
        break;
      default:
        throw transportError("BAD_REQUEST", `the peer sent a frame of the unknown kind ${kind}`);
    }
  }

  #onReady(numbers: readonly number[] | undefined): void {
    const ready = this.#handshake;
    const [window, concurrency] = numbers ?? [];
    if (ready === undefined || window === undefined || concurrency === undefined) {
      throw transportError(
        "BAD_REQUEST",
        "the peer answered a session that was not asked for, or without its numbers",
      );
    }
    this.#handshake = undefined;
    this.#peerWindow = window;
    this.#concurrent = Math.min(concurrency, this.#options.context.settings.maxConcurrent);
    ready(undefined);
  }

  #settle(frame: Frame): void {
    const { logger } = this.#options.context;
    const call = this.#calls.get(frame.id);
    // A reply to a call that was given up has nobody to go to.
    if (call === undefined) {
      this.#end.forget(frame.id);
      return;
    }
    this.#calls.delete(frame.id);
    try {
      replied(call.done, this.#end.whole(frame), logger);
    } catch (error) {
      failed(call.done, broken(error as Error, false), logger);
    }
    this.#life.settle();
  }

  #failCall(id: number, error: MicroError): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    this.#calls.delete(id);
    failed(call.done, error, this.#options.context.logger);
    this.#life.settle();
  }

  #toStream(stream: CreditStream, frame: Frame): void {
    let message: TransportMessage;
    try {
      message = this.#end.whole(frame);
    } catch (error) {
      stream.abort(error as Error);
      return;
    }
    this.#end.deliver(stream, message);
  }

  check(now: number): void {
    const { address, context } = this.#options;
    const { probeInterval, peerTimeout } = context.settings;
    if (this.active === 0) this.#asked = 0;
    else if (this.#asked > 0 && now - this.#asked > peerTimeout) {
      const detail = `'${address}' has not answered for transport.peer_timeout, ${peerTimeout} ms`;
      this.destroy(unavailable(detail));
    } else if (now - Math.max(this.#lastHeard, this.#lastAsked) >= probeInterval) {
      // Where nobody is left, NATS itself says so.
      this.#lastAsked = now;
      if (this.#asked === 0) this.#asked = now;
      this.#end.control(Kind.ping, 0);
    }
  }
}
