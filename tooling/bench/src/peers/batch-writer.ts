import type { Socket } from "node:net";

const SLAB_BYTES = 64 * 1024;

/**
 * Collects what is written in one turn of the event loop and hands it to the socket in one piece. The raw
 * peers use it because a framework that pipelines does the same: without it they would measure system calls.
 */
export class BatchWriter {
  readonly #socket: Socket;
  // The socket may own what was flushed for a while, so the next batch follows it in the same slab.
  #slab = Buffer.allocUnsafe(SLAB_BYTES);
  #start = 0;
  #end = 0;
  #scheduled = false;
  readonly #flush = (): void => {
    this.#scheduled = false;
    this.#socket.write(this.#slab.subarray(this.#start, this.#end));
    this.#start = this.#end;
  };

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Appends text whose length in UTF-8 the caller knows. */
  text(text: string, bytes: number): void {
    this.#reserve(bytes);
    this.#end += this.#slab.write(text, this.#end);
  }

  /** Appends a 32-bit big-endian number. */
  uint32(value: number): void {
    this.#reserve(4);
    this.#end = this.#slab.writeUInt32BE(value, this.#end);
  }

  #reserve(bytes: number): void {
    if (this.#end + bytes > this.#slab.length) {
      const begun = this.#slab.subarray(this.#start, this.#end);
      this.#slab = Buffer.allocUnsafe(Math.max(SLAB_BYTES, 2 * (begun.length + bytes)));
      begun.copy(this.#slab);
      this.#start = 0;
      this.#end = begun.length;
    }
    if (!this.#scheduled) {
      this.#scheduled = true;
      process.nextTick(this.#flush);
    }
  }
}
