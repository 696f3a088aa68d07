import type { ServiceRecord } from "@micro/registry";
import { registryConformance } from "@micro/registry/conformance";
import { encode, type Packet } from "dns-packet";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { captured, readable } from "../test/captured.ts";
import { create, follow, greeter, peer, place, withRegistry } from "../test/isolated.ts";

const ask = (name: string, options: Partial<Packet> = {}): Packet => ({
  type: "query",
  id: 0x2b36,
  questions: [{ name, type: "PTR", class: "IN" }],
  ...options,
});

// Nearly all of their time is waiting for answers, and each has names or a place of its own.
describe.concurrent("conformance", async () => {
  const where = await place();
  for (const each of registryConformance({ create: () => create(where, { queryTimeout: "50ms" }) })) {
    test(each.name, () => each.run());
  }
});

describe.concurrent("what others on the wire see", () => {
  test("a question from an ephemeral port is answered by unicast from the port of the group, a packet per node", async () => {
    const where = await place();
    const go = await peer(where);
    try {
      await withRegistry(where, async (registry) => {
        await registry.register({
          ...greeter("greeter"),
          nodes: [...greeter("greeter", 1).nodes, ...greeter("greeter", 2).nodes],
        });
        await go.send(ask(`greeter.${where.domain}`));
        for (const id of ["greeter-1", "greeter-2"]) {
          const { packet, from } = await go.until(
            ({ answers }) =>
              answers?.some((each) => each.type === "PTR" && each.data.startsWith(id)) ?? false,
          );
          expect(from.port).toBe(where.port);
          expect(packet.id).toBe(0);
          expect(packet.questions).toEqual(ask(`greeter.${where.domain}`).questions);
        }
        expect(go.received).toHaveLength(2);
        expect(go.received.map(({ bytes }) => bytes.readUInt16BE(2))).toEqual([0x8400, 0x8400]);
      });
    } finally {
      await go.close();
    }
  });

  test("the id comes back only to a question with the QU bit", async () => {
    const where = await place();
    const go = await peer(where);
    try {
      await withRegistry(where, async (registry) => {
        await registry.register(greeter("greeter"));
        const qu = encode(ask(`greeter.${where.domain}`));
        qu.writeUInt16BE(0x8001, qu.length - 2);
        await go.send(qu);
        const { packet } = await go.until(() => true);
        expect([packet.id, packet.questions?.[0]?.class]).toEqual([0x2b36, "IN"]);
      });
    } finally {
      await go.close();
    }
  });

  test("packets with QR=1 and probes get no answer", async () => {
    const where = await place();
    const go = await peer(where);
    try {
      await withRegistry(where, async (registry) => {
        await registry.register(greeter("greeter"));
        await go.send(ask(`greeter.${where.domain}`, { type: "response" }));
        await go.send(ask(`greeter-1.greeter.${where.domain}`));
        await go.send(ask(`_services.${where.domain}`));
        // Answered last, and in order: whatever came before it would be here.
        await go.until(({ questions }) => questions?.[0]?.name === `_services.${where.domain}`);
        expect(go.received).toHaveLength(1);
      });
    } finally {
      await go.close();
    }
  });

  test("a node is announced at 0, 1 and 3 s, then at the interval, and says goodbye with TTL 0", async () => {
    const where = await place();
    const listener = await peer(where, { member: true });
    try {
      await withRegistry(
        where,
        async (registry) => {
          const began = performance.now();
          await registry.register(greeter("greeter"));
          const times: number[] = [];
          for (let seen = 1; seen <= 4; seen += 1) {
            await listener.until(() => listener.received.length >= seen);
            times.push(performance.now() - began);
          }
          for (const [at, least] of [0, 1000, 3000, 3450].entries()) {
            expect(times[at]).toBeGreaterThanOrEqual(least - 5);
          }
          expect(times[0]).toBeLessThan(950);
          await registry.deregister(greeter("greeter"));
          const { packet } = await listener.until(
            ({ answers }) => answers?.[0]?.type === "SRV" && answers[0].ttl === 0,
          );
          expect(packet.answers?.map((each) => (each.type === "OPT" ? 0 : each.ttl))).toEqual([0, 0, 0]);
          for (const { bytes, from } of listener.received) {
            expect(bytes.subarray(0, 6).toString("hex")).toBe("000080000000");
            expect(from.port).toBe(where.port);
          }
        },
        { announceInterval: "500ms" },
      );
    } finally {
      await listener.close();
    }
  });

  test("stop says goodbye for every node", async () => {
    const where = await place();
    const listener = await peer(where, { member: true });
    try {
      await withRegistry(where, async (registry) => {
        await registry.register(greeter("greeter", 1));
        await registry.register(greeter("greeter", 2));
      });
      for (const id of ["greeter-1", "greeter-2"]) {
        await listener.until(
          ({ answers }) =>
            answers?.some((a) => a.type === "SRV" && a.ttl === 0 && a.name.startsWith(id)) ?? false,
        );
      }
    } finally {
      await listener.close();
    }
  });

  test("questions come from a port of our own, as Go writes them", async () => {
    const where = await place();
    const listener = await peer(where, { member: true });
    try {
      await withRegistry(where, async (registry) => {
        await registry.get("greeter");
        const { bytes, from } = listener.received[0] ?? {};
        expect(from?.port).not.toBe(where.port);
        expect(bytes?.subarray(2).toString("hex")).toBe(
          encode(ask(`greeter.${where.domain}`))
            .subarray(2)
            .toString("hex"),
        );
      });
    } finally {
      await listener.close();
    }
  });
});

