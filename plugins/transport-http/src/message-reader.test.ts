import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { MicroError } from "@micro/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { MessageKind, ReceivedMessage } from "./header-block.ts";
import { MessageReader, type ReaderLimits } from "./message-reader.ts";

const limits: ReaderLimits = { maxMessageSize: 1000, maxHeaderSize: 16 * 1024, maxHeaders: 100 };

interface Seen {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly tooLarge: number;
}

const seen = (message: ReceivedMessage): Seen => ({
  status: message.status,
  headers: Object.fromEntries(message.header),
  body: Buffer.from(message.body).toString("latin1"),
  tooLarge: message.tooLarge,
});

/** Reads `text` (latin1), cut into pieces that end at the positions given. */
function read(text: string, { kind = "request", cuts = [], end = false }: Partial<ReadOptions> = {}): Seen[] {
  const messages: Seen[] = [];
  const reader = new MessageReader(kind, limits, (message) => messages.push(seen(message)));
  const bytes = Buffer.from(text, "latin1");
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    // A copy, as a socket gives each read its own memory.
    if (cut > from) reader.feed(Buffer.from(bytes.subarray(from, cut)));
    from = Math.max(from, cut);
  }
  if (end) expect(reader.end()).toBe(true);
  else expect(reader.partial).toBe(false);
  return messages;
}

interface ReadOptions {
  readonly kind: MessageKind;
  readonly cuts: readonly number[];
  readonly end: boolean;
}

const everyByte = (text: string): number[] => Array.from(text, (_, index) => index);

function refusalOf(text: string, options: Partial<ReadOptions> = {}): MicroError {
  try {
    read(text, options);
  } catch (error) {
    if (MicroError.is(error)) return error;
    throw error;
  }
  throw new Error(`not refused: ${JSON.stringify(text)}`);
}

const post = (headers: string, body = ""): string => `POST / HTTP/1.1\r\n${headers}\r\n${body}`;

