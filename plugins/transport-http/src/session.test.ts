import { MicroError } from "@micro/core";
import { eventually, within } from "@micro/core/conformance";
import type { IncomingExchange, TransportStream } from "@micro/transport";
import { describe, expect, test } from "vitest";
import { call, echo, message, ok, post, textOf, withTransport } from "./testing/world.ts";

const failure = async (promise: Promise<unknown>): Promise<MicroError> => {
  const outcome = await within(
    "the failure",
    promise.then(
      () => undefined,
      (error: unknown) => error,
    ),
  );
  if (!MicroError.is(outcome)) throw new Error(`no MicroError: ${String(outcome)}`);
  return outcome;
};

describe("towards Go", () => {
  test("a reply counts whatever its Micro-Id says (spec 1.9)", () =>
    withTransport({}, async (world) => {
      const server = await world.server();
      const session = await world.transport.dial(server.address);
      const peer = await server.next();
      for (const id of ["1", "2"]) {
        const reply = call(session, message("hello", { "Micro-Id": id }));
        await peer.sees(new RegExp(`Micro-Id: ${id}`));
        peer.write(ok({ "Micro-Id": 0 }, `for ${id}`));
        expect(textOf(await within("the reply", reply))).toBe(`for ${id}`);
      }
    }));

  test("one call at a time", () =>
    withTransport({}, async (world) => {
      const server = await world.server();
      const session = await world.transport.dial(server.address);
      const peer = await server.next();
      const first = call(session, message("first", { "Micro-Id": "1" }));
      expect([session.maxConcurrent, session.active]).toEqual([1, 1]);
      expect((await failure(call(session, message("second")))).notSent).toBe(true);
      await peer.sees(/first/);
      peer.write(ok({}, "done"));
      expect(textOf(await first)).toBe("done");
    }));

  test("a call that is given up closes the connection", () =>
    withTransport({}, async (world) => {
      const server = await world.server();
      const session = await world.transport.dial(server.address);
      const peer = await server.next();
      const giveUp = session.call(message("hello"), () => expect.unreachable());
      await peer.sees(/hello/);
      giveUp(new Error("too late"));
      expect(session.usable).toBe(false);
      await peer.closed();
    }));

  test("a reply that nobody waits for closes the connection", () =>
    withTransport({}, async (world) => {
      const server = await world.server();
      const session = await world.transport.dial(server.address);
      const peer = await server.next();
      peer.write(ok({ "Micro-Id": 0 }, "surprise"));
      await peer.closed();
      expect(session.usable).toBe(false);
    }));

  test("two replies to one call: the first counts, and the connection is not used again", () =>
    withTransport({}, async (world) => {
      const server = await world.server();
      const session = await world.transport.dial(server.address);
      const peer = await server.next();
      const reply = call(session, message("hello"));
      await peer.sees(/hello/);
      peer.write(ok({}, "one") + ok({}, "two"));
      expect(textOf(await reply)).toBe("one");
      await eventually(() => expect(session.usable).toBe(false));
    }));

  test("another status than 200 is an error in Go's words (spec 1.1)", () =>
    withTransport({}, async (world) => {
      const server = await world.server();
      const session = await world.transport.dial(server.address);
      const peer = await server.next();
      const reply = failure(call(session, message("hello")));
      await peer.sees(/hello/);
      peer.write("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nxyz");
      const error = await reply;
      expect([error.id, error.httpCode, error.detail]).toEqual([
        "go.micro.client.transport",
        500,
        "502 Bad Gateway: xyz",
      ]);
      expect(session.usable).toBe(false);
    }));

  test("Connection: close in a reply ends the session after it", () =>
    withTransport({}, async (world) => {
      const server = await world.server();
      const session = await world.transport.dial(server.address);
      const peer = await server.next();
      const reply = call(session, message("hello"));
      await peer.sees(/hello/);
      peer.write(ok({ Connection: "close" }, "bye"));
      expect(textOf(await reply)).toBe("bye");
      expect(session.usable).toBe(false);
      await peer.closed();
    }));

  test("a peer killed in the middle of its reply fails the call, which may have been sent", () =>
    withTransport({}, async (world) => {
      const server = await world.server();
      const session = await world.transport.dial(server.address);
      const peer = await server.next();
      const reply = failure(call(session, message("hello")));
      await peer.sees(/hello/);
      peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
      peer.socket.end();
      const error = await reply;
      expect([error.code, error.notSent]).toEqual(["UNAVAILABLE", false]);
      expect(error.detail).toContain("middle of a message");
    }));

  test("a reply that stays half written is given up after read_timeout", () =>
    withTransport({ readTimeout: 60 }, async (world) => {
      const server = await world.server();
      const session = await world.transport.dial(server.address);
      const peer = await server.next();
      const reply = failure(call(session, message("hello")));
      await peer.sees(/hello/);
      peer.write("HTTP/1.1 200 OK\r\nContent-Le");
      expect((await reply).detail).toContain("read_timeout");
    }));

  test("too large a reply ends its call with RESOURCE_EXHAUSTED, and the session goes on", () =>
    withTransport({ maxMessageSize: 10 }, async (world) => {
      const server = await world.server();
      const session = await world.transport.dial(server.address);
      const peer = await server.next();
      const reply = failure(call(session, message("one")));
      await peer.sees(/one/);
      peer.write(ok({}, "01234567890"));
      expect((await reply).code).toBe("RESOURCE_EXHAUSTED");
      const next = call(session, message("two"));
      await peer.sees(/two/);
      peer.write(ok({}, "short"));
      expect(textOf(await next)).toBe("short");
    }));

  test("a stream: frames of the layer above, in both directions, ended by an EOS with an empty body (spec 1.12)", () =>
    withTransport({}, async (world) => {
      const server = await world.server();
      const session = await world.transport.dial(server.address);
      const peer = await server.next();
      const stream = await session.open();
      expect(session.active).toBe(1);
      const header = { "Micro-Id": "3", "Micro-Stream": "3" };
      await stream.send(message("open", header));
      await stream.send(message("data", header));
      await peer.sees(/Micro-Stream: 3\r\nMicro-Id: 3.*open.*Micro-Stream: 3\r\nMicro-Id: 3.*data/s);
      const read = stream.messages[Symbol.asyncIterator]();
      // A stale Micro-Error on a message with a body is no end.
      peer.write(ok({ "Micro-Error": "EOS" }, "a") + ok({ "Micro-Error": "EOS", "X-Micro-Error": "EOS" }));
      expect(textOf((await read.next()).value as Parameters<typeof textOf>[0])).toBe("a");
      expect((await read.next()).value?.header.get("micro-error")).toBe("EOS");
      expect((await read.next()).done).toBe(true);
      await peer.closed();
      expect(() => void stream.send(message("late", header))).toThrow(MicroError);
    }));

  test("a reader that takes longer than read_timeout for a message is no slow peer", () =>
    withTransport({ readTimeout: 400, streamWindow: 1000 }, async (world) => {
      const server = await world.server();
      const session = await world.transport.dial(server.address);
      const peer = await server.next();
      const stream = await session.open();
      await stream.send(message("open"));
      await peer.sees(/open/);
      const sent = Array.from({ length: 200 }, (_, i) => ok({}, `${i}`.padEnd(10_000)));
      peer.write(sent.join(""));
      const read = stream.messages[Symbol.asyncIterator]();
      for (let i = 0; i < 200; i++) {
        // Longer than the time, with the socket paused in the middle of a message.
        if (i === 3) await new Promise((resolve) => setTimeout(resolve, 1000));
        const next = await within("a message", read.next());
        expect(next.done ? "" : textOf(next.value).trim()).toBe(`${i}`);
      }
    }));

  test("what is not the owner's to set is left out, and line breaks do not make headers", () =>
    withTransport({}, async (world) => {
      const server = await world.server();
      const session = await world.transport.dial(server.address);
      const peer = await server.next();
      const reply = call(
        session,
        message("hello", {
          "Content-Length": "1",
          "Transfer-Encoding": "chunked",
          Host: "evil",
          Connection: "close",
          "Micro-Mux": "hello",
          "X-A": "one\r\nX-Evil: two\0three",
          "X-Ü": "no name",
        }),
      );
      expect((await failure(reply)).detail).toContain("no header name");
      const again = call(
        session,
        message("hello", {
          "Content-Length": "1",
          "Transfer-Encoding": "chunked",
          Host: "evil",
          "X-A": "one\r\nX-Evil: two\0three",
        }),
      );
      await peer.sees(/hello/);
      expect(peer.text).toBe(
        `POST / HTTP/1.1\r\nHost: ${server.address}\r\nContent-Type: text/plain\r\nMicro-Id: 0\r\n` +
          "X-A: one  X-Evil: two three\r\nContent-Length: 5\r\n\r\nhello",
      );
      peer.write(ok({}, "done"));
      await again;
    }));

  test("too large a header block is refused before it is sent", () =>
    withTransport({}, async (world) => {
      const server = await world.server();
      const session = await world.transport.dial(server.address);
      const error = await failure(call(session, message("", { "X-A": "a".repeat(17_000) })));
      expect([error.code, error.notSent]).toEqual(["RESOURCE_EXHAUSTED", true]);
      expect(error.detail).toContain("max_header_size");
      expect(session.usable).toBe(true);
    }));
});

