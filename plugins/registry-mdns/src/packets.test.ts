import type { ServiceRecord } from "@micro/registry";
import { type Answer, decode, encode, type Packet } from "dns-packet";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { captured, readable } from "../test/captured.ts";
import { greeter } from "../test/isolated.ts";
import { announcement, answersTo, listEntry, nodeEntry, query, readNames, readNodes } from "./packets.ts";

const OPTIONS = { domain: "micro", hostname: "vm", maxRecordSize: 1024 * 1024 };
const AT = { ...OPTIONS, ip: "127.0.0.1", port: 4001 };
const READ = {
  ...OPTIONS,
  onMalformed: (instance: string, error: unknown) => {
    throw new Error(`malformed ${instance}`, { cause: error });
  },
};

function entryOf(record: ServiceRecord, at = AT) {
  const [node] = record.nodes;
  if (node === undefined) throw new Error("a record without a node");
  return nodeEntry(record, node, at);
}

/** As a receiver sees it. */
function sent(packet: Packet | undefined): Packet {
  if (packet === undefined) throw new Error("no packet");
  return decode(encode(packet));
}

describe("packets of Go", () => {
  const all = captured();
  const announcements = all.filter(({ packet }) => packet.type === "response");

  test("announcements and goodbyes are read as nodes", () => {
    const seen = announcements.flatMap(({ at, packet }) =>
      readNodes(packet, READ).map(({ record, node, gone }) => [
        at,
        record.name,
        record.version,
        node.id,
        node.address,
        gone,
      ]),
    );
    const topic = "my.topic-f500ec67-5951-4558-811b-6449309f712e";
    const broker = ["micro.http.broker", "ff.http.broadcast", topic, "127.0.0.1:46523"];
    const service = ["greeter", "v1", "greeter-abc", "127.0.0.1:18200"];
    expect(seen).toEqual([
      [0.294, ...service, false],
      [0.391, ...broker, false],
      [1.294, ...service, false],
      [1.392, ...broker, false],
      [3.295, ...service, false],
      [3.392, ...broker, false],
      [11.954, ...service, true],
      [11.954, ...broker, true],
    ]);
  });

  test("endpoints and metadata of the node are read", () => {
    const [found] = announcements.flatMap(({ packet }) => readNodes(packet, READ));
    expect(found?.node.metadata).toEqual({
      broker: "http",
      protocol: "mucp",
      registry: "mdns",
      server: "mucp",
      transport: "http",
    });
    expect(found?.record.endpoints.map(({ name, metadata }) => [name, metadata])).toEqual([
      ["Greeter.Chat", { stream: "true" }],
      ["Greeter.Health", {}],
      ["Greeter.Hello", {}],
      ["Greeter.Raw", {}],
      ["Func", { subscriber: "true", topic: "my.topic" }],
    ]);
    expect(found?.record.endpoints[2]?.request).toEqual({
      name: "Req",
      type: "Req",
      values: [{ name: "name", type: "string", values: null }],
    });
  });

  test("our announcement of the same node says the same, record by record and letter by letter", () => {
    let compared = 0;
    for (const { packet } of announcements) {
      for (const { record, node, gone } of readNodes(packet, READ)) {
        const port = Number(node.address.split(":")[1]);
        const ours = sent(announcement(nodeEntry(record, node, { ...AT, port }), { goodbye: gone }));
        // Go writes no list as null; both are read (spec 3.1).
        const theirs = JSON.parse(
          JSON.stringify(readable(packet)).replace('Endpoints\\":null', 'Endpoints\\":[]'),
        );
        expect(readable(ours)).toEqual(theirs);
        expect([ours.id, ours.flags, ours.questions]).toEqual([packet.id, packet.flags, packet.questions]);
        compared += 1;
      }
    }
    expect(compared).toBe(8);
  });

  test("our question is byte for byte theirs", () => {
    const asked = all.filter(({ packet }) => packet.type === "query" && packet.authorities?.length === 0);
    expect(asked).toHaveLength(8);
    for (const { bytes, packet } of asked) {
      expect(encode(query(packet.questions?.[0]?.name ?? "", packet.id ?? 0))).toEqual(bytes);
    }
  });

  test("their probes get no answer and tell of no node", () => {
    const entry = entryOf({
      ...greeter("greeter"),
      nodes: [{ id: "greeter-abc", address: "", metadata: {} }],
    });
    const probes = all.filter(({ packet }) => packet.authorities?.length === 2);
    expect(probes).toHaveLength(6);
    for (const { packet } of probes) {
      expect(readNodes(packet, READ)).toEqual([]);
      for (const question of packet.questions ?? [])
        expect(answersTo(question, [entry], "micro")).toEqual([]);
    }
  });
});

