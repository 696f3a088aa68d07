import type { Socket } from "node:net";

const SMALLEST_SLAB = 4 * 1024;
const LARGEST_SLAB = 64 * 1024;
/** Bodies from this size on are handed to the socket as they are, without a copy. */
const OWN_CHUNK = 16 * 1024;
/** A turn that writes more than this hands it over in pieces, so that the peer works while we go on. */
const PIECE = 8 * 1024;
/** Bytes that the socket may hold before the outbox keeps the rest, and before senders are told to wait. */
const HIGH_WATER = 256 * 1024;

/**
 * What waits to be written on one socket. Messages of one turn of the event loop go out together; while the
 * socket is full the rest stays here, where it is known not to have been sent.
 */
export class Outbox {
  readonly #socket: Socket;
  readonly #onRoom: () => void;
  /** Finished pieces, in order; the slab's open piece comes after them. */
  #pieces: Uint8Array[] = [];
  #slab: Buffer = Buffer.allocUnsafeSlow(SMALLEST_SLAB);
  #start = 0;
  #end = 0;
  #scheduled = false;
  #blocked = false;
  #closed = false;
  #blockedSince = 0;
  /** Bytes accepted since the beginning. */
  accepted = 0;
  /** Bytes given to the socket since the beginning: what is beyond was provably not sent. */
  handed = 0;

  /** `onRoom` is called when the socket takes bytes again. */
  constructor(socket: Socket, onRoom: () => void) {
    this.#socket = socket;
    this.#onRoom = onRoom;
    socket.on("drain", () => this.#drained());
  }

  /** True while senders should wait. */
  get full(): boolean {
    return this.#blocked;
  }

  /** Bytes that wait, in here and in the socket. */
  get waiting(): number {
    return this.accepted - this.handed + this.#socket.writableLength;
  }

  /** Since when the socket has taken nothing, in ms of `performance.now()`; 0 while it does. */
  get blockedSince(): number {
    return this.#blockedSince;
  }

  /** Appends a message. A large body is not copied: its bytes must stay as they are. */
  message(block: string, ascii: boolean, body: Uint8Array): void {
    if (this.#closed) return;
    const text = `${block}Content-Length: ${body.length}\r\n\r\n`;
    const size = ascii ? text.length : Buffer.byteLength(text);
    const copied = body.length < OWN_CHUNK ? body.length : 0;
    this.#reserve(size + copied);
    if (ascii) this.#slab.write(text, this.#end, "latin1");
    else this.#slab.write(text, this.#end);
    this.#end += size;
    if (copied > 0) {
      this.#slab.set(body, this.#end);
      this.#end += copied;
    } else if (body.length > 0) {
      this.#closePiece();
      this.#pieces.push(body);
    }
    this.accepted += size + body.length;
    if (this.#blocked) return;
    if (this.accepted - this.handed > PIECE) {
      // It also tells whoever sends much in one turn, in the same turn, that the socket is full.
      this.flush();
    } else if (!this.#scheduled) {
      this.#scheduled = true;
      process.nextTick(this.#flushLater);
    }
  }

  /** Hands everything to the socket that it takes now. */
  flush(): void {
    if (this.#blocked || this.#closed || this.handed === this.accepted) return;
    const socket = this.#socket;
    if (this.#pieces.length === 0) {
      const piece = this.#slab.subarray(this.#start, this.#end);
      this.#start = this.#end;
      this.handed = this.accepted;
      socket.write(piece);
      this.#look();
    } else {
      this.#closePiece();
      while (!this.#blocked && this.#pieces.length > 0) {
        this.#hand(HIGH_WATER);
        this.#look();
      }
    }
  }

  /** Sees what the system has taken. */
  #look(): void {
    const held = this.#socket.writableLength;
    // Until the socket closes, Node counts what is written to a broken one as taken.
    if (held > HIGH_WATER || this.#socket.errored !== null) {
      this.#blocked = true;
      this.#blockedSince = performance.now();
    } else if (held === 0 && this.#pieces.length === 0) {
      // The system has taken all of it, so the slab begins anew: the same few kilobytes, which stay in the caches and
      // are nothing for the collector to look after.
      this.#start = 0;
      this.#end = 0;
    }
  }

  /**
   * Hands finished pieces to the socket, as one write of `bytes` at most: a peer that takes them slowly is then seen to
   * take some, and what it has not been given is known not to have been sent.
   */
  #hand(bytes: number): void {
    const socket = this.#socket;
    let room = bytes;
    let next = 0;
    socket.cork();
    for (; next < this.#pieces.length && room > 0; next++) {
      const piece = this.#pieces[next] as Uint8Array;
      const part = piece.length <= room ? piece : piece.subarray(0, room);
      socket.write(part);
      this.handed += part.length;
      room -= part.length;
      if (part === piece) continue;
      this.#pieces[next] = piece.subarray(part.length);
      break;
    }
    socket.uncork();
    this.#pieces.splice(0, next);
  }

  /** Writes what is left, also to a full socket, and ends the writing side. */
  end(): void {
    if (this.#closed) return;
    this.#closePiece();
    this.#hand(Number.POSITIVE_INFINITY);
    this.#blocked = false;
    this.#closed = true;
    this.#socket.end();
  }

  /** Takes nothing more and drops what waits. */
  close(): void {
    this.#closed = true;
    this.#pieces = [];
    this.#start = this.#end;
  }

  readonly #flushLater = (): void => {
    this.#scheduled = false;
    this.flush();
  };

  #drained(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.#blockedSince = 0;
    this.flush();
    if (!this.#blocked) this.#onRoom();
  }

  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#slab.length) return;
    const old = this.#slab;
    const begun = this.#end - this.#start;
    // Grows with the traffic, so that an idle connection holds little. What was begun moves along: one write is
    // cheaper than two.
    const size = Math.max(Math.min(LARGEST_SLAB, 2 * old.length), bytes);
    const moves = begun + bytes <= size;
    if (!moves) this.#closePiece();
    this.#slab = Buffer.allocUnsafeSlow(size);
    if (moves) old.copy(this.#slab, 0, this.#start, this.#end);
    this.#start = 0;
    this.#end = moves ? begun : 0;
  }

  #closePiece(): void {
    if (this.#start < this.#end) this.#pieces.push(this.#slab.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }
}
