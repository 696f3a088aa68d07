import { Cancellation, MicroError } from "@micro/core";
import {
  answeredTwice,
  type CallDone,
  type IncomingExchange,
  type TransportMessage,
  type TransportStream,
} from "@micro/transport";
import { copyOf, MemoryPipe, overLimit, type PipeLimits } from "./memory-pipe.ts";

/** What an exchange needs of the session it runs on. */
export interface Wire {
  readonly local: string;
  readonly remote: string;
  /** Bounds of what the client sends. */
  readonly up: PipeLimits;
  /** Bounds of what the server sends. */
  readonly down: PipeLimits;
  later(delivery: () => void): void;
  /** Hands a new exchange to the server; an error means that the server's callback threw. */
  incoming(exchange: IncomingExchange): MicroError | undefined;
  /** The exchange is over. */
  finished(exchange: RunningExchange): void;
}

/** An exchange that has not ended. */
export interface RunningExchange {
  /** The connection is gone, for both sides. */
  break(reason: MicroError): void;
}

const gone = (what: string, reason: Error): MicroError =>
  new MicroError({ code: "UNAVAILABLE", detail: `${what}: ${reason.message}` });

/** One request and one reply. */
export class MemoryCall implements IncomingExchange, RunningExchange {
  readonly first: TransportMessage;
  readonly #wire: Wire;
  readonly #cancellation = new Cancellation();
  #done: CallDone | undefined;
  #arrived = false;
  #answered = false;
  #replied = false;