describe("what is read", () => {
  test("one message in one piece", () => {
    expect(read(post("Host: a\r\nContent-Length: 3\r\nX-A: 1\r\n", "abc"))).toEqual([
      { status: 0, headers: { "content-length": "3", "x-a": "1" }, body: "abc", tooLarge: 0 },
    ]);
  });

  const pipelined =
    post("Micro-Id: 1\r\nContent-Length: 3\r\n", "abc") +
    post("Micro-Id: 2\r\nTransfer-Encoding: chunked\r\n", "3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n") +
    post("Micro-Id: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n") +
    post("Micro-Id: 4\r\nContent-Length: 0\r\n") +
    "GET /any HTTP/1.0\r\nMicro-Id: 5\r\n\r\n";

  test("messages behind each other, with and without a body, at once and byte by byte", () => {
    const whole = read(pipelined);
    expect(whole.map(({ body }) => body)).toEqual(["abc", "abc0123456789", "", "", ""]);
    expect(whole.map(({ headers }) => headers["micro-id"])).toEqual(["1", "2", "3", "4", "5"]);
    expect(read(pipelined, { cuts: everyByte(pipelined) })).toEqual(whole);
  });

  test("the same however it is cut", () => {
    const whole = read(pipelined);
    fc.assert(
      fc.property(fc.array(fc.nat(pipelined.length), { maxLength: 12 }), (cuts) => {
        cuts.sort((a, b) => a - b);
        expect(read(pipelined, { cuts })).toEqual(whole);
      }),
    );
  });

  test("the first value of a header that comes twice (spec 1.1)", () => {
    const text = post("X-A: first\r\nMicro-Id: 1\r\nx-a: second\r\nX-B: b\r\nX-b: c\r\n");
    expect(read(text)[0]?.headers).toEqual({ "x-a": "first", "micro-id": "1", "x-b": "b" });
    expect(read(text + text)[1]?.headers["x-a"]).toBe("first");
  });

  test("values as UTF-8, trimmed, also empty ones", () => {
    const value = Buffer.from("Grüße, 世界").toString("latin1");
    expect(read(post(`X-A: \t ${value} \t\r\nX-B:\r\nX-C:c\r\n`))[0]?.headers).toEqual({
      "x-a": "Grüße, 世界",
      "x-b": "",
      "x-c": "c",
    });
  });

  test("a reply without a length ends with the connection", () => {
    const text = "HTTP/1.1 200 OK\r\nMicro-Id: 1\r\n\r\nabc";
    expect(read(text, { kind: "response", cuts: everyByte(text), end: true })[0]?.body).toBe("abc");
  });

  test("statuses, with and without a phrase, and interim replies are passed over", () => {
    const text =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nxyzHTTP/1.1 204\r\n\r\n";
    expect(read(text, { kind: "response" }).map(({ status, body }) => [status, body])).toEqual([
      [502, "xyz"],
      [204, ""],
    ]);
  });

  test("a reply whose phrase looks like an old version", () => {
    const text = "HTTP/1.1 200 HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n";
    expect(read(text, { kind: "response" })).toMatchObject([{ status: 200, body: "ab" }]);
  });

  test("a body beyond the limit is passed over, and the message behind it is read", () => {
    const long = "x".repeat(1001);
    for (const text of [
      post("Micro-Id: 1\r\nContent-Length: 1001\r\n", long),
      post(
        "Micro-Id: 1\r\nTransfer-Encoding: chunked\r\n",
        `1f4\r\n${"x".repeat(500)}\r\n1f5\r\n${"x".repeat(501)}\r\n0\r\n\r\n`,
      ),
    ]) {
      const both = text + post("Content-Length: 2\r\n", "ok");
      for (const cuts of [[], everyByte(both)]) {
        const messages = read(both, { cuts });
        expect(messages.map(({ tooLarge, body }) => [tooLarge, body])).toEqual([
          [1001, ""],
          [0, "ok"],
        ]);
      }
    }
    expect(read(post("Content-Length: 1000\r\n", "x".repeat(1000)))[0]?.tooLarge).toBe(0);
  });

  test("nothing behind the message at which reading was closed", () => {
    let count = 0;
    const reader: MessageReader = new MessageReader("request", limits, () => {
      count++;
      reader.close();
    });
    reader.feed(Buffer.from(post("") + post("")));
    reader.feed(Buffer.from(post("")));
    expect(count).toBe(1);
  });

  test("many different headers from one peer do not pile up", () => {
    const reader = new MessageReader("request", limits, () => undefined);
    for (let i = 0; i < 5000; i++) reader.feed(Buffer.from(post(`X-${i}: ${i}\r\nMicro-Id: 1\r\n`)));
    expect(reader.count).toBe(5000);
  });
});