describe("an answer", () => {
  const question = { name: "greeter.micro", type: "PTR", class: "IN" } as const;

  test("echoes the question, has id 0 and AA, and SRV before the address", () => {
    const answer = sent(answersTo(question, [entryOf(greeter("greeter"))], "micro")[0]);
    expect(encode(answer).readUInt16BE(2)).toBe(0x8400);
    expect(answer.id).toBe(0);
    expect(answer.questions).toEqual([question]);
    expect(answer.answers?.map(({ type, name }) => [type, name])).toEqual([
      ["PTR", "greeter.micro"],
      ["SRV", "greeter-1.greeter.micro"],
      ["A", "vm"],
      ["TXT", "greeter-1.greeter.micro"],
    ]);
    expect(answer.answers?.[0]).toMatchObject({ data: "greeter-1.greeter.micro", ttl: 120, class: "IN" });
    expect(answer.answers?.[1]).toMatchObject({
      data: { priority: 10, weight: 1, port: 4001, target: "vm" },
      flush: false,
    });
  });

  test("is one packet per node", () => {
    const entries = [
      entryOf(greeter("greeter", 1)),
      entryOf(greeter("greeter", 2)),
      entryOf(greeter("other")),
    ];
    const packets = answersTo(question, entries, "micro");
    expect(packets.map((packet) => packet.answers?.filter(({ type }) => type === "SRV").length)).toEqual([
      1, 1,
    ]);
  });

  test("is only for names that are exactly ours", () => {
    const entries = [entryOf(greeter("greeter"))];
    for (const name of ["greet.micro", "a.greeter.micro", "greeter.micro.micro", "greeter", "micro"]) {
      expect(answersTo({ ...question, name }, entries, "micro")).toEqual([]);
    }
    expect(answersTo({ ...question, type: "A" }, entries, "micro")).toEqual([]);
  });

  test("tells of an IPv6 node", () => {
    const answer = sent(
      answersTo(question, [entryOf(greeter("greeter"), { ...AT, ip: "fd00::2" })], "micro")[0],
    );
    expect(readNodes(answer, READ).map(({ node }) => node.address)).toEqual(["[fd00::2]:4001"]);
  });

  test("lists services, and the entries of the list are no nodes", () => {
    const list = { ...question, name: "_services.micro" };
    const answer = sent(answersTo(list, [listEntry("micro.http.broker", OPTIONS)], "micro")[0]);
    expect(readNames(answer, "micro")).toEqual(["micro.http.broker"]);
    expect(readNodes(answer, READ)).toEqual([]);
    expect(answer.answers?.[1]).toMatchObject({ type: "SRV", data: { port: 9999 } });
    expect(answer.answers?.[2]).toMatchObject({ type: "A", data: "0.0.0.0" });
  });

  test("enumerates types of service for browsers", () => {
    const browse = { ...question, name: "_services._dns-sd._udp.micro" };
    const entries = [entryOf(greeter("greeter", 1)), entryOf(greeter("greeter", 2))];
    expect(answersTo(browse, entries, "micro").map(({ answers }) => answers?.[0])).toMatchObject([
      { type: "PTR", data: "greeter.micro" },
    ]);
  });
});

