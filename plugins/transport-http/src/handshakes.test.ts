import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, connect, type Socket } from "node:net";
import tls from "node:tls";
import { type LogFields, type Logger, nullLogger } from "@micro/core";
import { within } from "@micro/core/conformance";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Handshakes } from "./handshakes.ts";

const file = (name: string) => readFileSync(`${import.meta.dirname}/testing/${name}`);

let server: tls.Server;
let handshakes: Handshakes;
let port: number;
let lines: LogFields[];
let onLine: () => void;
const sockets = new Set<Socket>();

beforeEach(async () => {
  lines = [];
  onLine = () => undefined;
  const warn: Logger["warn"] = (message, fields) => {
    lines.push({ message: String(message), ...fields });
    onLine();
  };
  server = tls.createServer(
    { cert: file("server.pem"), key: file("server.key"), handshakeTimeout: 200 },
    (socket) => socket.on("error", () => undefined).resume(),
  );
  handshakes = new Handshakes(server, { ...nullLogger, warn });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ({ port } = server.address() as AddressInfo);
});

afterEach(async () => {
  handshakes.close();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await new Promise((resolve) => server.close(resolve));
});

/** The first line that is logged, after a connection did this. */
async function lineOf(
  act: (socket: Socket) => void,
): Promise<{ readonly line: LogFields | undefined; readonly own: string }> {
  let own = "";
  await within(
    "a line",
    new Promise<void>((resolve) => {
      onLine = resolve;
      const socket = connect(port, "127.0.0.1", () => {
        own = `127.0.0.1:${socket.localPort}`;
        act(socket);
      });
      sockets.add(socket.on("error", () => undefined));
    }),
  );
  return { line: lines[0], own };
}

describe("a failed handshake is one line with the peer and the reason", () => {
  const cases: readonly (readonly [string, (socket: Socket) => void, RegExp])[] = [
    ["plain HTTP", (socket) => socket.write("GET / HTTP/1.1\r\n\r\n"), /^the client speaks without TLS$/],
    ["something else", (socket) => socket.write(Buffer.alloc(600, 1)), /^[\w :]+$/],
    ["a peer that hangs up", (socket) => socket.end(), /^(socket hang up|read ECONNRESET)$/],
    ["a peer that breaks off", (socket) => socket.resetAndDestroy(), /^(socket hang up|read ECONNRESET)$/],
    ["a peer that says nothing", () => undefined, /^TLS handshake timeout$/],
  ];
  test.each(cases)("%s", async (_name, act, reason) => {
    const { line, own } = await lineOf(act);
    expect(line).toEqual({
      message: "a TLS handshake failed",
      remote: own,
      reason: expect.stringMatching(reason) as string,
    });
  });
});

test("peers that hang up together are all told of, a flood of them as a count", async () => {
  const failures = 200;
  let failed = 0;
  const all = new Promise<void>((resolve) => {
    server.on("tlsClientError", () => {
      failed++;
      if (failed === failures) resolve();
    });
  });
  for (let index = 0; index < failures; index++) {
    const socket = connect(port, "127.0.0.1", () => socket.end("GET / HTTP/1.1\r\n\r\n"));
    sockets.add(socket.on("error", () => undefined));
  }
  await within("all failures", all);
  expect(lines).toHaveLength(1);
  handshakes.close();
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatchObject({ leftOut: failures - 2, reason: "the client speaks without TLS" });
});

test("what is closed is what is not done: a connection in use stays", async () => {
  const silent = connect(port, "127.0.0.1");
  sockets.add(silent.on("error", () => undefined));
  const closed = new Promise<void>((resolve) => silent.on("close", () => resolve()));
  const accepted = once(server, "secureConnection");
  const secure = await new Promise<tls.TLSSocket>((resolve) => {
    const socket = tls.connect({ port, host: "127.0.0.1", ca: file("ca.pem") }, () => resolve(socket));
    sockets.add(socket.on("error", () => undefined));
  });
  await within("a handshake", accepted);
  handshakes.close();
  await within("the end of the silent one", closed);
  expect(secure.destroyed).toBe(false);
  await within("a write", new Promise<void>((resolve) => void secure.write("hello", () => resolve())));
  expect(lines).toEqual([]);
});
