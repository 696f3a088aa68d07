import { once } from "node:events";
import { createServer as createHttp2Server } from "node:http2";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { describe, expect, test } from "vitest";
import { refuseForeign } from "./foreign-peer.ts";
import { MessageReader } from "./message-reader.ts";
import { call, message, withTransport } from "./testing/world.ts";

const HTTP2 =
  "the peer speaks HTTP/2, as gRPC servers do: call it with the client plugin 'grpc' (client.plugin)";
const TLS = "the peer speaks TLS, and the connection is plain: set transport.tls";

/** SETTINGS as servers of HTTP/2 begin: of Node and, without any, of Go. */
const SETTINGS = [
  Buffer.from("0000060400000000000003000000fa", "hex"),
  Buffer.from("000000040000000000", "hex"),
];
const GOAWAY = Buffer.from("0000080700000000000000000000000001", "hex");
const ALERT = Buffer.from("15030100020246", "hex");

const limits = { maxMessageSize: 1000, maxHeaderSize: 1000, maxHeaders: 10 };
const read = (...chunks: readonly Buffer[]): void => {
  const reader = new MessageReader("response", limits, () => undefined);
  for (const chunk of chunks) reader.feed(chunk);
};
const each = (bytes: Buffer): Buffer[] => Array.from(bytes, (byte) => Buffer.of(byte));

describe("a reply that is no HTTP/1.1 is told from its first bytes, however they are cut", () => {
  test.each([
    ["HTTP/2, SETTINGS of Node", SETTINGS[0], HTTP2],
    ["HTTP/2, SETTINGS of Go", SETTINGS[1], HTTP2],
    ["HTTP/2, GOAWAY", GOAWAY, HTTP2],
    ["TLS", ALERT, TLS],
    ["SSH", Buffer.from("SSH-2.0-OpenSSH_9.6\r\n"), 'the peer speaks no HTTP/1.1: it begins with "S'],
    ["a binary protocol", Buffer.from("00000006ffffffffffff", "hex"), "it begins with"],
    ["bytes that only begin like TLS", Buffer.from("1599", "hex"), "it begins with"],
  ] as const)("%s", (_name, bytes, expected) => {
    expect(() => read(bytes as Buffer)).toThrow(expected);
    expect(() => read(...each(bytes as Buffer))).toThrow(expected);
  });

  test("and one that is HTTP/1.1 is read", () => {
    expect(() => read(...each(Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")))).not.toThrow();
    // Behind the first reply another protocol cannot begin: what is wrong then is the reply.
    const second = Buffer.concat([Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), ALERT]);
    expect(() => read(second, Buffer.from("\r\n\r\n"))).toThrow("no HTTP/1.1 status line");
  });

  test("from where the reply begins, and not before there is enough of it", () => {
    expect(() => refuseForeign(Buffer.from("xxHTTP/1."), 2)).not.toThrow();
    expect(() => refuseForeign(Buffer.from("HT"), 0)).not.toThrow();
    expect(() => refuseForeign((SETTINGS[1] as Buffer).subarray(0, 8), 0)).not.toThrow();
  });
});

describe("a call says what the peer speaks", () => {
  /** The error of a call to a server of some kind. */
  async function failure(server: ReturnType<typeof createServer>): Promise<unknown> {
    const sockets = new Set<Socket>();
    server.on("connection", (socket: Socket) => sockets.add(socket));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    let error: unknown;
    try {
      await withTransport({}, async ({ transport }) => {
        const session = await transport.dial(`127.0.0.1:${(server.address() as AddressInfo).port}`);
        error = await call(session, message("hello")).catch((reason: unknown) => reason);
      });
    } finally {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    }
    return error;
  }

  test("HTTP/2", async () => {
    const server = createHttp2Server() as unknown as ReturnType<typeof createServer>;
    expect(await failure(server)).toMatchObject({ code: "UNAVAILABLE", detail: HTTP2 });
  });

  test("TLS, of a server that answers with an alert", async () => {
    const server = createServer((socket) => socket.once("data", () => socket.end(ALERT)));
    expect(await failure(server)).toMatchObject({ code: "UNAVAILABLE", detail: TLS });
  });

  test("perhaps TLS, of a server that hangs up without a word, as Node's do", async () => {
    expect(await failure(createTlsServer())).toMatchObject({
      code: "UNAVAILABLE",
      detail: "the peer closed the connection; if it expects TLS, set transport.tls",
    });
  });
});