describe.concurrent("what Go says", () => {
  const [hello] = captured().filter(({ packet }) => packet.type === "response");
  const goodbye = captured().findLast(
    ({ packet }) => packet.answers?.some(({ name }) => name.startsWith("greeter-abc")) ?? false,
  );
  if (hello === undefined || goodbye === undefined) throw new Error("the recording is not complete");

  /** Answers every question for greeter with the records of Go's announcement, as Go does. */
  async function goNode(where: Awaited<ReturnType<typeof place>>) {
    const node = await peer(where, { member: true });
    const answering = { on: true, asked: 0 };
    const respond = async (): Promise<void> => {
      for (let seen = 0; ; ) {
        await node.until(() => node.received.length > seen);
        for (; seen < node.received.length; seen += 1) {
          const { packet, from } = node.received[seen] ?? {};
          if (packet?.type !== "query" || packet.questions?.[0]?.name !== "greeter.micro" || !from) continue;
          answering.asked += 1;
          if (!answering.on) continue;
          await node.reply(
            { ...hello?.packet, id: 0, flags: 0x400, type: "response", questions: packet.questions },
            from,
          );
        }
      }
    };
    // Ends with the socket: its last wait is for a packet that never comes.
    void respond().catch(() => undefined);
    return { ...node, answering };
  }

  test("an announcement is seen at once and its repetitions once; a goodbye too", async () => {
    const where = await place("micro");
    const go = await peer(where, { member: true });
    try {
      await withRegistry(where, async (registry) => {
        const watch = follow(registry, "greeter");
        await watch.until("snapshot");
        const began = performance.now();
        for (let times = 0; times < 3; times += 1) await go.send(hello.bytes);
        await watch.until("put", "greeter-abc");
        expect(performance.now() - began).toBeLessThan(1000);
        await go.send(goodbye.bytes);
        await watch.until("delete", "greeter-abc");
        expect(watch.events.map(({ type }) => type)).toEqual(["snapshot", "put", "delete"]);
        await watch.leave();
      });
    } finally {
      await go.close();
    }
  });

  test("an answer that is read after the goodbye brings nobody back, an announcement does", async () => {
    const where = await place("micro");
    const go = await peer(where, { member: true });
    try {
      await withRegistry(where, async (registry) => {
        const watch = follow(registry, "greeter");
        await watch.until("snapshot");
        await go.send(hello.bytes);
        await watch.until("put", "greeter-abc");
        await go.send(goodbye.bytes);
        await go.send({ ...hello.packet, questions: [{ name: "greeter.micro", type: "PTR" }] });
        await watch.until("delete", "greeter-abc");
        expect(await registry.get("greeter")).toEqual([]);
        expect(watch.events.map(({ type }) => type)).toEqual(["snapshot", "put", "delete"]);
        await go.send(hello.bytes);
        await registry.get("greeter");
        expect(watch.events.map(({ type }) => type)).toEqual(["snapshot", "put", "delete", "put"]);
        await watch.leave();
      });
    } finally {
      await go.close();
    }
  });

  test("our own node that comes and goes in one breath does not come back with its announcement", async () => {
    const where = await place();
    await withRegistry(where, async (registry) => {
      const watch = follow(registry, "greeter");
      await watch.until("snapshot");
      await registry.register(greeter("greeter"));
      await registry.deregister(greeter("greeter"));
      expect(await registry.get("greeter")).toEqual([]);
      expect(watch.events.map(({ type }) => type)).toEqual(["snapshot", "put", "delete"]);
      await watch.leave();
    });
  });

  test("a node that answers is found, with id 0 and records that our own writer would write", async () => {
    const where = await place("micro");
    const go = await goNode(where);
    try {
      await withRegistry(where, async (registry) => {
        const [found] = await registry.get("greeter");
        expect(found?.nodes.map(({ id, address }) => [id, address])).toEqual([
          ["greeter-abc", "127.0.0.1:18200"],
        ]);
        expect(JSON.stringify(readable(hello.packet))).toContain("Greeter.Hello");
      });
    } finally {
      await go.close();
    }
  });

  test("whoever asks is told of a node at once, while others may still answer", async () => {
    const where = await place("micro");
    const go = await goNode(where);
    try {
      await withRegistry(
        where,
        async (registry) => {
          const { promise, resolve } = Promise.withResolvers<ServiceRecord>();
          const began = performance.now();
          const answer = registry.get("greeter", { onFound: resolve });
          expect((await promise).nodes[0]?.id).toBe("greeter-abc");
          expect(performance.now() - began).toBeLessThan(500);
          expect(await answer).toEqual([await promise]);
          expect(performance.now() - began).toBeGreaterThanOrEqual(999);
        },
        { queryTimeout: "1s" },
      );
    } finally {
      await go.close();
    }
  });

  test("a node that never announces again stays while it answers, and goes when it is silent", async () => {
    const where = await place("micro");
    const go = await goNode(where);
    try {
      await withRegistry(
        where,
        async (registry) => {
          const watch = follow(registry, "greeter");
          await watch.until("snapshot", "greeter-abc");
          const { asked } = go.answering;
          await go.until(() => go.answering.asked >= asked + 3);
          expect(watch.events).toHaveLength(1);
          go.answering.on = false;
          await watch.until("delete", "greeter-abc");
          expect(watch.events).toHaveLength(2);
          await watch.leave();
        },
        { refreshInterval: "500ms" },
      );
    } finally {
      await go.close();
    }
  });
});

