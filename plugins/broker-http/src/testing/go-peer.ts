import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { Registry, ServiceRecord } from "@micro/registry";

/** One request as it came over the wire. */
export interface RawRequest {
  /** `POST /?id=… HTTP/1.1`. */
  readonly line: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  readonly socket: Socket;
}

/** What Go's server answers when a handler has run. */
export const GO_OK = "HTTP/1.1 200 OK\r\nDate: Sat, 08 Aug 2026 10:00:00 GMT\r\nContent-Length: 0\r\n\r\n";

/** A subscriber as Go programs are: a raw server and a record in the registry. */
export class GoPeer {
  readonly requests: RawRequest[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Called for each request; answers like Go when not replaced. */
  onRequest: (request: RawRequest) => void = ({ socket }) => void socket.write(GO_OK);

  constructor() {
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async listen(): Promise<GoPeer> {
    const peer = new GoPeer();
    peer.#server.listen(0, "127.0.0.1");
    await once(peer.#server, "listening");
    return peer;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Registers it as Go does (spec 5.3); returns the record. */
  async subscribe(
    registry: Registry,
    {
      service = "micro.http.broker",
      version = "ff.http.broadcast",
      topic = "my.topic",
      id = "my.topic-ccc",
    } = {},
  ): Promise<ServiceRecord> {
    const metadata = { broker: "http", secure: "false", topic };
    const nodes = [{ id, address: this.address, metadata }];
    const record = { name: service, version, metadata: {}, endpoints: [], nodes };
    await registry.register(record);
    return record;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, "close");
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy()).once("close", () => this.#sockets.delete(socket));
    let text = "";
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      text += chunk;
      for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
        const [line = "", ...lines] = text.slice(0, end).split("\r\n");
        const headers = new Map(
          lines.map((each) => {
            const colon = each.indexOf(":");
            return [each.slice(0, colon).toLowerCase(), each.slice(colon + 1).trim()] as const;
          }),
        );
        const bodyEnd = end + 4 + Number(headers.get("content-length"));
        if (text.length < bodyEnd) return;
        const request = { line, headers, body: text.slice(end + 4, bodyEnd), socket };
        text = text.slice(bodyEnd);
        this.requests.push(request);
        this.onRequest(request);
      }
    });
  }
}

/** Sends bytes as they are and resolves with the answer to them, up to the end of its body. */
export async function exchange(address: string, bytes: string): Promise<string> {
  const [host = "", port] = address.split(":");
  const socket = connect(Number(port), host);
  socket.end(bytes, "latin1");
  let answer = "";
  for await (const chunk of socket.setEncoding("latin1") as AsyncIterable<string>) answer += chunk;
  return answer;
}

/** A message as Go posts it. */
export function goPost(path: string, body: string): string {
  return [
    `POST ${path} HTTP/1.1`,
    "Host: 127.0.0.1:19003",
    "User-Agent: Go-http-client/1.1",
    `Content-Length: ${Buffer.byteLength(body, "latin1")}`,
    "Content-Type: application/json",
    "Accept-Encoding: gzip",
    "",
    body,
  ].join("\r\n");
}
