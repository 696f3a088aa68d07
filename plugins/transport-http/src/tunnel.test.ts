import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { within } from "@micro/core/conformance";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openTunnel } from "./tunnel.ts";

let ends: (() => void)[] = [];
let near: Socket;
let far: Socket;

/** Both ends of a connection to a proxy. */
beforeEach(async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const accepted = once(server, "connection");
  near = connect((server.address() as AddressInfo).port, "127.0.0.1").setNoDelay();
  await once(near, "connect");
  [far] = (await accepted) as [Socket];
  far.setNoDelay().resume();
  ends = [() => near.destroy(), () => far.destroy(), () => server.close()];
});

afterEach(() => {
  for (const end of ends) end();
});

function open(): Promise<void> {
  const tunnel = openTunnel(near, {
    address: "peer.test:80",
    proxy: {
      host: "proxy.test",
      port: 3128,
      name: "http://proxy.test:3128",
      from: "transport.proxy",
      tls: undefined,
      authorization: undefined,
    },
    maxHeaderSize: 100,
    signal: new AbortController().signal,
  });
  return within("a tunnel", tunnel);
}

/** What comes until it ends with this. */
async function text(ending: string): Promise<string> {
  let seen = "";
  return await within(
    `the text ${ending}`,
    new Promise<string>((resolve) => {
      near.on("data", (chunk: Buffer) => {
        seen += chunk.toString();
        if (seen.endsWith(ending)) resolve(seen);
      });
    }),
  );
}

test("what comes behind the answer, in one piece with it, is the target's", async () => {
  const opening = open();
  far.write("HTTP/1.0 200 Connection established\r\nVia: a\r\n\r\nfirst words, then ");
  await opening;
  const all = text("more");
  far.write("more");
  expect(await all).toBe("first words, then more");
});

test("an answer that comes byte by byte is an answer, and a length in it means nothing", async () => {
  const opening = open();
  for (const byte of "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n") {
    await new Promise((resolve) => far.write(byte, resolve));
  }
  await opening;
  const all = text("hello");
  far.write("hello");
  expect(await all).toBe("hello");
});

test("the limit counts the answer alone: what the target says at once may be larger", async () => {
  const opening = open();
  const head = `HTTP/1.1 200 OK\r\nA: ${"x".repeat(76)}\r\n\r\n`;
  expect(head).toHaveLength(100);
  far.write(`${head}${"y".repeat(5000)}!`);
  await opening;
  expect(await text("!")).toHaveLength(5001);
});

test("one byte more is too much", async () => {
  const opening = open();
  far.write(`HTTP/1.1 200 OK\r\nA: ${"x".repeat(77)}\r\n\r\n`);
  await expect(opening).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED", notSent: true });
  expect(near.destroyed).toBe(true);
});

test("a peer that breaks the connection is told of by name", async () => {
  const opening = open();
  far.resetAndDestroy();
  await expect(opening).rejects.toMatchObject({
    code: "UNAVAILABLE",
    detail:
      "cannot connect to peer.test:80: the proxy http://proxy.test:3128 (transport.proxy) broke the connection before it answered: read ECONNRESET",
  });
});
