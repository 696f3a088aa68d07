import { spawn } from "node:child_process";
import { connect } from "node:net";
import { Metadata } from "@micro/core";
import { eventually, within } from "@micro/core/conformance";
import type { IncomingExchange } from "@micro/transport";
import { describe, expect, test } from "vitest";
import { call, echo, message, post, textOf, withTransport } from "./testing/world.ts";

const replies = (text: string): string[] => text.split(/(?=HTTP\/1\.1 )/);
const idsOf = (text: string): string[] =>
  Array.from(text.matchAll(/Micro-Id: (\w+)/g), ([, id]) => id as string);

describe("deadlines", () => {
  test("a client that sends nothing is closed after header_timeout", () =>
    withTransport({ headerTimeout: 60 }, async (world) => {
      const { address } = await world.listen();
      expect(await (await world.client(address)).closed()).toBe("");
    }));

  test("a client that sends its headers byte by byte is closed after header_timeout", () =>
    withTransport({ headerTimeout: 100, readTimeout: "10s" }, async (world) => {
      const { address } = await world.listen();
      const peer = await world.client(address);
      const timer = setInterval(() => peer.write("X"), 10);
      peer.write("POST / HTTP/1.1\r\nX-A: ");
      try {
        await peer.closed();
      } finally {
        clearInterval(timer);
      }
    }));

  test("a message that is not completed within read_timeout closes the connection and aborts what runs", () =>
    withTransport({ readTimeout: 60 }, async (world) => {
      const aborted = Promise.withResolvers<Error>();
      const { address } = await world.listen((exchange) => exchange.onAbort(aborted.resolve));
      const peer = await world.client(address);
      peer.write(
        `${post({ "Micro-Id": 1 }, "abc")}${post({ "Micro-Id": 2, "Content-Length": 100 }, "half of it")}`,
      );
      await peer.closed();
      expect((await within("the abort", aborted.promise)).message).toContain("read_timeout");
    }));

  test("messages that follow each other in pieces are no half message", () =>
    withTransport({ readTimeout: 500 }, async (world) => {
      const { address } = await world.listen();
      const peer = await world.client(address);
      // Each piece ends one message and begins the next, for longer than read_timeout.
      const text = post({ "Micro-Id": 1 }, "0123456789");
      const until = performance.now() + 1500;
      peer.write(text.slice(0, 20));
      for (let sent = 0; performance.now() < until; ) {
        peer.write(text.slice(20) + text.slice(0, 20));
        sent++;
        await peer.counts(sent);
      }
      peer.write(text.slice(20));
      await peer.counts(replies(peer.text).length + 1);
      expect(peer.socket.destroyed).toBe(false);
    }));

  test("what came while the process did not run is read before anybody is late", () =>
    withTransport({ readTimeout: 100 }, async (world) => {
      const { address } = await world.listen();
      const peer = await world.client(address);
      const text = post({ "Micro-Id": 2 }, "0123456789");
      peer.write(post({ "Micro-Id": 1 }) + text.slice(0, 20));
      await peer.sees(/Micro-Id: 1/);
      peer.write(text.slice(20));
      for (const until = performance.now() + 300; performance.now() < until; );
      await peer.sees(/Micro-Id: 2/);
    }));

  test("an idle connection lives on, unless idle_timeout says otherwise", () =>
    withTransport({ headerTimeout: 50, readTimeout: 50, idleTimeout: 0 }, async (world) => {
      const { address } = await world.listen();
      const peer = await world.client(address);
      peer.write(post({ "Micro-Id": 1 }));
      await peer.sees(/Micro-Id: 1/);
      await new Promise((resolve) => setTimeout(resolve, 200));
      peer.write(post({ "Micro-Id": 2 }));
      await peer.sees(/Micro-Id: 2/);
    }).then(() =>
      withTransport({ idleTimeout: 60, headerTimeout: 40 }, async (world) => {
        const { address } = await world.listen();
        const peer = await world.client(address);
        peer.write(post({ "Micro-Id": 1 }));
        expect(await peer.closed()).toContain("Micro-Id: 1");
      }),
    ));
});

