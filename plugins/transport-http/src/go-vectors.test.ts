import { connect, createServer, type Socket } from "node:net";
import { Metadata } from "@micro/core";
import { instantiate, within } from "@micro/core/conformance";
import type { IncomingExchange, TransportMessage, TransportStream } from "@micro/transport";
import { describe, expect, test } from "vitest";
import type { MessageKind, ReceivedMessage } from "./header-block.ts";
import { HeaderLines, HeaderWriter } from "./header-writer.ts";
import { httpTransport } from "./index.ts";
import { MessageReader } from "./message-reader.ts";
import { FILES, type RecordedConnection, recorded } from "./testing/vectors.ts";

const limits = { maxMessageSize: 4 << 20, maxHeaderSize: 16 * 1024, maxHeaders: 100 };
const connections = FILES.flatMap((file) => recorded(file));

function messagesOf(kind: MessageKind, pieces: readonly Buffer[]): ReceivedMessage[] {
  const messages: ReceivedMessage[] = [];
  const reader = new MessageReader(kind, limits, (message) => messages.push(message));
  for (const piece of pieces) reader.feed(Buffer.from(piece));
  return messages;
}

const plain = (message: TransportMessage) => ({
  header: message.header.toJSON(),
  body: Buffer.from(message.body).toString("hex"),
});

/** The messages in `bytes`, found with nothing but string search. Go writes no chunked body but an empty one. */
function naive(bytes: Buffer): { header: Record<string, string>; body: string }[] {
  const found: { header: Record<string, string>; body: string }[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf("\r\n\r\n", at);
    if (end < 0) break; // One recording ends in the middle of a message.
    const [, ...lines] = bytes.toString("utf8", at, end).split("\r\n");
    const pairs = lines.map((line) => [
      line.slice(0, line.indexOf(":")),
      line.slice(line.indexOf(":") + 1).trim(),
    ]);
    const {
      Host: _,
      "Transfer-Encoding": chunked,
      ...header
    } = Object.fromEntries(pairs) as Record<string, string>;
    const length = Number(header["Content-Length"] ?? 0);
    found.push({ header, body: bytes.toString("hex", end + 4, end + 4 + length) });
    at = end + 4 + length + (chunked === undefined ? 0 : 5);
  }
  return found;
}

describe("what Go wrote is read", () => {
  for (const { name, turns } of connections) {
    for (const from of ["client", "server"] as const) {
      const own = turns.filter((turn) => turn.from === from);
      if (own.length === 0) continue;
      test(`${name}, ${from}`, () => {
        const kind = from === "client" ? "request" : "response";
        const bytes = Buffer.concat(own.map((turn) => turn.bytes));
        const expected = naive(bytes);
        const whole = messagesOf(kind, [bytes]);
        expect(whole.map(plain)).toEqual(expected);
        const asRead = messagesOf(
          kind,
          own.flatMap((turn) => turn.segments),
        );
        expect(asRead.map(plain)).toEqual(expected);
        const bytewise = messagesOf(
          kind,
          Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)),
        );
        expect(bytewise.map(plain)).toEqual(expected);
      });
    }
  }
});

describe("what Go wrote is written", () => {
  for (const { name, turns } of connections) {
    test(name, () => {
      for (const { from, bytes } of turns) {
        for (const message of messagesOf(from === "client" ? "request" : "response", [bytes])) {
          const start =
            from === "client" ? "POST / HTTP/1.1\r\nHost: 127.0.0.1:1\r\n" : "HTTP/1.1 200 OK\r\n";
          const writer = new HeaderWriter(start, new HeaderLines(), limits);
          const correlation = { id: message.id ?? "", stream: message.stream ?? "" };
          const block = writer.write(message.header, correlation);
          const text = `${block}Content-Length: ${message.body.length}\r\n\r\n`;
          const lines = new Set(text.split("\r\n"));
          // Every line that Go wrote is there, byte for byte; an empty body has a length instead of chunks.
          const written = Object.entries(message.header.toJSON()).map(([key, value]) => `${key}: ${value}`);
          for (const line of written) expect(lines).toContain(line);
          const [again] = messagesOf(from === "client" ? "request" : "response", [
            Buffer.concat([Buffer.from(text), message.body]),
          ]);
          const { "Content-Length": _, ...headers } = again?.header.toJSON() ?? {};
          const { "Content-Length": __, ...expected } = message.header.toJSON();
          expect([headers, Buffer.from(again?.body ?? [])]).toEqual([expected, Buffer.from(message.body)]);
        }
      }
    });
  }
});

