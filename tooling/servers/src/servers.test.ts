import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { temporaryFolder } from "@micro/programs";
import { expect, test } from "vitest";
import { findServer } from "./find-server.ts";
import { startMosquitto } from "./mosquitto.ts";
import { startNatsServer } from "./nats-server.ts";
import { startTcpProxy } from "./tcp-proxy.ts";

/** The first bytes that somebody who connects, and says `hello`, gets; or the code of the error. */
function greeting(address: string, hello = ""): Promise<string> {
  const [host = "", port = ""] = address.split(":");
  return new Promise((resolve) => {
    const socket = connect(Number(port), host, () => socket.write(hello));
    socket.once("data", (bytes) => {
      resolve(bytes.toString());
      socket.destroy();
    });
    socket.once("error", (error) => resolve((error as NodeJS.ErrnoException).code ?? "error"));
  });
}

test("a NATS server listens, with its configuration, and comes back on the same port", async () => {
  await using server = await startNatsServer({ config: "max_payload: 12345" });
  expect(await greeting(server.address)).toContain('"max_payload":12345');
  await server.kill();
  expect(await greeting(server.address)).toBe("ECONNREFUSED");
  await server.restart();
  expect(await greeting(server.address)).toMatch(/^INFO /);
});

test("an MQTT server listens, and comes back on the same port", async () => {
  await using server = await startMosquitto();
  const { host } = new URL(server.url);
  const CONNECT = "\u0010\u000c\u0000\u0004MQTT\u0004\u0002\u0000\u003c\u0000\u0000";
  expect(await greeting(host, CONNECT)).toBe("\u0020\u0002\u0000\u0000");
  await server.stop();
  expect(await greeting(host)).toBe("ECONNREFUSED");
  await server.restart();
  expect(await greeting(host, CONNECT)).toBe("\u0020\u0002\u0000\u0000");
});

test("a configuration that is wrong fails with what the server said", async () => {
  await expect(startNatsServer({ config: "max_payload: many" })).rejects.toThrow(
    /ended; it printed:.*nats\.conf:2/s,
  );
});

test("a server that is nowhere is unpacked from its package, and found there again", async () => {
  const folder = await temporaryFolder();
  try {
    const server = {
      program: "nats-server",
      packages: ["nats-server"],
      path: "usr/sbin/nats-server",
      searchPath: [],
      cacheFolder: folder.path,
    };
    const file = join(folder.path, "nats-server/usr/sbin/nats-server");
    expect(await Promise.all([findServer(server), findServer(server)])).toEqual([file, file]);
    expect(await findServer(server)).toBe(file);
  } finally {
    await folder.remove();
  }
});

test("a server that cannot be found is an error that names the package", async () => {
  const folder = await temporaryFolder();
  try {
    const server = {
      program: "no-such-server",
      packages: ["no-such-package"],
      path: "usr/sbin/no-such-server",
      searchPath: [],
      cacheFolder: folder.path,
    };
    await expect(findServer(server)).rejects.toThrow("install the Debian package no-such-package");
  } finally {
    await folder.remove();
  }
});

/** A server that greets everybody, and what it was told. */
async function greeter() {
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("data", (bytes) => void heard.push(bytes.toString()));
    socket.on("error", () => undefined);
    socket.write("hello");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    heard,
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

test("a proxy passes bytes on, holds them back in one direction or both, and cuts", async () => {
  await using server = await greeter();
  await using proxy = await startTcpProxy(server.address);
  expect(await greeting(proxy.address)).toBe("hello");
  const release = proxy.holdAnswers();
  const [host = "", port = ""] = proxy.address.split(":");
  const socket = connect(Number(port), host);
  const said: string[] = [];
  socket.on("data", (bytes) => void said.push(bytes.toString()));
  socket.on("error", () => undefined);
  socket.write("one");
  await expect.poll(() => server.heard).toEqual(["one"]);
  expect(said).toEqual([]);
  release();
  await expect.poll(() => said).toEqual(["hello"]);
  const heal = proxy.partition();
  socket.write("two");
  expect(proxy.connections).toBe(1);
  // Nothing tells that nothing comes: a round through another server has had time enough.
  await greeting(server.address);
  expect(server.heard).toEqual(["one"]);
  heal();
  await expect.poll(() => server.heard).toEqual(["one", "two"]);
  proxy.cut();
  await once(socket, "close");
  await expect.poll(() => proxy.connections).toBe(0);
});

test("a NATS server takes leaf nodes where it is asked to, on the same port after a restart", async () => {
  await using hub = await startNatsServer({ leafnodes: true });
  expect(hub.leafAddress).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(await greeting(hub.leafAddress)).toMatch(/^INFO /);
  await hub.kill();
  await hub.restart();
  expect(await greeting(hub.leafAddress)).toMatch(/^INFO /);
});
