import type { NatsMessage } from "@micro/nats";
import {
  type CallDone,
  CreditStream,
  refuseCall,
  SessionLife,
  type StreamPort,
  type TransportMessage,
  type TransportStream,
  transportError,
  unavailable,
} from "@micro/transport";
import { broken, failed, replied } from "./calls.ts";
import { nobodyAt } from "./errors.ts";
import { decodeGoMessage, encodeGoMessage, GO_GOODBYE } from "./go-message.ts";
import type { Box } from "./mailbox.ts";
import type { DialledSession, SessionOptions } from "./mux-session.ts";
import { Room } from "./room.ts";

/**
 * A session to a Go peer (spec 2.4): one exchange at a time, since Go matches nothing by id. What is given up cannot be
 * told to Go, which has no word for it; the session is left behind, so that a late answer finds nobody.
 */
export class GoSession implements DialledSession, StreamPort {
  readonly maxConcurrent = 1;
  readonly #options: SessionOptions;
  readonly #box: Box;
  readonly #life: SessionLife;
  readonly #room: Room;
  #call: CallDone | undefined;
  #stream: CreditStream | undefined;
  #over = false;
  /** Whether the peer has heard of it. */
  #used = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#box = options.context.mailbox.open((message) => this.#take(message));
    this.#room = new Room(options.context.link, () => this.#stream?.room());
    this.#life = new SessionLife({
      active: () => this.active,
      end: () => this.#end(),
      abort: (reason) => this.destroy(reason),
    });
  }

  get active(): number {
    return this.#call === undefined && this.#stream === undefined ? 0 : 1;
  }

  get usable(): boolean {
    return this.#life.usable;
  }

  call(message: TransportMessage, done: CallDone): (reason: Error) => void {
    try {
      this.#checkFree();
      this.#publish(message);
    } catch (error) {
      return refuseCall(done, error as Error);
    }
    this.#call = done;
    return () => {
      if (this.#call !== done) return;
      this.#call = undefined;
      this.destroy(unavailable("a call was given up"));
    };
  }

  async open(): Promise<TransportStream> {
    this.#checkFree();
    const { settings } = this.#options.context;
    this.#stream = new CreditStream(this, {
      id: "0",
      stream: "0",
      sendWindow: Number.POSITIVE_INFINITY,
      receiveWindow: settings.streamWindow,
      strict: false,
      dialled: true,
      maxWriteBuffer: settings.maxWriteBuffer,
    });
    return this.#stream;
  }

  onClose(listener: (reason: Error | undefined) => void): void {
    this.#life.onClose(listener);
  }

  close(options: { readonly graceMs?: number } = {}): Promise<void> {
    return this.#life.close(options.graceMs ?? 0);
  }

  destroy(reason: Error): void {
    this.#destroy(reason, false);
  }

  #destroy(reason: Error, notSent: boolean): void {
    if (this.#over) return;
    this.#over = true;
    const call = this.#call;
    this.#call = undefined;
    // Before anybody is told: who then tries again must not be given this session.
    this.#life.retire(reason);
    if (call !== undefined) failed(call, broken(reason, notSent), this.#options.context.logger);
    this.#stream?.break(reason);
  }

  #end(): void {
    this.#over = true;
    this.#life.closed();
    this.#box.close();
    const { address, context } = this.#options;
    if (this.#used && context.link.connected) {
      context.link.publish(address, GO_GOODBYE, { reply: this.#box.subject });
    }
    this.#options.onClosed(this);
  }

  #checkFree(): void {
    if (this.#life.usable && this.active === 0) return;
    throw unavailable(`the session to '${this.#options.address}' takes no new exchanges`, { notSent: true });
  }

  #publish(message: TransportMessage): void {
    const { address, context } = this.#options;
    const payload = encodeGoMessage(message, context.settings);
    context.link.publish(address, payload, { reply: this.#box.subject });
    this.#used = true;
  }

  // ---- what its stream needs ----

  get full(): boolean {
    return this.#room.full;
  }

  message(_stream: CreditStream, message: TransportMessage): void {
    this.#publish(message);
    this.#room.watch();
  }

  end(stream: CreditStream): void {
    // Go knows no half-close but the EOS message, which the layer above sends itself (spec 1.12).
    if (!stream.begun) stream.peerEnd();
  }

  cancel(): void {
    // Go has no word for it (spec 2.4): its handler learns nothing until it reads again and finds its own time limit.
  }

  taken(): void {
    // Nothing holds a Go peer back: see maxReadBuffer.
  }

  over(stream: CreditStream): void {
    if (this.#stream !== stream) return;
    this.#stream = undefined;
    // What still comes of it must not meet another exchange.
    this.#life.retire();
  }

  // ---- what NATS brings ----

  #take({ data, noResponders }: NatsMessage): void {
    if (this.#over) return;
    const { address, context } = this.#options;
    if (noResponders) {
      this.#used = false;
      this.#destroy(nobodyAt(address, context.link.servers), true);
      return;
    }
    let message: TransportMessage;
    try {
      message = decodeGoMessage(data, context.settings);
    } catch (error) {
      this.destroy(error as Error);
      return;
    }
    const call = this.#call;
    if (call !== undefined) {
      this.#call = undefined;
      replied(call, message, context.logger);
      this.#life.settle();
    } else if (this.#stream !== undefined) this.#toStream(this.#stream, message);
  }

  #toStream(stream: CreditStream, message: TransportMessage): void {
    const { address, context } = this.#options;
    const { maxReadBuffer } = context.settings;
    if (stream.unreadBytes > maxReadBuffer) {
      const detail = `a stream of '${address}' is not read: more than transport.max_read_buffer, ${maxReadBuffer} bytes, wait, and nothing holds a Go peer on NATS back`;
      context.logger.warn("a stream was broken", { address, reason: detail });
      stream.abort(transportError("RESOURCE_EXHAUSTED", detail));
      return;
    }
    stream.deliver(message);
    const { header } = message;
    if (header.has("micro-error") && (header.has("x-micro-error") || message.body.length === 0)) {
      // The end of the stream, in both directions (spec 1.12).
      stream.peerEnd();
      stream.peerStop();
    }
  }

  check(): void {
    // A Go peer cannot be asked whether it is there: calls have their deadlines.
  }
}