describe("a Go client is served", () => {
  for (const connection of connections) {
    test(connection.name, async () => {
      const transport = await instantiate(httpTransport);
      const seen: TransportMessage[] = [];
      const listener = await transport.listen("127.0.0.1:0", (exchange) => {
        seen.push(exchange.first);
        if (exchange.first.header.has("micro-stream")) serveStream(exchange, seen);
        else exchange.reply({ header: new Metadata({ "Content-Type": "x" }), body: exchange.first.body });
      });
      const socket = connect(Number(listener.address.split(":")[1]), "127.0.0.1");
      try {
        const answers: ReceivedMessage[] = [];
        const waiting: (() => void)[] = [];
        const reader = new MessageReader("response", limits, (message) => {
          answers.push(message);
          waiting.shift()?.();
        });
        socket.on("data", (chunk: Buffer) => reader.feed(chunk));
        const sent: TransportMessage[] = [];
        for (const { bytes, segments } of connection.turns.filter(({ from }) => from === "client")) {
          const messages = messagesOf("request", [bytes]);
          sent.push(...messages);
          const calls = messages.filter((message) => message.stream === undefined).length;
          const answered = Promise.all(
            Array.from({ length: calls }, () => new Promise<void>((r) => waiting.push(r))),
          );
          for (const segment of segments) socket.write(segment);
          await within("the answers", answered);
        }
        socket.end();
        await within("the end of the connection", new Promise((resolve) => socket.on("close", resolve)));
        expect(seen.map(plain)).toEqual(sent.map(plain));
        const ids = answers.filter(({ stream }) => stream === undefined).map(({ id }) => id);
        expect(ids).toEqual(
          sent
            .filter(({ header }) => !header.has("micro-stream"))
            .map(({ header }) => header.get("micro-id")),
        );
      } finally {
        socket.destroy();
        await transport.stop?.({ graceMs: 0 });
      }
    });
  }
});

/** Reads a stream to its end and answers nothing: what a handler sends is its own affair. */
function serveStream(exchange: IncomingExchange, seen: TransportMessage[]): void {
  const stream = exchange.accept();
  void (async () => {
    for await (const message of stream.messages) seen.push(message);
    stream.closeSend();
  })().catch(() => undefined);
}

describe("a Go server is called", () => {
  for (const connection of connections) {
    test(connection.name, () => replay(connection));
  }
});

/** Plays the recorded server to our session, turn by turn. */
async function replay({ turns }: RecordedConnection): Promise<void> {
  const transport = await instantiate(httpTransport);
  const requests: ReceivedMessage[] = [];
  let arrived = (): void => undefined;
  let peer: Socket | undefined;
  const server = createServer((socket) => {
    peer = socket;
    const reader = new MessageReader("request", limits, (message) => {
      requests.push(message);
      arrived();
    });
    socket.on("data", (chunk: Buffer) => reader.feed(chunk));
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("not bound");
  const session = await transport.dial(`127.0.0.1:${bound.port}`);
  const until = (count: number): Promise<void> =>
    within(
      "the request",
      new Promise((resolve) => {
        arrived = () => (requests.length >= count ? resolve() : undefined);
        arrived();
      }),
    );
  try {
    let stream: TransportStream | undefined;
    let messages: AsyncIterator<TransportMessage> | undefined;
    let sent = 0;
    let reply: Promise<TransportMessage> | undefined;
    for (const { from, bytes, segments } of turns) {
      if (from === "client") {
        for (const message of messagesOf("request", [bytes])) {
          sent++;
          if (message.stream === undefined) {
            reply = new Promise((resolve, reject) => {
              session.call(message, (error, got) => (got === undefined ? reject(error) : resolve(got)));
            });
          } else {
            stream ??= await session.open();
            messages ??= stream.messages[Symbol.asyncIterator]();
            await stream.send(message);
          }
        }
        await until(sent);
        const {
          "Content-Length": _,
          "User-Agent": __,
          ...last
        } = (requests.at(-1) as ReceivedMessage).header.toJSON();
        const {
          "Content-Length": ___,
          "User-Agent": ____,
          ...meant
        } = messagesOf("request", [bytes]).at(-1)?.header.toJSON() ?? {};
        expect(last).toEqual(meant);
      } else {
        for (const segment of segments) peer?.write(segment);
        for (const expected of messagesOf("response", [bytes])) {
          const got =
            reply === undefined
              ? (await within("a message", messages?.next() ?? Promise.reject(new Error("no stream")))).value
              : await within("the reply", reply);
          reply = undefined;
          expect(plain(got as TransportMessage)).toEqual(plain(expected));
        }
      }
    }
    stream?.closeSend();
  } finally {
    await session.close();
    peer?.destroy();
    await new Promise((resolve) => server.close(resolve));
    await transport.stop?.({ graceMs: 0 });
  }
}