describe("reading", () => {
  test("takes IPv4 where both families are given", () => {
    const both = announcement(entryOf(greeter("greeter")), { goodbye: false });
    const six: Answer = { type: "AAAA", name: "vm", ttl: 120, data: "fd00::2" };
    const packet = sent({ ...both, answers: [six, ...(both.answers ?? [])] });
    expect(readNodes(packet, READ).map(({ node }) => node.address)).toEqual(["127.0.0.1:4001"]);
  });

  test("finds records in the additional section too", () => {
    const { answers, ...rest } = announcement(entryOf(greeter("greeter")), { goodbye: false });
    expect(readNodes(sent({ ...rest, additionals: answers }), READ)).toHaveLength(1);
  });

  test("a node that one packet names again and again is unpacked once: small packets make little work", () => {
    const { answers = [], ...rest } = announcement(entryOf(greeter("greeter")), { goodbye: false });
    const [server] = answers.filter(({ type }) => type === "SRV");
    const packet = { ...rest, answers: [...Array.from({ length: 100 }, () => server as Answer), ...answers] };
    expect(readNodes(packet, READ)).toHaveLength(1);
  });

  test("ignores other domains, and what lacks SRV, an address or TXT", () => {
    const packet = announcement(entryOf(greeter("greeter")), { goodbye: false });
    expect(readNodes(packet, { ...READ, domain: "other" })).toEqual([]);
    for (const missing of ["SRV", "A", "TXT"]) {
      const answers = packet.answers?.filter(({ type }) => type !== missing) ?? [];
      expect(readNodes({ ...packet, answers }, READ)).toEqual([]);
    }
  });

  test("a record under the name of another service is malformed", () => {
    const told: string[] = [];
    const packet = announcement(entryOf(greeter("greeter")), { goodbye: false });
    const answers = packet.answers?.map((each) =>
      each.type === "A" ? each : ({ ...each, name: "greeter-1.payments.micro" } as Answer),
    );
    const onMalformed = (instance: string) => told.push(instance);
    expect(readNodes({ ...packet, answers }, { ...READ, onMalformed })).toEqual([]);
    expect(told).toEqual(["greeter-1.payments.micro"]);
  });

  test("never throws, whatever bytes come in", () => {
    const good = encode(announcement(entryOf(greeter("greeter")), { goodbye: false }));
    const flips = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 8 });
    const quiet = { ...READ, onMalformed: () => undefined };
    fc.assert(
      fc.property(flips, fc.nat(good.length), (changes, length) => {
        const bytes = Buffer.from(good.subarray(0, length));
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        let packet: Packet;
        try {
          packet = decode(bytes);
        } catch {
          return;
        }
        readNodes(packet, quiet);
        readNames(packet, "micro");
        for (const question of packet.questions ?? []) {
          for (const answer of answersTo(question, [entryOf(greeter("greeter"))], "micro")) encode(answer);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("names that DNS cannot carry are refused in words", () => {
  const long = "a-service-with-a-name-of-31-ch";
  test.each([
    [
      long,
      `${long}-8b6f1c1e-5b0e-4f0e-9a52-0e4a3c9d1b7f`,
      "has 67 bytes, and a part of a DNS name has at most 63",
    ],
    [long, `${long}-8b6f1c1e-5b0e-4f0e-9a52-0e4a3c9d1b7f`, "shorten the service name or the server id"],
    ["s".repeat(64), "x", "shorten the service name"],
    ["größe".repeat(10), "x", "has 70 bytes"],
    ["a..b", "x", "an empty part between its dots"],
    ["greeter", "", "an empty part between its dots"],
    ["greeter", "a\nb", "control character"],
    [Array(50).fill("abcdef").join("."), "x", "a DNS name has at most 253"],
    ["_services", "x", "the list of all services"],
  ])("service %j with node %j", (name, id, message) => {
    const record = { ...greeter(name), nodes: [{ id, address: "127.0.0.1:1", metadata: {} }] };
    expect(() => entryOf(record)).toThrow(
      expect.objectContaining({ code: "BAD_REQUEST", detail: expect.stringContaining(message) }),
    );
  });

  test("a record that no packet can hold", () => {
    const noise = Array.from({ length: 3000 }, (_, n) => [`key${n}`, crypto.randomUUID()]);
    const node = { id: "greeter-1", address: "127.0.0.1:1", metadata: Object.fromEntries(noise) };
    expect(() => entryOf({ ...greeter("greeter"), nodes: [node] })).toThrow(/UDP carries 65507/);
  });
});