  constructor(wire: Wire, request: TransportMessage, done: CallDone) {
    this.#wire = wire;
    this.first = copyOf(request);
    this.#done = done;
    wire.later(() => this.#arrive());
  }

  get local(): string {
    return this.#wire.local;
  }

  get remote(): string {
    return this.#wire.remote;
  }

  reply(message: TransportMessage): void {
    this.#claim();
    this.#replied = true;
    if (this.#done === undefined) return;
    const problem = overLimit(message, this.#wire.down.maxMessageSize);
    const copy = problem === undefined ? copyOf(message) : undefined;
    this.#wire.later(() => this.#finish(problem && notRepeatable(problem), copy));
  }

  /** The client made a call, so the first message that the server sends is its reply, and the rest goes nowhere. */
  accept(): TransportStream {
    this.#claim();
    const later = (delivery: () => void): void => this.#wire.later(delivery);
    const up = new MemoryPipe({ limits: this.#wire.up, later, onEnd: () => undefined });
    const down = new MemoryPipe({ limits: this.#wire.down, later, onEnd: () => undefined });
    up.close();
    const end = new StreamEnd(down, up, (reason) => down.fail(gone("the peer ended the stream", reason)));
    this.#cancellation.onAbort((reason) => end.lost(reason));
    const noReply = new MicroError({
      code: "UNAVAILABLE",
      detail: "the peer closed a stream without a reply",
    });
    void down.next().then(
      ({ value }) => {
        void down.return();
        later(() => this.#finish(value === undefined ? noReply : undefined, value));
      },
      (error: Error) => later(() => this.#finish(error, undefined)),
    );
    return end;
  }

  onAbort(listener: (reason: Error) => void): void {
    this.#cancellation.onAbort(listener);
  }

  /** The client wants the reply no more. */
  giveUp(reason: Error): void {
    if (this.#done === undefined) return;
    this.#end();
    if (this.#arrived) this.#wire.later(() => this.#tellServer(gone("the caller gave up", reason)));
  }

  break(reason: MicroError): void {
    this.#tellServer(reason);
    this.#finish(
      this.#arrived ? reason : new MicroError({ code: reason.code, detail: reason.detail, notSent: true }),
      undefined,
    );
  }

  #arrive(): void {
    if (this.#done === undefined) return;
    this.#arrived = true;
    const problem = this.#wire.incoming(this);
    if (problem !== undefined) this.break(problem);
  }

  #claim(): void {
    if (this.#answered) throw answeredTwice();
    this.#answered = true;
  }

  #tellServer(reason: Error): void {
    // A reply on its way cannot be called back, and who has replied wants to hear no more.
    if (!this.#replied) this.#cancellation.abort(reason);
  }

  #finish(error: Error | undefined, reply: TransportMessage | undefined): void {
    const done = this.#done;
    if (done === undefined) return;
    this.#end();
    done(error, reply);
  }

  #end(): void {
    this.#done = undefined;
    this.#wire.finished(this);
  }
}

/** A stream, from both sides. */
export class MemoryDialogue implements IncomingExchange, RunningExchange {
  readonly client: TransportStream;
  readonly #client: StreamEnd;
  readonly #server: StreamEnd;
  readonly #wire: Wire;
  readonly #up: MemoryPipe;
  readonly #down: MemoryPipe;
  #first: TransportMessage | undefined;
  #answered = false;
  #replied = false;
  #openEnds = 2;

  constructor(wire: Wire) {
    this.#wire = wire;
    const later = (delivery: () => void): void => wire.later(delivery);
    this.#up = new MemoryPipe({
      limits: wire.up,
      later,
      onArrive: (message) => this.#arrive(message),
      onEnd: () => this.#upEnded(),
    });
    this.#down = new MemoryPipe({ limits: wire.down, later, onEnd: () => this.#downEnded() });
    this.#client = new StreamEnd(this.#up, this.#down, (reason) => this.#aborted(this.#server, reason));
    this.#server = new StreamEnd(this.#down, this.#up, (reason) => this.#aborted(this.#client, reason));
    this.client = this.#client;
  }

  get first(): TransportMessage {
    return this.#first as TransportMessage;
  }

  get local(): string {
    return this.#wire.local;
  }

  get remote(): string {
    return this.#wire.remote;
  }

  accept(): TransportStream {
    this.#claim();
    return this.#server;
  }

  /** The server answers a stream with one message, mostly an error: what the client still sends is of no interest. */
  reply(message: TransportMessage): void {
    this.#claim();
    this.#replied = true;
    if (this.#server.over) return;
    const problem = overLimit(message, this.#wire.down.maxMessageSize);
    if (problem !== undefined) {
      this.#wire.later(() => this.break(notRepeatable(problem)));
      return;
    }
    void this.#up.return();
    void this.#down.send(message);
    this.#down.close();
  }

  onAbort(listener: (reason: Error) => void): void {
    this.#server.onAbort(listener);
  }

  break(reason: MicroError): void {
    this.#server.lost(reason);
    this.#client.lost(reason);
    this.#finish();
  }

  #arrive(message: TransportMessage): boolean {
    if (this.#first !== undefined) return false;
    this.#first = message;
    if (this.#client.over) return true;
    const problem = this.#wire.incoming(this);
    if (problem !== undefined) this.break(problem);
    return true;
  }

  #claim(): void {
    if (this.#answered) throw answeredTwice();
    this.#answered = true;
  }

  #upEnded(): void {
    this.#openEnds--;
    // The server never heard of it, so nobody else will end the other direction.
    if (this.#first === undefined) this.#down.close();
    if (this.#openEnds === 0) this.#finish();
  }

  #downEnded(): void {
    this.#openEnds--;
    if (this.#openEnds === 0 || this.#replied) this.#finish();
  }

  #aborted(other: StreamEnd, reason: Error): void {
    this.#finish();
    this.#wire.later(() => other.lost(gone("the peer ended the stream", reason)));
  }

  #finish(): void {
    this.#client.finish();
    this.#server.finish();
    this.#wire.finished(this);
  }
}

/** A request that reached the server must not look repeatable because its reply was too large. */
function notRepeatable({ code, detail }: MicroError): MicroError {
  return new MicroError({ code, detail });
}

/** One side of a stream. */
class StreamEnd implements TransportStream {
  readonly messages: AsyncIterable<TransportMessage>;
  readonly #out: MemoryPipe;
  readonly #in: MemoryPipe;
  readonly #tellPeer: (reason: Error) => void;
  readonly #cancellation = new Cancellation();
  #finished = false;

  constructor(out: MemoryPipe, incoming: MemoryPipe, tellPeer: (reason: Error) => void) {
    this.messages = incoming;
    this.#out = out;
    this.#in = incoming;
    this.#tellPeer = tellPeer;
  }

  /** True when it was aborted, from either side. */
  get over(): boolean {
    return this.#cancellation.aborted;
  }

  send(message: TransportMessage): Promise<void> | undefined {
    return this.#out.send(message);
  }

  closeSend(): void {
    this.#out.close();
  }

  abort(reason: Error): void {
    if (this.#finished) {
      this.#in.fail(reason, { drop: true });
      return;
    }
    this.#break(reason, true);
    this.#tellPeer(reason);
  }

  onAbort(listener: (reason: Error) => void): void {
    this.#cancellation.onAbort(listener);
  }

  /** The other side, or the connection, is gone. */
  lost(reason: Error): void {
    this.#break(reason, false);
  }

  /** It is over: an abort has nobody to tell any more. */
  finish(): void {
    this.#finished = true;
  }

  #break(reason: Error, drop: boolean): void {
    this.#out.refuse(reason);
    this.#in.fail(reason, { drop });
    this.#cancellation.abort(reason);
  }
}
