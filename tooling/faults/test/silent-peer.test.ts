import { once } from "node:events";
import net from "node:net";
import { expect, test } from "vitest";
import type { Answer } from "../src/contract.ts";
import { type Fleet, withFleet } from "../src/fleet.ts";
import { forkProgram } from "../src/fork-program.ts";
import { errorTexts } from "../src/traffic.ts";
import { within } from "../src/within.ts";

/** A peer that accepts, reads, and never says a word. */
async function silentPeer(): Promise<{ address: string; accepted(): number; close(): Promise<void> }> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).resume();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    accepted: () => sockets.size,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function announce({ caller }: Fleet, address: string, metadata: Record<string, string> = {}): Promise<void> {
  const node = {
    id: "probe-silent",
    address,
    metadata: { protocol: "mucp", transport: "http", ...metadata },
  };
  return caller.registry.register({
    name: "probe",
    version: "1.0.0",
    metadata: {},
    endpoints: [],
    nodes: [node],
  });
}

// Both kinds of connection: shared by many calls, and one call at a time as with Go's peers.
for (const [kind, metadata] of [
  ["that multiplexes", { "micro-mux": "1" }],
  ["of Go's kind", {}],
] as const) {
  test(`a peer ${kind} accepts and never answers: the call ends by its deadline with TIMEOUT`, () =>
    withFleet({ nodes: [] }, async (fleet) => {
      const peer = await silentPeer();
      try {
        await announce(fleet, peer.address, metadata);
        for (const idempotent of [false, true]) {
          const began = performance.now();
          const call = fleet.probe.echo({}, { timeoutMs: 400, idempotent });
          await expect(call).rejects.toMatchObject({ code: "TIMEOUT" });
          const ms = performance.now() - began;
          expect(ms).toBeGreaterThan(350);
          // The client's own time, which would hold else, is 5 s.
          expect(ms).toBeLessThan(2500);
        }
        expect(peer.accepted()).toBeGreaterThan(0);
      } finally {
        await peer.close();
      }
    }));

  test(`a silent peer ${kind} among two nodes is ejected: the other gets the traffic and no idempotent call fails`, () =>
    withFleet({ nodes: ["a", "b"] }, async (fleet) => {
      const peer = await silentPeer();
      try {
        await announce(fleet, peer.address, metadata);
        const attempts: string[] = [];
        const traffic = fleet.load<Answer>({
          concurrency: 10,
          calls: 400,
          call: () =>
            fleet.probe.echo(
              { workMs: 2 },
              { timeoutMs: 2000, onAttempt: ({ nodeId }) => attempts.push(nodeId) },
            ),
        });
        const outcomes = await traffic.finished();
        expect(errorTexts(outcomes)).toEqual({});
        const silent = attempts.filter((id) => id === "probe-silent").length;
        expect(silent, "attempts on the silent peer").toBeGreaterThan(0);
        expect(silent, "attempts on the silent peer").toBeLessThan(30);
      } finally {
        await peer.close();
      }
    }));
}

/** An address that does not even accept: its process is frozen and its queue full, so that connecting hangs. */
async function deafPeer(): Promise<{ address: string; close(): Promise<void> }> {
  const child = forkProgram("./deaf-process.ts");
  const ended = once(child, "exit");
  const fillers: net.Socket[] = [];
  const close = async (): Promise<void> => {
    for (const socket of fillers) socket.destroy();
    child.kill("SIGKILL");
    await ended;
  };
  try {
    const [port] = (await within("the deaf peer must listen", 10_000, once(child, "message"))) as [number];
    child.kill("SIGSTOP");
    for (let full = false; !full; ) {
      const socket = net.connect(port, "127.0.0.1").on("error", () => undefined);
      fillers.push(socket);
      const connected = once(socket, "connect").then(() => true);
      full = !(await Promise.race([
        connected,
        new Promise<false>((resolve) => setTimeout(resolve, 300, false)),
      ]));
      connected.catch(() => undefined);
    }
    return { address: `127.0.0.1:${port}`, close };
  } catch (error) {
    await close();
    throw error;
  }
}

test("a peer that does not accept: connecting ends by transport.dial_timeout, and the call goes elsewhere", () =>
  withFleet({ nodes: ["a"], caller: { transport: { dialTimeout: 300 } } }, async (fleet) => {
    const peer = await deafPeer();
    try {
      const began = performance.now();
      const alone = fleet.probe.once({ id: "alone" }, { address: peer.address, timeoutMs: 5000, retries: 0 });
      await expect(alone).rejects.toMatchObject({ notSent: true });
      expect(performance.now() - began).toBeLessThan(3000);

      await announce(fleet, peer.address);
      // Not sent, so that even calls which are not idempotent may go to another node.
      const traffic = fleet.load<Answer>({
        calls: 40,
        concurrency: 4,
        call: (index) => fleet.probe.once({ id: `${index}` }, { timeoutMs: 3000 }),
      });
      const outcomes = await traffic.finished();
      expect(errorTexts(outcomes)).toEqual({});
      const { once: runs } = await fleet.child("a").report();
      expect(Object.values(runs).every((count) => count === 1)).toBe(true);
      expect(Object.keys(runs)).toHaveLength(40);
    } finally {
      await peer.close();
    }
  }));