describe("what is refused", () => {
  const shapes: Readonly<Record<string, string>> = {
    "a length and chunks": post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    "chunks and a length": post(
      "Transfer-Encoding: chunked\r\nMicro-Id: 1\r\nContent-Length: 3\r\n",
      "0\r\n\r\n",
    ),
    "two lengths": post("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd"),
    "a list of lengths": post("Content-Length: 3, 3\r\n", "abc"),
    "a signed length": post("Content-Length: +3\r\n", "abc"),
    "a negative length": post("Content-Length: -1\r\n"),
    "a hexadecimal length": post("Content-Length: 0x3\r\n", "abc"),
    "an empty length": post("Content-Length:\r\n"),
    "a length with a blank": post("Content-Length: 1 0\r\n", "0123456789"),
    "a length beyond all numbers": post("Content-Length: 99999999999999999999\r\n"),
    "another encoding": post("Transfer-Encoding: gzip\r\n"),
    "two encodings": post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
    "chunked twice": post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    identity: post("Transfer-Encoding: identity\r\n"),
    "chunked with a control character": post("Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n"),
    "chunks in HTTP/1.0": "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a signed chunk size": post("Transfer-Encoding: chunked\r\n", "+3\r\nabc\r\n0\r\n\r\n"),
    "a prefixed chunk size": post("Transfer-Encoding: chunked\r\n", "0x3\r\nabc\r\n0\r\n\r\n"),
    "a chunk extension": post("Transfer-Encoding: chunked\r\n", "3;a=b\r\nabc\r\n0\r\n\r\n"),
    "a blank behind a chunk size": post("Transfer-Encoding: chunked\r\n", "3 \r\nabc\r\n0\r\n\r\n"),
    "an empty chunk size": post("Transfer-Encoding: chunked\r\n", "\r\nabc\r\n0\r\n\r\n"),
    "a chunk size of nine digits": post("Transfer-Encoding: chunked\r\n", "000000003\r\nabc\r\n0\r\n\r\n"),
    "a chunk that is longer than its size": post("Transfer-Encoding: chunked\r\n", "3\r\nabcd\r\n0\r\n\r\n"),
    "a chunk line with a bare line feed": post("Transfer-Encoding: chunked\r\n", "3\nabc\r\n0\r\n\r\n"),
    trailers: post("Transfer-Encoding: chunked\r\n", "0\r\nX-A: 1\r\n\r\n"),
    "a folded header": post("X-A: 1\r\n 2\r\n"),
    "a folded header with a tab": post("X-A: 1\r\n\tX-B: 2\r\n"),
    "a blank before the colon": post("X-A : 1\r\n"),
    "a header without a colon": post("X-A\r\nX-B: 1\r\n"),
    "a header without a name": post(": 1\r\n"),
    "a name with a blank": post("X A: 1\r\n"),
    "a name with a control character": post("X-\x00A: 1\r\n"),
    "a name beyond ASCII": post("X-Ä: 1\r\n"),
    "a NUL in a value": post("X-A: a\0b\r\n"),
    "a bare carriage return in a value": post("X-A: a\rb\r\n"),
    "a bare line feed in a value": post("X-A: a\nContent-Length: 3\r\n"),
    "a bare line feed after Micro-Id": post("Micro-Id: 1\nX: 2\r\n"),
    "a block with bare line feeds": "POST / HTTP/1.1\nX-A: 1\n\n",
    "an empty first line": `\r\n${post("")}`,
    "a bare line feed first": `\n${post("")}`,
    "a request line of two words": "POST /\r\n\r\n",
    "a request line of four words": "POST / / HTTP/1.1\r\n\r\n",
    "two blanks in the request line": "POST  / HTTP/1.1\r\n\r\n",
    "HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/1.10": "POST / HTTP/1.10\r\n\r\n",
    "a reply where a request is due": "HTTP/1.1 200 OK\r\n\r\n",
  };

  for (const [name, text] of Object.entries(shapes)) {
    test(name, () => {
      expect(refusalOf(text).code).toBe("BAD_REQUEST");
      expect(refusalOf(text, { cuts: everyByte(text) }).code).toBe("BAD_REQUEST");
    });
  }

  const replies: Readonly<Record<string, string>> = {
    "a request where a reply is due": post(""),
    "a status of four digits": "HTTP/1.1 2000 OK\r\n\r\n",
    "a status below 100": "HTTP/1.1 099 No\r\n\r\n",
    "switching protocols": "HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "an interim reply with a body": "HTTP/1.1 100 Continue\r\nContent-Length: 1\r\n\r\na",
    "chunks in a reply of HTTP/1.0": "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a 204 with chunks": "HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  };
  for (const [name, text] of Object.entries(replies)) {
    test(name, () => expect(refusalOf(text, { kind: "response" }).code).toBe("BAD_REQUEST"));
  }

  test("a header block beyond its limits, before it is complete", () => {
    const lines = "X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(400);
    for (const text of [post(lines), `POST / HTTP/1.1\r\nX-A: ${"a".repeat(20_000)}`]) {
      const error = refusalOf(text, { cuts: [10_000, 17_000] });
      expect([error.code, error.detail]).toEqual([
        "RESOURCE_EXHAUSTED",
        expect.stringContaining("max_header_size"),
      ]);
    }
    const many = Array.from({ length: 101 }, (_, index) => `X-${index}: 1\r\n`).join("");
    expect(refusalOf(post(many)).detail).toContain("max_headers");
  });

  test("nothing that is random bytes crashes it", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 400 }),
        fc.constantFrom<MessageKind>("request", "response"),
        (bytes, kind) => {
          const reader = new MessageReader(kind, limits, () => undefined);
          try {
            reader.feed(Buffer.from(bytes));
          } catch (error) {
            expect(MicroError.is(error)).toBe(true);
          }
        },
      ),
    );
  });

  test("a mutated message is read as Node's own parser reads it, or refused", async () => {
    // Both parsers get the same bytes; where ours accepts, Node's must see the same messages.
    const bodies: string[] = [];
    const server = createServer({ insecureHTTPParser: false, requireHostHeader: false }, (req, res) => {
      const chunks: Buffer[] = [];
      req.on("data", (chunk: Buffer) => chunks.push(chunk));
      req.on("end", () => {
        bodies.push(Buffer.concat(chunks).toString("latin1"));
        res.end();
      });
    });
    server.on("clientError", (_, socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const base =
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello" +
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nMicro-Id: 2\r\n\r\n4\r\nabcd\r\n0\r\n\r\n";
    const pieces = ["\r", "\n", "\r\n", " ", "\t", ":", "0", "9", "a", ",", ";", "\0", "\x7f", "é", "-", "+"];
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.nat(base.length), fc.constantFrom(...pieces), fc.nat(2)), {
            minLength: 1,
            maxLength: 2,
          }),
          async (edits) => {
            let text = base;
            for (const [at, piece, removed] of edits)
              text = text.slice(0, at) + piece + text.slice(at + removed);
            const ours: string[] = [];
            try {
              const reader = new MessageReader("request", limits, ({ body }) => {
                ours.push(Buffer.from(body).toString("latin1"));
              });
              reader.feed(Buffer.from(text, "latin1"));
            } catch {
              return;
            }
            bodies.length = 0;
            await sendRaw(port, Buffer.from(text, "latin1"));
            // Node refuses more than we do; what it reads, it must read alike.
            for (const [index, body] of bodies.entries()) expect(ours[index]).toBe(body);
          },
        ),
        { numRuns: 500 },
      );
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  test("what Node's client sends is read as it was meant", async () => {
    const { createServer: createTcp } = await import("node:net");
    const messages: Seen[] = [];
    const server = createTcp((socket) => {
      const reader = new MessageReader("request", { ...limits, maxMessageSize: 1e6 }, (message) => {
        messages.push(seen(message));
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      });
      socket.on("data", (chunk: Buffer) => reader.feed(chunk));
      socket.on("error", () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.base64String({ maxLength: 5000 }), { maxLength: 5 }), async (parts) => {
          messages.length = 0;
          await new Promise<void>((resolve, reject) => {
            const sent = request({ port, method: "POST", agent: false }, (res) => {
              res.resume();
              res.on("end", resolve);
            });
            sent.on("error", reject);
            for (const part of parts) if (part !== "") sent.write(part);
            sent.end();
          });
          expect(messages.map(({ body }) => body)).toEqual([parts.join("")]);
        }),
        { numRuns: 50 },
      );
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

/** Sends bytes and their end; resolves when the server has closed. */
async function sendRaw(port: number, bytes: Buffer): Promise<void> {
  const { connect } = await import("node:net");
  await new Promise<void>((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.end(bytes));
    socket.on("error", () => undefined);
    socket.on("close", () => resolve());
    socket.resume();
  });
}
