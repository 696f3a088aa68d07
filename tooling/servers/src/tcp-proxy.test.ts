import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { startTcpProxy } from "./tcp-proxy.ts";
import { greeting } from "./testing/greeting.ts";

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
