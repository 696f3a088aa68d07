import type { DialOptions, IncomingExchange, Listener, Session, Transport } from "@micro/transport";

/**
 * The sample transport. It hands everything to another transport for now, so that the conformance suite passes from the
 * first minute: replace it method by method, and run the suite after each.
 */
export class SampleTransport implements Transport {
  readonly name = "sample";
  readonly #standIn: Transport;

  constructor(standIn: Transport) {
    this.#standIn = standIn;
  }

  /** What servers add to their node metadata, so that dialling peers know what they can. */
  get metadata(): Readonly<Record<string, string>> {
    return this.#standIn.metadata;
  }

  async start(options: { readonly signal: AbortSignal }): Promise<void> {
    await this.#standIn.start?.(options);
  }

  /** Binds `host:port`; `onExchange` is called per call or stream and must not block. `CONFLICT` when it is taken. */
  listen(address: string, onExchange: (exchange: IncomingExchange) => void): Promise<Listener> {
    return this.#standIn.listen(address, onExchange);
  }

  /** `UNAVAILABLE` with `notSent` when nobody answers, `TIMEOUT` when it takes too long. */
  dial(address: string, options?: DialOptions): Promise<Session> {
    return this.#standIn.dial(address, options);
  }

  async drain(options: { readonly graceMs: number }): Promise<void> {
    await this.#standIn.drain?.(options);
  }

  /** Gives every socket, timer and listener back. */
  async stop(options: { readonly graceMs: number }): Promise<void> {
    await this.#standIn.stop?.(options);
  }
}