describe("what is refused", () => {
  test("a peer that multiplexes and is idle is asked to leave first, so that no call on its way is lost", () =>
    withTransport({ idleTimeout: 60 }, async (world) => {
      const { address } = await world.listen();
      const peer = await world.client(address);
      peer.write(post({ "Micro-Mux": "hello", "Micro-Window": 1000 }));
      await peer.sees(/Micro-Mux: drain/);
      peer.write(post({ "Micro-Id": 1 }, "late"));
      await peer.sees(/Micro-Id: 1\r\n.*late/s);
      await peer.closed();
    }));

  test("times of 0 are none at all", () =>
    withTransport(
      { headerTimeout: 0, readTimeout: 0, writeTimeout: 0, pingTimeout: 0, idleTimeout: 50 },
      async (world) => {
        const { address } = await world.listen((exchange) => setTimeout(() => echo(exchange), 100));
        const [peer, silent] = [await world.client(address), await world.client(address)];
        const request = post({ "Micro-Id": 1 }, "slow");
        peer.write(request.slice(0, -2));
        // It comes and is closed while the others may take their time.
        const passing = await world.client(address);
        passing.write(post({ "Micro-Id": 9 }));
        await passing.closed();
        expect([peer.socket.readyState, silent.socket.readyState]).toEqual(["open", "open"]);
        peer.write(request.slice(-2));
        await peer.sees(/slow/);
        const session = await world.transport.dial(address, { metadata: world.transport.metadata });
        expect(textOf(await call(session, message("pinged by nobody")))).toBe("pinged by nobody");
      },
    ));

  test("a malformed message is answered with 400, logged, and the connection closed", () =>
    withTransport({}, async (world) => {
      const { address } = await world.listen();
      const peer = await world.client(address);
      peer.write("POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
      const text = await peer.closed();
      expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nConnection: close/);
      expect(text).toContain("Transfer-Encoding");
      expect(world.logged).toEqual([expect.stringContaining("broke the protocol")]);
    }));

  test("too large a header block is answered with 431", () =>
    withTransport({}, async (world) => {
      const { address } = await world.listen();
      const peer = await world.client(address);
      peer.write(`POST / HTTP/1.1\r\nX-A: ${"a".repeat(20_000)}`);
      expect(await peer.closed()).toMatch(/^HTTP\/1\.1 431 .*max_header_size/s);
    }));

  test("a body beyond the limit is an error of its call in Go's form, and the connection goes on", () =>
    withTransport({ maxMessageSize: 100 }, async (world) => {
      let count = 0;
      const { address } = await world.listen((exchange) => {
        count++;
        echo(exchange);
      });
      const peer = await world.client(address);
      peer.write(post({ "Micro-Id": 7 }, "x".repeat(101)) + post({ "Micro-Id": 8 }, "fine"));
      await peer.sees(/Micro-Id: 8.*fine/s);
      const [first] = replies(peer.text);
      expect(first).toMatch(
        /^HTTP\/1\.1 200 OK\r\n.*Micro-Error: \{"id":"go\.micro\.server\.transport","code":429/s,
      );
      expect(first).toMatch(/Micro-Id: 7.*X-Micro-Error: .*max_message_size.*Content-Length: 0/s);
      expect(count).toBe(1);
    }));

  test("more exchanges than max_concurrent", () =>
    withTransport({ maxConcurrent: 2 }, async (world) => {
      const held: IncomingExchange[] = [];
      const { address } = await world.listen((exchange) => held.push(exchange));
      const peer = await world.client(address);
      peer.write([1, 2, 3].map((id) => post({ "Micro-Id": id })).join(""));
      await peer.sees(/Micro-Id: 3.*"code":429.*max_concurrent/s);
      for (const exchange of held) echo(exchange);
      await peer.sees(/Micro-Id: 1.*Micro-Id: 2/s);
      expect(held.length).toBe(2);
    }));

  test("more connections than max_connections, once in the log", () =>
    withTransport({ maxConnections: 1 }, async (world) => {
      const { address } = await world.listen();
      const peer = await world.client(address);
      for (let i = 0; i < 3; i++) await (await world.client(address)).closed();
      peer.write(post({ "Micro-Id": 1 }));
      await peer.sees(/Micro-Id: 1/);
      expect(world.logged.filter((text) => text.includes("max_connections")).length).toBe(1);
    }));
});

describe("Go's clients", () => {
  test("calls with different ids are answered in the order they end (spec 1.9)", () =>
    withTransport({}, async (world) => {
      const held = new Map<string, IncomingExchange>();
      const { address } = await world.listen((exchange) => {
        held.set(exchange.first.header.get("micro-id") ?? "", exchange);
        if (held.size === 3) for (const id of ["2", "3", "1"]) echo(held.get(id) as IncomingExchange);
      });
      const peer = await world.client(address);
      peer.write([1, 2, 3].map((id) => post({ "Micro-Id": id })).join(""));
      await peer.sees(/Micro-Id: 1/);
      expect(idsOf(peer.text)).toEqual(["2", "3", "1"]);
    }));

  test("calls with one id, or none, are answered one after the other", () =>
    withTransport({}, async (world) => {
      const held: IncomingExchange[] = [];
      const { address } = await world.listen((exchange) => held.push(exchange));
      const peer = await world.client(address);
      peer.write(post({}, "a") + post({}, "b") + post({ "Micro-Id": 5 }, "c") + post({ "Micro-Id": 5 }, "d"));
      peer.write(post({ "Micro-Id": 6 }, "last"));
      await eventually(() => expect(held.map(({ first }) => textOf(first))).toEqual(["a", "c", "last"]));
      for (const exchange of held.slice(0, 2)) echo(exchange);
      await eventually(() => expect(held.map(({ first }) => textOf(first)).slice(3)).toEqual(["b", "d"]));
    }));

  test("as many calls with one id as may wait, each answered at once, are all answered", () =>
    withTransport({ maxConcurrent: 5000 }, async (world) => {
      const held: IncomingExchange[] = [];
      const { address } = await world.listen((exchange) => {
        if (textOf(exchange.first) === "hold") held.push(exchange);
        else echo(exchange);
      });
      const peer = await world.client(address);
      const calls = 4000;
      peer.write(post({ "Micro-Id": 7 }, "hold") + post({ "Micro-Id": 7 }).repeat(calls - 1));
      peer.write(post({ "Micro-Id": 8 }));
      await peer.sees(/Micro-Id: 8/);
      echo(held[0] as IncomingExchange);
      await peer.counts(calls + 1);
      expect(world.logged).toEqual([]);
    }));

  test("a request of the minimal form is answered (spec 1.1)", () =>
    withTransport({}, async (world) => {
      const { address } = await world.listen();
      const peer = await world.client(address);
      peer.write("GET /anything HTTP/1.0\r\n\r\n");
      await peer.sees(/^HTTP\/1\.1 200 OK\r\nContent-Type: text\/plain\r\nContent-Length: 0\r\n\r\n$/);
    }));

  test("Connection: close is honoured after the reply, and nothing behind it is read", () =>
    withTransport({}, async (world) => {
      let count = 0;
      const { address } = await world.listen((exchange) => {
        count++;
        setTimeout(() => echo(exchange), 10);
      });
      const peer = await world.client(address);
      peer.write(post({ "Micro-Id": 1, Connection: "close" }, "abc") + post({ "Micro-Id": 2 }));
      const text = await peer.closed();
      expect(text).toMatch(/Connection: close\r\n.*abc$/s);
      expect([idsOf(text), count]).toEqual([["1"], 1]);
    }));

  test("a handler learns within 50 ms that its client has gone", () =>
    withTransport({}, async (world) => {
      const arrived = Promise.withResolvers<IncomingExchange>();
      const { address } = await world.listen(arrived.resolve);
      const peer = await world.client(address);
      peer.write(post({ "Micro-Id": 1 }));
      const exchange = await within("the call", arrived.promise);
      const told = new Promise<Error>((resolve) => exchange.onAbort(resolve));
      const begin = performance.now();
      peer.destroy();
      await within("the abort", told);
      expect(performance.now() - begin).toBeLessThan(1000);
      echo(exchange);
    }));

  test("the end of an unknown stream is ignored, and so is data for one that has ended (spec 1.12)", () =>
    withTransport({}, async (world) => {
      const begun: string[] = [];
      const { address } = await world.listen((exchange) => {
        begun.push(textOf(exchange.first));
        exchange.reply(message("refused", { "Micro-Error": "no" }));
      });
      const peer = await world.client(address);
      peer.write(post({ "Micro-Id": 1, "Micro-Stream": 1, "Micro-Error": "EOS" }));
      peer.write(post({ "Micro-Id": 2, "Micro-Stream": 2 }, "open"));
      await peer.sees(/refused/);
      peer.write(post({ "Micro-Id": 2, "Micro-Stream": 2 }, "data"));
      peer.write(post({ "Micro-Id": 3 }, "call"));
      await peer.sees(/Micro-Id: 3/);
      expect(begun).toEqual(["open", "call"]);
    }));

  test("a stream keeps what came before its EOS when the client closes behind it", () =>
    withTransport({}, async (world) => {
      const seen: string[] = [];
      const ended = Promise.withResolvers<string>();
      const { address } = await world.listen((exchange) => {
        const stream = exchange.accept();
        stream.onAbort((reason) => ended.resolve(`aborted: ${reason.message}`));
        void (async () => {
          for await (const each of stream.messages) seen.push(textOf(each));
          ended.resolve("ended");
        })().catch((error: unknown) => ended.resolve(String(error)));
      });
      const peer = await world.client(address);
      const header = { "Micro-Id": 1, "Micro-Stream": 1 };
      peer.write(post(header, "open") + post(header, "a") + post(header, "b"));
      peer.socket.end(post({ ...header, "Micro-Error": "EOS" }));
      expect(await within("the end", ended.promise)).toBe("ended");
      expect(seen).toEqual(["a", "b", ""]);
    }));

  test("a stream that its client leaves without EOS is broken", () =>
    withTransport({}, async (world) => {
      const ended = Promise.withResolvers<string>();
      const { address } = await world.listen((exchange) => {
        void (async () => {
          for await (const _ of exchange.accept().messages);
          ended.resolve("ended");
        })().catch((error: unknown) => ended.resolve(String(error)));
      });
      const peer = await world.client(address);
      peer.write(post({ "Micro-Id": 1, "Micro-Stream": 1 }, "open"));
      await eventually(() => expect(peer.socket.bytesWritten).toBeGreaterThan(0));
      peer.socket.end();
      expect(await within("the end", ended.promise)).toContain("closed the connection");
    }));

  test("a client that reads nothing does not make the server hold more than its bounds", () =>
    withTransport({ maxWriteBuffer: "1MiB" }, async (world) => {
      const large = Buffer.alloc(256 * 1024, "x");
      let count = 0;
      const { address } = await world.listen((exchange) => {
        count++;
        exchange.reply({ header: new Metadata(), body: large });
      });
      const peer = await world.client(address);
      peer.socket.pause();
      // In one piece: what comes later is not even read while the client does not.
      peer.write(Array.from({ length: 300 }, (_, id) => post({ "Micro-Id": id })).join(""));
      await eventually(() => expect(world.logged).toEqual([expect.stringContaining("reply cannot be sent")]));
      peer.socket.resume();
      await peer.counts(300);
      // What was held and what the kernel's own buffers took; all others were told the reason.
      const bodies = peer.text.split(`Content-Length: ${large.length}`).length - 1;
      expect(bodies * large.length).toBeLessThan(32 * 1024 * 1024);
      expect(peer.text.split('Micro-Error: {"id":"go.micro.server.transport","code":429').length - 1).toBe(
        2 * (300 - bodies),
      );
      expect(peer.text).toContain("max_write_buffer");
      expect(count).toBe(300);
    }));

  test("a client that sends as fast as it is read leaves the others their turn", () =>
    withTransport({}, async (world) => {
      let handled = 0;
      const { address } = await world.listen((exchange) => {
        handled++;
        exchange.reply(message("{}"));
      });
      const calls = 100_000;
      // A process of its own, so that it writes while this one reads.
      const flood = `const socket = require("node:net").connect(${address.split(":").at(-1)}, "127.0.0.1");
        for (let id = 0; id < ${calls}; id++) socket.write(${JSON.stringify(post({ "Micro-Id": "ID" }))}.replace("ID", id));
        socket.resume();`;
      const client = spawn(process.execPath, ["-e", flood], { stdio: "inherit" });
      try {
        let longest = 0;
        for (let since = process.cpuUsage(); handled < calls; since = process.cpuUsage()) {
          await new Promise((resolve) => setImmediate(resolve));
          // Time of the processor: on a busy machine all turns are long.
          const { user, system } = process.cpuUsage(since);
          longest = Math.max(longest, (user + system) / 1000);
        }
        expect(longest, "ms of work in the longest turn").toBeLessThan(90);
      } finally {
        client.kill("SIGKILL");
      }
    }));

  test("a client that asks for pongs and reads none is not read any further", () =>
    withTransport({}, async (world) => {
      const { address } = await world.listen();
      const peer = await world.client(address);
      peer.write(post({ "Micro-Mux": "hello", "Micro-Window": 1000 }));
      await peer.sees(/Micro-Mux: ready/);
      peer.socket.pause();
      const pings = Buffer.from(post({ "Micro-Mux": "ping" }).repeat(20_000));
      let sent = 0;
      const taken = (): Promise<boolean> =>
        new Promise((resolve) => {
          const timer = setTimeout(resolve, 1000, false);
          peer.socket.write(pings, () => {
            clearTimeout(timer);
            resolve(true);
          });
        });
      // What the buffers of both kernels hold, and no more.
      while (await taken()) {
        sent += pings.length;
        expect(sent).toBeLessThan(32 * 1024 * 1024);
      }
    }));

  test.each([
    ["", {}, 0],
    [", also when its connection closes behind it", { Connection: "close" }, 0],
    [", and is not idle meanwhile", {}, 300],
  ])(
    "a client that reads slowly is none that takes no bytes: it gets all of a reply%s",
    (_, header, idleTimeout) =>
      withTransport({ writeTimeout: 2500, idleTimeout, maxMessageSize: "64MiB" }, async (world) => {
        const body = Buffer.alloc(48 * 1024 * 1024, "x");
        const { address } = await world.listen((exchange) =>
          exchange.reply({ header: new Metadata(), body }),
        );
        const began = performance.now();
        const socket = connect(Number(address.split(":")[1]), "127.0.0.1");
        let received = 0;
        let piece = 0;
        socket.on("data", ({ length }) => {
          received += length;
          piece += length;
          if (piece < 1024 * 1024) return;
          piece = 0;
          socket.pause();
          setTimeout(() => socket.resume(), 60);
        });
        const whole = new Promise<void>((resolve) => {
          socket.on("data", () => {
            if (received > body.length) resolve();
          });
        });
        const closed = new Promise<void>((resolve) => {
          socket.on("close", () => resolve()).on("error", () => undefined);
        });
        socket.write(post({ "Micro-Id": 1, ...header }));
        await within("the end of it", Promise.race([whole, closed]), 60_000);
        socket.destroy();
        expect(received).toBeGreaterThan(body.length);
        // Longer than write_timeout, and than a connection without a peer that reads is kept to its end.
        expect(performance.now() - began).toBeGreaterThan(2500);
      }),
  );

  test("closing twice waits no longer than closing once", () =>
    withTransport({}, async (world) => {
      const held: IncomingExchange[] = [];
      const listener = await world.transport.listen("127.0.0.1:0", (exchange) => held.push(exchange));
      const peer = await world.client(listener.address);
      peer.write(post({ "Micro-Id": 1 }, "hold"));
      await eventually(() => expect(held.length).toBe(1));
      const closings = [listener.close({ graceMs: 60_000 }), listener.close({ graceMs: 60_000 })];
      echo(held[0] as IncomingExchange);
      await within("both ends", Promise.all(closings));
      expect(await peer.closed()).toContain("hold");
    }));

  test("draining loses no call of a client that makes one after the other, as Go's do", () =>
    withTransport({ multiplex: false }, async (world) => {
      for (let round = 0; round < 20; round++) {
        const listener = await world.transport.listen("127.0.0.1:0", (exchange) =>
          setImmediate(() => echo(exchange)),
        );
        const sessions = await Promise.all(
          Array.from({ length: 4 }, () => world.transport.dial(listener.address)),
        );
        for (const session of sessions) await call(session, message("first"));
        const ends = sessions.map(async (session) => {
          while (session.usable) await call(session, message("next"));
        });
        for (let turn = 0; turn < 5 + round; turn++) await new Promise((resolve) => setImmediate(resolve));
        listener.drain();
        await within("the end of all sessions", Promise.all(ends));
        await listener.close();
      }
    }));

  test("a request that is half here when draining begins is answered", () =>
    withTransport({}, async (world) => {
      const listener = await world.listen();
      const [peer, idle] = [await world.client(listener.address), await world.client(listener.address)];
      peer.write(post({ "Micro-Id": 1 }, "first"));
      await peer.sees(/first/);
      const request = post({ "Micro-Id": 2 }, "second");
      peer.write(request.slice(0, -3));
      listener.drain();
      await idle.closed();
      peer.write(request.slice(-3));
      expect(await peer.closed()).toMatch(/Connection: close\r\n.*second$/s);
    }));

  test("draining closes idle connections and busy ones after their reply", () =>
    withTransport({}, async (world) => {
      const held: IncomingExchange[] = [];
      const listener = await world.listen((exchange) => {
        if (textOf(exchange.first) === "hold") held.push(exchange);
        else echo(exchange);
      });
      const [idle, busy] = [await world.client(listener.address), await world.client(listener.address)];
      idle.write(post({ "Micro-Id": 1 }));
      busy.write(post({ "Micro-Id": 2 }, "hold"));
      await idle.sees(/Micro-Id: 1/);
      await eventually(() => expect(held.length).toBe(1));
      listener.drain();
      await idle.closed();
      echo(held[0] as IncomingExchange);
      expect(await busy.closed()).toContain("hold");
    }));
});

test("a receiver that throws costs its own call only", () =>
  withTransport({}, async (world) => {
    const { address } = await world.listen((exchange) => {
      if (textOf(exchange.first) === "throw") throw new Error("a bug above");
      echo(exchange);
    });
    const peer = await world.client(address);
    peer.write(post({ "Micro-Id": 1 }, "throw") + post({ "Micro-Id": 2 }, "fine"));
    await peer.sees(/Micro-Id: 1.*Micro-Error: .*a bug above.*Micro-Id: 2.*fine/s);
    expect(world.logged).toEqual(["the receiver of an exchange failed"]);
  }));