describe("between our own peers", () => {
  const mux = { metadata: { "micro-mux": "1" } };

  test("calls share one connection and are matched by an id of the session's own", () =>
    withTransport({}, async (world) => {
      const held: IncomingExchange[] = [];
      const remotes = new Set<string>();
      const { address } = await world.listen((exchange) => {
        remotes.add(exchange.remote);
        held.push(exchange);
        if (held.length === 3) for (const each of held.reverse()) echo(each);
      });
      const session = await world.transport.dial(address, mux);
      // The layer above numbers as it likes: all the same here.
      const replies = await Promise.all(
        ["a", "b", "c"].map((body) => call(session, message(body, { "Micro-Id": "0" }))),
      );
      expect(replies.map(textOf)).toEqual(["a", "b", "c"]);
      expect(remotes.size).toBe(1);
    }));

  test("a peer whose metadata promises too much is treated as Go's", () =>
    withTransport({}, async (world) => {
      const server = await world.server();
      const dialled = world.transport.dial(server.address, mux);
      const first = await server.next();
      await first.sees(/Micro-Mux: hello/);
      // Go repeats the headers of the first request (spec 1.2).
      first.write(ok({ "Micro-Mux": "hello", "Micro-Window": 1, "X-Micro-Error": "ill-formed" }));
      const session = await within("the dial", dialled);
      expect(session.maxConcurrent).toBe(1);
      expect(world.logged.length).toBe(1);
    }));

  test("multiplexing can be switched off", () =>
    withTransport({ multiplex: false }, async (world) => {
      const { address } = await world.listen();
      expect(world.transport.metadata).toEqual({});
      expect((await world.transport.dial(address, mux)).maxConcurrent).toBe(1);
    }));

  test("a call that never left is safe to repeat, one that did is not", () =>
    withTransport({ maxWriteBuffer: "64MiB" }, async (world) => {
      const server = await world.server();
      const dialled = world.transport.dial(server.address, mux);
      const peer = await server.next();
      await peer.sees(/hello/);
      peer.write(ok({ "Micro-Mux": "ready", "Micro-Window": 1000, "Micro-Concurrency": 1000 }));
      const session = await dialled;
      peer.socket.pause();
      const calls = Array.from({ length: 30 }, () => failure(call(session, message("x".repeat(1 << 20)))));
      // The socket takes what it takes; the rest waits in the session.
      await new Promise((resolve) => setImmediate(resolve));
      peer.destroy();
      const errors = await Promise.all(calls);
      expect(errors.every(({ code }) => code === "UNAVAILABLE")).toBe(true);
      expect(errors[0]?.notSent).toBe(false);
      expect(errors.at(-1)?.notSent).toBe(true);
    }));

  test("a peer that does not keep up costs RESOURCE_EXHAUSTED, not memory", () =>
    withTransport({ maxWriteBuffer: "4MiB" }, async (world) => {
      const server = await world.server();
      const dialled = world.transport.dial(server.address, mux);
      const peer = await server.next();
      await peer.sees(/hello/);
      peer.write(ok({ "Micro-Mux": "ready", "Micro-Window": 1000, "Micro-Concurrency": 1000 }));
      const session = await dialled;
      peer.socket.pause();
      const outcomes: MicroError[] = [];
      for (let i = 0; i < 30; i++)
        void failure(call(session, message("x".repeat(1 << 20)))).then((e) => outcomes.push(e));
      await eventually(() => expect(outcomes.length).toBeGreaterThan(10));
      expect(outcomes[0]?.code).toBe("RESOURCE_EXHAUSTED");
      expect(outcomes[0]?.detail).toContain("max_write_buffer");
      expect(outcomes[0]?.notSent).toBe(true);
    }));

  test("more calls than the peer runs at once are refused here", () =>
    withTransport({ maxConcurrent: 2 }, async (world) => {
      const { address } = await world.listen(() => undefined);
      const session = await world.transport.dial(address, mux);
      expect(session.maxConcurrent).toBe(2);
      const running = [1, 2].map(() => failure(call(session, message())));
      const error = await failure(call(session, message()));
      expect([error.code, error.notSent]).toEqual(["RESOURCE_EXHAUSTED", true]);
      await session.close();
      await Promise.all(running);
    }));

  test("a stream of many messages each way arrives whole and in order, whatever its window", () =>
    withTransport({ streamWindow: 1024 }, async (world) => {
      const { address } = await world.listen((exchange) => {
        const stream = exchange.accept();
        void (async () => {
          for await (const each of stream.messages) await stream.send(each);
          stream.closeSend();
        })();
      });
      const session = await world.transport.dial(address, mux);
      const stream = await session.open();
      const sent: string[] = [];
      const writing = (async () => {
        await stream.send(message("open"));
        for (let i = 0; i < 500; i++) {
          sent.push("x".repeat((i * 37) % 3000) + i);
          await stream.send(message(sent.at(-1)));
        }
        stream.closeSend();
      })();
      const got: string[] = [];
      for await (const each of stream.messages) got.push(textOf(each));
      await writing;
      expect(got).toEqual(sent);
      expect(session.active).toBe(0);
      expect(session.usable).toBe(true);
    }));

  test("a sender that does not wait for room is bounded", () =>
    withTransport({ maxWriteBuffer: "1MiB" }, async (world) => {
      const { address } = await world.listen((exchange) => void exchange.accept());
      const session = await world.transport.dial(address, mux);
      const stream = await session.open();
      const flood = (): void => {
        for (let i = 0; i < 100; i++) void stream.send(message("x".repeat(100_000)));
      };
      expect(flood).toThrow(/await the promise of send/);
      const empty = await session.open();
      const drizzle = (): void => {
        for (let i = 0; i < 100_000; i++) void empty.send(message());
      };
      expect(drizzle).toThrow(/await the promise of send/);
    }));

  test("a peer that ignores credit is closed", () =>
    withTransport({ streamWindow: 1000 }, async (world) => {
      const { address } = await world.listen((exchange) => void exchange.accept());
      const peer = await world.client(address);
      const header = { "Micro-Id": 1, "Micro-Stream": 1 };
      peer.write(post({ "Micro-Mux": "hello", "Micro-Window": 1000 }));
      await peer.sees(/Micro-Mux: ready/);
      peer.write(post(header, "open") + post(header, "x".repeat(1000)) + post(header, "more"));
      expect(await peer.closed()).toMatch(/400 Bad Request.*credit/s);
    }));

  test("an id that runs twice, a stream without a number and an unknown frame close the connection", () =>
    withTransport({}, async (world) => {
      const { address } = await world.listen(() => undefined);
      for (const frames of [
        post({ "Micro-Id": 1 }) + post({ "Micro-Id": 1 }),
        post({ "Micro-Id": "x", "Micro-Stream": "x" }),
        post({ "Micro-Mux": "dance" }),
      ]) {
        const peer = await world.client(address);
        peer.write(post({ "Micro-Mux": "hello", "Micro-Window": 1000 }) + frames);
        expect(await peer.closed()).toContain("400 Bad Request");
      }
    }));

  test("a stream that the server refuses breaks with the reason, before and after it began", () =>
    withTransport({ maxConcurrent: 1, maxMessageSize: 1000 }, async (world) => {
      const { address } = await world.listen((exchange) => void exchange.accept());
      const peer = await world.client(address);
      peer.write(post({ "Micro-Mux": "hello", "Micro-Window": 1000 }));
      const header = (id: number) => ({ "Micro-Id": id, "Micro-Stream": id });
      peer.write(post(header(1), "open") + post(header(2), "open") + post(header(1), "x".repeat(1001)));
      await peer.sees(
        /Micro-Id: 2\r\n.*max_concurrent.*Micro-Mux: refuse.*Micro-Id: 1\r\n.*max_message_size.*Micro-Mux: fail/s,
      );
    }));

  test("a handler whose caller has ended its side and then dies is told", () =>
    withTransport({}, async (world) => {
      const accepted = Promise.withResolvers<TransportStream>();
      const { address } = await world.listen((exchange) => accepted.resolve(exchange.accept()));
      const session = await world.transport.dial(address, mux);
      const stream = await session.open();
      await stream.send(message("open"));
      stream.closeSend();
      const server = await within("the stream", accepted.promise);
      for await (const _ of server.messages) expect.unreachable();
      const told = new Promise<Error>((resolve) => server.onAbort(resolve));
      await session.close();
      expect((await within("the abort", told)).message).toContain("closed the connection");
    }));

  test("the server's early end tells the client to stop sending, and is no abort", () =>
    withTransport({}, async (world) => {
      const { address } = await world.listen((exchange) => {
        const stream = exchange.accept();
        void (async () => {
          for await (const each of stream.messages) {
            await stream.send(message(`had ${textOf(each)}`));
            break;
          }
          stream.closeSend();
        })();
      });
      const session = await world.transport.dial(address, mux);
      const stream = await session.open();
      let aborted = false;
      stream.onAbort(() => {
        aborted = true;
      });
      await stream.send(message("open"));
      await stream.send(message("one"));
      const got: string[] = [];
      for await (const each of stream.messages) got.push(textOf(each));
      expect(got).toEqual(["had one"]);
      await eventually(() => expect(session.active).toBe(0));
      expect(() => void stream.send(message("two"))).toThrow(/done with the stream/);
      expect([aborted, session.usable]).toEqual([false, true]);
    }));

  test("a stream that was never begun ends without a word", () =>
    withTransport({}, async (world) => {
      const { address } = await world.listen(() => expect.unreachable());
      const session = await world.transport.dial(address, mux);
      const streams: TransportStream[] = [await session.open(), await session.open()];
      streams[0]?.closeSend();
      streams[1]?.abort(new Error("changed my mind"));
      for await (const _ of (streams[0] as TransportStream).messages) expect.unreachable();
      expect(session.active).toBe(0);
    }));

  test("a peer that has frozen is found out while a call waits; one that is only slow is not", () =>
    withTransport({ pingTimeout: 60 }, async (world) => {
      const held = Promise.withResolvers<IncomingExchange>();
      const { address } = await world.listen(held.resolve);
      const slow = await world.transport.dial(address, mux);
      const slowReply = call(slow, message("slow"));
      const server = await world.server();
      const dialled = world.transport.dial(server.address, mux);
      const peer = await server.next();
      await peer.sees(/hello/);
      peer.write(ok({ "Micro-Mux": "ready", "Micro-Window": 1000, "Micro-Concurrency": 1000 }));
      const frozen = await dialled;
      const error = await failure(call(frozen, message("hello")));
      expect([error.code, error.notSent]).toEqual(["UNAVAILABLE", false]);
      expect(error.detail).toContain("ping_timeout");
      expect(peer.text).toContain("Micro-Mux: ping");
      echo(await held.promise);
      expect(textOf(await slowReply)).toBe("slow");
    }));

  test("many streams and calls at once on one connection", () =>
    withTransport({ streamWindow: "8KiB" }, async (world) => {
      const { address } = await world.listen((exchange) => {
        if (!exchange.first.header.has("micro-stream")) {
          echo(exchange);
          return;
        }
        const stream = exchange.accept();
        void (async () => {
          for await (const each of stream.messages) await stream.send(each);
          stream.closeSend();
        })();
      });
      const session = await world.transport.dial(address, mux);
      const one = async (name: number): Promise<void> => {
        const stream = await session.open();
        await stream.send(message("open"));
        let count = 0;
        const reading = (async () => {
          for await (const each of stream.messages) expect(textOf(each)).toBe(`${name}/${count++}`);
        })();
        for (let i = 0; i < 50; i++) {
          await stream.send(message(`${name}/${i}`));
          expect(textOf(await call(session, message(`call ${name}/${i}`)))).toBe(`call ${name}/${i}`);
        }
        stream.closeSend();
        await reading;
        expect(count).toBe(50);
      };
      await within("all", Promise.all(Array.from({ length: 20 }, (_, name) => one(name))), 10_000);
      expect(session.active).toBe(0);
    }));
});
