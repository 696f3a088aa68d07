import { createServer, type Socket } from "node:net";
import { instantiate } from "@micro/core/conformance";
import { type TransportHarness, transportConformance } from "@micro/transport/conformance";
import { describe, test } from "vitest";
import { httpTransport } from "./index.ts";

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
