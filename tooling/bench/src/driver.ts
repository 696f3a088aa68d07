import { Histogram } from "./histogram.ts";
import type { Message, PeerClient, PeerStream } from "./peers/peer.ts";
import { messageMaker, type Workload } from "./workloads.ts";

/** What one measured stretch of time gave on the client's side. */
export interface Slice {
  readonly calls: number;
  readonly seconds: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

/** How long to measure, and every how many calls to look at the clock. */
export interface SliceOptions {
  readonly seconds: number;
  readonly sampleEvery: number;
  /** Calls in flight instead of the workload's own; streams keep theirs. */
  readonly inFlight?: number | undefined;
}

/** Repeats a workload against a connected client, slice by slice, with one id sequence over all of them. */
export class Driver {
  readonly #client: PeerClient;
  readonly #workload: Workload;
  readonly #make: (id: number) => Message;
  #nextId = 1;
  #stream: PeerStream | undefined;
  #replies: AsyncIterator<Message> | undefined;

  constructor(client: PeerClient, workload: Workload) {
    this.#client = client;
    this.#workload = workload;
    this.#make = messageMaker(workload);
  }

  /** Runs one slice; a wrong or missing reply rejects. */
  run(options: SliceOptions): Promise<Slice> {
    return this.#workload.kind === "stream" ? this.#runStream(options) : this.#runCalls(options);
  }

  /** Closes the stream if there is one, then the client. */
  async close(): Promise<void> {
    await this.#stream?.close();
    await this.#client.close();
  }

  async #runCalls({ seconds, sampleEvery, inFlight }: SliceOptions): Promise<Slice> {
    const client = this.#client;
    const make = this.#make;
    const histogram = new Histogram();
    const started = performance.now();
    const deadline = started + seconds * 1000;
    let ended = started;
    let running = true;
    let calls = 0;
    const caller = async (): Promise<void> => {
      while (running) {
        const id = this.#nextId++;
        const request = make(id);
        const timed = id % sampleEvery === 0;
        const sent = timed ? performance.now() : 0;
        const reply = await client.call(request);
        check(reply, request);
        calls += 1;
        if (timed) {
          ended = performance.now();
          histogram.record(ended - sent);
          if (ended >= deadline) running = false;
        }
      }
    };
    await Promise.all(Array.from({ length: inFlight ?? this.#workload.inFlight }, caller));
    return summary(histogram, calls, ended - started);
  }

  async #runStream({ seconds, sampleEvery }: SliceOptions): Promise<Slice> {
    if (this.#client.openStream === undefined) throw new Error("the peer has no streams");
    this.#stream ??= await this.#client.openStream();
    this.#replies ??= this.#stream.replies[Symbol.asyncIterator]();
    const histogram = new Histogram();
    const window: { request: Message; sent: number }[] = [];
    const started = performance.now();
    const deadline = started + seconds * 1000;
    let ended = started;
    let calls = 0;
    const send = async (): Promise<void> => {
      const id = this.#nextId++;
      const request = this.#make(id);
      window.push({ request, sent: id % sampleEvery === 0 ? performance.now() : 0 });
      const accepted = this.#stream?.send(request);
      if (accepted !== undefined) await accepted;
    };
    for (let count = 0; count < this.#workload.inFlight; count += 1) await send();
    for (;;) {
      const oldest = window.shift();
      if (oldest === undefined) break;
      const reply = await this.#replies.next();
      if (reply.done === true) throw new Error("the stream ended before all its messages came back");
      check(reply.value, oldest.request);
      calls += 1;
      if (oldest.sent > 0) {
        ended = performance.now();
        histogram.record(ended - oldest.sent);
      }
      // Past the deadline the window drains, so that the next slice starts with an idle stream.
      if (ended < deadline) await send();
    }
    return summary(histogram, calls, ended - started);
  }
}

function check(reply: Message, request: Message): void {
  if (reply.id !== request.id || reply.items.length !== request.items.length) {
    throw new Error(`the reply to message ${request.id} carries id ${reply.id}: it is not an echo`);
  }
}

function summary(histogram: Histogram, calls: number, milliseconds: number): Slice {
  return {
    calls,
    seconds: milliseconds / 1000,
    p50Us: histogram.percentile(0.5),
    p99Us: histogram.percentile(0.99),
  };
}