describe.concurrent("bad input", () => {
  test("neither noise nor malformed packets stop the registry", async () => {
    const where = await place();
    const enemy = await peer(where);
    const good = encode(ask(`greeter.${where.domain}`));
    try {
      await withRegistry(where, async (registry) => {
        await registry.register(greeter("greeter"));
        const noise = fc.sample(fc.uint8Array({ maxLength: 300 }), { numRuns: 300, seed: 7 });
        for (const bytes of noise) {
          await enemy.send(Buffer.from(bytes));
          // The same behind the header of an answer and of a question with many records.
          await enemy.send(Buffer.concat([Buffer.from("000084000001000100000000", "hex"), bytes]));
          await enemy.send(Buffer.concat([Buffer.from("0001000000ffffffffffffff", "hex"), bytes]));
        }
        for (let length = 0; length < good.length; length += 1) await enemy.send(good.subarray(0, length));
        await enemy.send(good);
        await enemy.until(({ answers }) => answers?.[0]?.type === "PTR");
        expect(await registry.get("greeter")).toHaveLength(1);
      });
    } finally {
      await enemy.close();
    }
  });

  test("more nodes than max_nodes are not remembered", async () => {
    const where = await place();
    await withRegistry(where, async (many) => {
      for (let number = 1; number <= 5; number += 1) await many.register(greeter("greeter", number));
      await withRegistry(
        where,
        async (registry) => {
          expect((await registry.get("greeter"))[0]?.nodes).toHaveLength(3);
        },
        { maxNodes: 3 },
      );
    });
  });

  test.each([
    ["no port", "127.0.0.1", "is not 'host:port'"],
    ["port 0", "127.0.0.1:0", "is not 'host:port'"],
    ["a zone", "[fe80::1%eth0]:80", "an address with a zone"],
    ["a bare IPv6", "fe80::1:80", "is not 'host:port'"],
    ["an unknown host", "nowhere.invalid:80", "has no IP address"],
  ])("an address that others could not dial is refused: %s", async (_, address, detail) => {
    const where = await place();
    await withRegistry(where, async (registry) => {
      const node = { id: "greeter-1", address, metadata: {} };
      await expect(registry.register({ ...greeter("greeter"), nodes: [node] })).rejects.toMatchObject({
        code: "BAD_REQUEST",
        detail: expect.stringContaining(detail),
      });
      expect(await registry.get("greeter")).toEqual([]);
    });
  });

  test("a name of a host is announced as its address", async () => {
    const where = await place();
    await withRegistry(where, async (one) => {
      await one.register({
        ...greeter("greeter"),
        nodes: [{ id: "greeter-1", address: "localhost:4001", metadata: {} }],
      });
      await withRegistry(where, async (other) => {
        expect((await other.get("greeter"))[0]?.nodes[0]?.address).toBe("127.0.0.1:4001");
      });
    });
  });

  test.each(["queryTimeout", "announceInterval", "refreshInterval"] as const)(
    "%s cannot be so short that it floods the network",
    async (key) => {
      await expect(create(await place(), { [key]: "1ms" })).rejects.toThrow(
        `'${key}' is 1 ms: it must be at least`,
      );
    },
  );

  test.each([
    [{ group: "10.0.0.1" }, "group: must be an IPv4 multicast address"],
    [{ group6: "fd00::1" }, "group6: must be an IPv6 multicast address"],
    [{ domain: "micro." }, "domain: must be a DNS name without a dot at the end"],
    [{ port: 0 }, "port: must be at least 1"],
  ])("options are checked: %j", async (options, message) => {
    await expect(create(await place(), options)).rejects.toThrow(message);
  });
});
