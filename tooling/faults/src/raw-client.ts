import { once } from "node:events";
import net from "node:net";
import { within } from "./within.ts";

/** A peer made by hand, that may send what no client of ours would. */
export class RawClient {
  readonly socket: net.Socket;
  readonly closed: Promise<void>;
  received = "";

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.setEncoding("latin1").on("data", (text: string) => {
      this.received += text;
    });
    // A reset is one of the ways to be shown the door.
    socket.on("error", () => undefined);
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
  }

  static async connect(address: string): Promise<RawClient> {
    const [host, port] = address.split(":");
    const socket = net.connect(Number(port), host);
    const client = new RawClient(socket);
    await within("connecting", 5000, once(socket, "connect"));
    return client;
  }

  send(data: string | Uint8Array): this {
    this.socket.write(data);
    return this;
  }

  /** Resolves with the first match in what was received. */
  async reply(wanted: RegExp, timeoutMs = 5000): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const look = (): void => {
      const found = wanted.exec(this.received);
      if (found !== null) resolve(found[0]);
    };
    const gone = (): void => reject(new Error(`closed without a reply like ${wanted}: ${this.received}`));
    this.socket.on("data", look).on("close", gone);
    try {
      look();
      return await within(`a reply like ${wanted}`, timeoutMs, promise);
    } finally {
      this.socket.off("data", look).off("close", gone);
    }
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** A request as a Go client writes it (spec 1.2), with what a test wants to be different. */
export function request(
  options: {
    readonly endpoint?: string;
    readonly body?: string;
    readonly headers?: readonly string[];
    /** Instead of the right `Content-Length`. */
    readonly length?: string;
    readonly id?: string;
  } = {},
): string {
  const { endpoint = "Probe.Echo", body = "{}", headers = [], id = "0" } = options;
  return [
    "POST / HTTP/1.1",
    "Host: 127.0.0.1",
    options.length ?? `Content-Length: ${body.length}`,
    "Content-Type: application/json",
    `Micro-Endpoint: ${endpoint}`,
    `Micro-Id: ${id}`,
    `Micro-Method: ${endpoint}`,
    "Micro-Service: probe",
    "Timeout: 5000000000",
    ...headers,
    "",
    body,
  ].join("\r\n");
}
