import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { within } from "@micro/core/conformance";

/** One HTTP/1.1 message as it came. */
export interface RawMessage {
  readonly start: string;
  /** Keys in lower case. */
  readonly header: Readonly<Record<string, string>>;
  readonly body: string;
  /** The same as it came, where it is no text. */
  readonly bytes: Buffer;
}

/** A socket of the test's own, for what no client of either side would send. */
export class RawPeer implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #messages: RawMessage[] = [];
  readonly #closed: Promise<void>;
  #received = Buffer.alloc(0);
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#closed = new Promise((resolve) => socket.once("close", () => resolve()));
    // A reset is one of the ways to end, too.
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      for (let message = this.#take(); message !== undefined; message = this.#take())
        this.#messages.push(message);
      this.#wake();
    });
    socket.once("close", () => this.#wake());
  }

  static async connect(address: string): Promise<RawPeer> {
    const { hostname, port } = new URL(`tcp://${address}`);
    const socket = connect(Number(port), hostname).setNoDelay(true);
    const peer = new RawPeer(socket);
    await within(`connecting to ${address}`, once(socket, "connect"));
    return peer;
  }

  write(bytes: string | Uint8Array): this {
    this.#socket.write(bytes);
    return this;
  }

  /** One byte a segment. */
  async writeSlowly(bytes: string): Promise<void> {
    for (const byte of Buffer.from(bytes)) {
      this.#socket.write(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** The next message, or undefined when none comes in time or the connection ends. */
  async next(timeoutMs = 3000): Promise<RawMessage | undefined> {
    const until = performance.now() + timeoutMs;
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      if (this.#socket.closed || performance.now() >= until) return undefined;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const timer = setTimeout(resolve, Math.max(1, until - performance.now()));
      await promise;
      clearTimeout(timer);
    }
  }

  /** True when the other side ends the connection in time. */
  async ends(timeoutMs = 3000): Promise<boolean> {
    const late = AbortSignal.timeout(timeoutMs);
    const timeout = once(late, "abort").then(() => false);
    return Promise.race([this.#closed.then(() => true), timeout]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await this.#closed;
  }

  #take(): RawMessage | undefined {
    const end = this.#received.indexOf("\r\n\r\n");
    if (end < 0) return undefined;
    const [start = "", ...lines] = this.#received.toString("utf8", 0, end).split("\r\n");
    const header = Object.fromEntries(
      lines.map((line) => [
        line.slice(0, line.indexOf(":")).toLowerCase(),
        line.slice(line.indexOf(":") + 1).trim(),
      ]),
    ) as Record<string, string>;
    const length = Number(header["content-length"] ?? 0);
    if (this.#received.length < end + 4 + length) return undefined;
    const bytes = this.#received.subarray(end + 4, end + 4 + length);
    this.#received = this.#received.subarray(end + 4 + length);
    return { start, header, body: bytes.toString("utf8"), bytes };
  }
}

/** A request as a Go client writes it (spec 1.2), with what a row wants to be different; null leaves a header out. */
export function rawRequest(
  endpoint: string,
  body: string,
  headers: Readonly<Record<string, string | null>> = {},
): string {
  const all: Record<string, string | null> = {
    Host: "127.0.0.1",
    "User-Agent": "Go-http-client/1.1",
    "Content-Length": `${Buffer.byteLength(body)}`,
    Accept: "application/json",
    "Content-Type": "application/json",
    "Micro-Endpoint": endpoint,
    "Micro-Id": "0",
    "Micro-Method": endpoint,
    "Micro-Service": "greeter",
    Timeout: "5000000000",
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([key, value]) =>
    value === null ? [] : [`${key}: ${value}\r\n`],
  );
  return `POST / HTTP/1.1\r\n${lines.join("")}\r\n${body}`;
}
