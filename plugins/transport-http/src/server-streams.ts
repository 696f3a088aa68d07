import type { CreditStream } from "@micro/transport";

/** Ended streams of a connection that are remembered, so that late messages do not begin them anew. */
const MAX_ENDED = 1024;

/** The streams of one connection, by their `Micro-Stream`. */
export class ServerStreams {
  readonly #running = new Map<string, CreditStream>();
  readonly #ended = new Set<string>();

  get size(): number {
    return this.#running.size;
  }

  find(key: string): CreditStream | undefined {
    return this.#running.get(key);
  }

  /** True when a stream of this name has ended here not long ago. */
  hasEnded(key: string): boolean {
    return this.#ended.has(key);
  }

  add(stream: CreditStream): void {
    this.#running.set(stream.stream, stream);
  }

  over({ stream }: CreditStream): void {
    this.#running.delete(stream);
    this.#ended.add(stream);
    if (this.#ended.size > MAX_ENDED) this.#ended.delete(this.#ended.values().next().value as string);
  }

  /** True while more than `bytes` wait for the reader of one of them. */
  anyUnread(bytes: number): boolean {
    for (const stream of this.#running.values()) if (stream.unreadBytes > bytes) return true;
    return false;
  }

  /** The socket takes bytes again. */
  room(): void {
    for (const stream of this.#running.values()) stream.room();
  }

  /** The peer is gone: what those streams would still send that have been sent everything goes nowhere. */
  stopEnded(): void {
    for (const stream of this.#running.values()) if (stream.peerEnded) stream.peerStop();
  }

  breakAll(reason: Error): void {
    for (const stream of this.#running.values()) stream.break(reason);
  }
}
