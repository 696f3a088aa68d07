/** Messages and bytes that may be on their way to the network before the sender waits. */
const MAX_UNSENT = 64;
const MAX_UNSENT_BYTES = 64 * 1024;

interface Room {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: Error): void;
}

/** How much of one stream is on its way to the network: grpc-js takes any number of messages, and says when each is gone. */
export class SendWindow {
  /** While it is true each message waits until the one before it is gone. */
  oneByOne: boolean;
  #unsent = 0;
  #unsentBytes = 0;
  #room: Room | undefined = undefined;

  constructor(oneByOne = false) {
    this.oneByOne = oneByOne;
  }

  /** True when nothing is on its way. */
  get empty(): boolean {
    return this.#unsent === 0;
  }

  /** A message of that many bytes is handed to grpc-js. */
  add(bytes: number): void {
    this.#unsent++;
    this.#unsentBytes += bytes;
  }

  /** It is gone. */
  sent(bytes: number): void {
    this.#unsent--;
    this.#unsentBytes -= bytes;
    if (this.#room === undefined || !this.#hasRoom) return;
    this.#room.resolve();
    this.#room = undefined;
  }

  /** What the sender waits for before its next message; undefined when there is room. */
  room(): Promise<void> | undefined {
    if (this.#hasRoom) return undefined;
    this.#room ??= newRoom();
    return this.#room.promise;
  }

  /** The sender waits no longer: the stream is over. */
  fail(error: Error): void {
    this.#room?.reject(error);
  }

  get #hasRoom(): boolean {
    if (this.#unsent === 0) return true;
    return !this.oneByOne && this.#unsent < MAX_UNSENT && this.#unsentBytes < MAX_UNSENT_BYTES;
  }
}

function newRoom(): Room {
  const room = Promise.withResolvers<void>();
  // It may be given up while nobody waits for it.
  room.promise.catch(() => undefined);
  return room;
}
