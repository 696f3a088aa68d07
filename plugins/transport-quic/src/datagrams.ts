import type { Socket } from "node:dgram";

const SLAB_BYTES = 64 * 1024;
/** What the system is asked to keep of datagrams that come or go faster than it handles them. */
const SOCKET_BUFFER = 4 * 1024 * 1024;

/** Sends datagrams through one socket, without an allocation for each. */
export class Datagrams {
  readonly #socket: Socket;
  readonly #most: number;
  #slab: Uint8Array;
  #at = 0;

  /** `most` is the size of the largest datagram. */
  constructor(socket: Socket, most: number) {
    this.#socket = socket;
    this.#most = most;
    this.#slab = new Uint8Array(Math.max(SLAB_BYTES, most));
  }

  /** A place to write the next datagram to. */
  space(): Uint8Array {
    // The system may still read what was sent: a slab is left behind, never written to again.
    if (this.#slab.length - this.#at < this.#most) {
      this.#slab = new Uint8Array(this.#slab.length);
      this.#at = 0;
    }
    return this.#slab.subarray(this.#at, this.#at + this.#most);
  }

  /** Sends the first `length` bytes of the last {@link space}, to the socket's peer or to `to`. */
  send(length: number, to?: { readonly host: string; readonly port: number }): void {
    const begin = this.#at;
    this.#at += length;
    // A datagram that cannot be sent is a lost one, and QUIC sends what it carried again.
    if (to === undefined) this.#socket.send(this.#slab, begin, length, ignore);
    else this.#socket.send(this.#slab, begin, length, to.port, to.host, ignore);
  }
}

function ignore(): void {}

/** Asks for larger buffers than a bound socket has by itself: what does not fit is lost and sent again. */
export function widenBuffers(socket: Socket): void {
  try {
    socket.setRecvBufferSize(SOCKET_BUFFER);
    socket.setSendBufferSize(SOCKET_BUFFER);
  } catch {
    // Some systems refuse what is beyond their limit instead of giving that: then it stays as it was.
  }
}
