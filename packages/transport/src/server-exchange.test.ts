import { Metadata } from "@micro/core";
import { expect, test } from "vitest";
import { CreditStream, type StreamPort } from "./credit-stream.ts";
import { ServerExchange, streamOfCall } from "./server-exchange.ts";
import type { TransportMessage } from "./transport.ts";

const message = (text: string): TransportMessage => ({ header: new Metadata(), body: Buffer.from(text) });
const first = message("first");

function world() {
  const log: string[] = [];
  const wire: StreamPort = {
    full: false,
    message: (_, { body }) => {
      const text = Buffer.from(body).toString();
      if (text === "bad") throw new Error("cannot be sent");
      log.push(text);
    },
    end: () => log.push("end"),
    cancel: () => log.push("cancel"),
    taken: () => undefined,
    over: (_, unread) => log.push(unread ? "over, unread" : "over"),
  };
  const port = {
    remote: "there:1",
    local: "here:2",
    reply: (_: ServerExchange, { body }: TransportMessage) =>
      log.push(`reply ${Buffer.from(body).toString()}`),
    streamOf: (exchange: ServerExchange) => streamOfCall(exchange, { port: wire, maxWriteBuffer: 1024 }),
  };
  const newStream = () =>
    new CreditStream(wire, {
      id: "7",
      stream: "7",
      sendWindow: 1024,
      receiveWindow: 1024,
      strict: true,
      dialled: false,
      maxWriteBuffer: 1024,
    });
  const exchange = (stream?: CreditStream) => new ServerExchange(port, { first, id: "7", number: 7, stream });
  return { log, exchange, newStream };
}

test("a call is answered once", () => {
  const { log, exchange } = world();
  const call = exchange();
  expect([call.replied, call.stream, call.remote, call.local]).toEqual([false, "", "there:1", "here:2"]);
  call.reply(message("yes"));
  expect(call.replied).toBe(true);
  for (const again of [() => call.reply(message("no")), () => call.accept()]) {
    expect(again).toThrow("an exchange is answered once: reply() or accept() was called already");
  }
  expect(log).toEqual(["reply yes"]);
});

test("a call that was given up sends nothing, and tells late listeners too", async () => {
  const { log, exchange } = world();
  const call = exchange();
  const reasons: string[] = [];
  call.onAbort(({ message: text }) => reasons.push(text));
  call.abort(new Error("gone"));
  call.abort(new Error("again"));
  expect(reasons).toEqual(["gone"]);
  call.onAbort(({ message: text }) => reasons.push(`late ${text}`));
  await Promise.resolve();
  expect(reasons).toEqual(["gone", "late gone"]);
  call.reply(message("nobody hears it"));
  expect(log).toEqual([]);
});

test("a call is accepted as a stream whose other side has ended, and breaks with it", async () => {
  const { log, exchange } = world();
  const call = exchange();
  const stream = call.accept();
  for await (const _ of stream.messages) throw new Error("the caller sends nothing more");
  void stream.send(message("answer"));
  expect(log).toEqual(["answer"]);
  call.abort(new Error("gone"));
  expect(() => stream.send(message("more"))).toThrow("gone");
});

test("a stream is refused by one message and its end", () => {
  const { log, exchange, newStream } = world();
  const refused = exchange(newStream());
  expect(refused.stream).toBe("7");
  refused.reply(message("no"));
  expect([log, refused.replied]).toEqual([["no", "end", "over, unread"], false]);
});

test("a stream whose refusal cannot be sent is aborted", () => {
  const { log, exchange, newStream } = world();
  const stream = newStream();
  const reasons: string[] = [];
  const refused = exchange(stream);
  refused.onAbort(({ message: text }) => reasons.push(text));
  refused.reply(message("bad"));
  expect([log, reasons]).toEqual([["cancel", "over"], ["cannot be sent"]]);
});
