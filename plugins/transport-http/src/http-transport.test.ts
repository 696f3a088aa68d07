import { createServer, type Socket } from "node:net";
import { instantiate } from "@micro/core/conformance";
import type { Transport } from "@micro/transport";
import { type TransportHarness, transportConformance } from "@micro/transport/conformance";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { httpTransport } from "./index.ts";
import { type ConnectProxy, connectProxy } from "./testing/connect-proxy.ts";

async function silentPeer() {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => sockets.add(socket.on("error", () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not bound");
  return {
    address: `127.0.0.1:${address.port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const pem = (name: string): string => `${import.meta.dirname}/testing/${name}`;

const harnesses: Readonly<Record<string, TransportHarness>> = {
  "to our own peers": { create: () => instantiate(httpTransport), address: "127.0.0.1:0" },
  "to Go's peers": {
    create: () => instantiate(httpTransport),
    address: "127.0.0.1:0",
    metadata: {},
    halfClose: false,
  },
  "over TLS": {
    create: () =>
      instantiate(httpTransport, {
        config: {
          tls: { caFile: pem("ca.pem"), certFile: pem("server.pem"), keyFile: pem("server.key") },
        },
      }),
    address: "127.0.0.1:0",
  },
};

/** A transport that dials through the proxy: loopback never is, so its peers get a name that only the proxy knows. */
async function throughProxy(proxy: ConnectProxy): Promise<Transport> {
  const tls = { caFile: pem("ca.pem"), certFile: pem("server.pem"), keyFile: pem("server.key") };
  const transport = await instantiate(httpTransport, {
    config: { proxy: proxy.url, env: {}, tls: { ...tls, serverName: "localhost" } },
  });
  return {
    name: transport.name,
    metadata: transport.metadata,
    listen: (address, onExchange) => transport.listen(address, onExchange),
    dial: (address, options) => transport.dial(address.replace("127.0.0.1", "peer.test"), options),
    drain: (options) => transport.drain?.(options),
    stop: (options) => transport.stop?.(options),
  };
}

describe("transport conformance over TLS through a proxy", () => {
  let proxy: ConnectProxy;
  beforeAll(async () => {
    proxy = await connectProxy();
  });
  afterAll(() => proxy.close());
  const harness: TransportHarness = { create: () => throughProxy(proxy), address: "127.0.0.1:0" };
  for (const c of transportConformance(harness)) test(c.name, () => c.run());
  test("all of it went through the proxy", () => expect(proxy.asked.length).toBeGreaterThan(20));
});

for (const [name, harness] of Object.entries(harnesses)) {
  describe(`transport conformance ${name}`, () => {
    for (const c of transportConformance(harness)) test(c.name, () => c.run());
  });
}

describe("a silent peer", () => {
  const harness: TransportHarness = { ...(harnesses["over TLS"] as TransportHarness), silentPeer };
  for (const c of transportConformance(harness))
    if (c.name.includes("silent peer")) test(c.name, () => c.run());
});
