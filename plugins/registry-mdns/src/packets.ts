import { isIP } from "node:net";
import { MicroError } from "@micro/core";
import type { Node, ServiceRecord } from "@micro/registry";
import { type Answer, AUTHORITATIVE_ANSWER, encodingLength, type Packet, type Question } from "dns-packet";
import { decodeText, encodeText } from "./text-record.ts";

/** Seconds every record is good for; the TTL of a registration is not on the wire (spec 3.2). */
const RECORD_TTL_S = 120;
/** Go's pseudo service that lists the names of services (spec 3.2). */
const LIST = "_services";
const LIST_PORT = 9999;
/** What fits into one UDP datagram over IPv4. */
const MAX_PACKET_BYTES = 65_507;
const MAX_LABEL_BYTES = 63;
const MAX_NAME_BYTES = 253;

/** One instance that answers: a node, or the entry of a service in the list of names. */
export interface Entry {
  /** `greeter.micro`. */
  readonly address: string;
  /** `greeter-abc.greeter.micro`. */
  readonly instance: string;
  /** SRV, A or AAAA, TXT, in this order: Go needs SRV before the address (spec 3.2). */
  readonly records: readonly Answer[];
}

/** What names and records are made from. */
export interface EntryOptions {
  readonly domain: string;
  /** Name of this host, target of SRV. */
  readonly hostname: string;
  /** Bound of the JSON of a record. */
  readonly maxRecordSize: number;
}

/** One node that a packet tells of. */
export interface Found {
  /** With exactly this one node. */
  readonly record: ServiceRecord;
  readonly node: Node;
  /** True for a goodbye (TTL 0). */
  readonly gone: boolean;
}

/**
 * The entry of `node`, whose host is the address `ip`. Throws `BAD_REQUEST` for names that DNS cannot carry and for
 * records that do not fit into a packet.
 */
export function nodeEntry(
  record: ServiceRecord,
  node: Node,
  options: EntryOptions & { readonly ip: string; readonly port: number },
): Entry {
  if (record.name === LIST) throw bad(`a service cannot be called '${LIST}': it is the list of all services`);
  checkName(`service '${record.name}'`, record.name, options.domain, "the service name");
  checkName(
    `node '${node.id}' of service '${record.name}'`,
    `${node.id}.${record.name}`,
    options.domain,
    "the service name or the server id (a node id is '<service>-<server id>')",
  );
  const entry = makeEntry(record.name, node.id, {
    ...options,
    text: encodeText({ ...record, nodeMetadata: node.metadata }, options.maxRecordSize),
  });
  const bytes = encodingLength(reply(entry, { name: entry.address, type: "PTR" }));
  if (bytes > MAX_PACKET_BYTES) {
    throw bad(
      `the record of node '${node.id}' needs a packet of ${bytes} bytes, and UDP carries ${MAX_PACKET_BYTES}: give the service '${record.name}' fewer endpoints or less metadata`,
    );
  }
  return entry;
}

/** The entry of a service in the list of names: port 9999, address 0.0.0.0, nothing in TXT (spec 3.2). */
export function listEntry(service: string, options: EntryOptions): Entry {
  return makeEntry(LIST, service, {
    ...options,
    ip: "0.0.0.0",
    port: LIST_PORT,
    text: [Buffer.alloc(0)],
  });
}

function makeEntry(
  service: string,
  id: string,
  options: EntryOptions & { readonly ip: string; readonly port: number; readonly text: Buffer[] },
): Entry {
  const address = `${service}.${options.domain}`;
  const instance = `${id}.${address}`;
  const common = { ttl: RECORD_TTL_S, class: "IN" } as const;
  const target = options.hostname;
  return {
    address,
    instance,
    records: [
      {
        ...common,
        name: instance,
        type: "SRV",
        data: { priority: 10, weight: 1, port: options.port, target },
      },
      { ...common, name: target, type: isIP(options.ip) === 6 ? "AAAA" : "A", data: options.ip },
      { ...common, name: instance, type: "TXT", data: options.text },
    ],
  };
}

/** Asks who is at `name`: the bytes of Go's querier (spec 3.2). */
export function query(name: string, id: number): Packet {
  return { type: "query", id, questions: [{ name, type: "PTR", class: "IN" }] };
}

/** An announcement (flags 0x8000, no question), or with TTL 0 a goodbye (spec 3.2). */
export function announcement(entry: Entry, options: { readonly goodbye: boolean }): Packet {
  const ttl = options.goodbye ? 0 : RECORD_TTL_S;
  return { type: "response", flags: 0, answers: entry.records.map((record) => withTtl(record, ttl)) };
}

function withTtl(record: Answer, ttl: number): Answer {
  return record.type === "OPT" ? record : { ...record, ttl };
}

/** All that is to be said to `question`: one packet per entry, as Go loses the second of two (spec 3.2). */
export function answersTo(question: Question, entries: Iterable<Entry>, domain: string): Packet[] {
  const packets: Packet[] = [];
  const enumeration = `_services._dns-sd._udp.${domain}`;
  const told = new Set<string>();
  for (const entry of entries) {
    // The types of dns-packet know no ANY in questions.
    const any = String(question.type) === "ANY";
    if (question.name === entry.address && (any || question.type === "PTR")) {
      packets.push(reply(entry, question));
    } else if (question.name === entry.instance) {
      const wanted = entry.records.filter((record) => any || record.type === question.type);
      // Whoever asks for SRV needs the address too.
      const answers = question.type === "SRV" ? [...wanted, ...entry.records.slice(1, 2)] : wanted;
      if (answers.length > 0) packets.push(respond(question, answers));
    } else if (question.name === enumeration && (any || question.type === "PTR")) {
      if (told.has(entry.address)) continue;
      told.add(entry.address);
      packets.push(
        respond(question, [
          { name: enumeration, type: "PTR", class: "IN", ttl: RECORD_TTL_S, data: entry.address },
        ]),
      );
    }
  }
  return packets;
}

function reply(entry: Entry, question: Question): Packet {
  return respond(question, [
    { name: entry.address, type: "PTR", class: "IN", ttl: RECORD_TTL_S, data: entry.instance },
    ...entry.records,
  ]);
}

/** Flags 0x8400, id 0, and the question is echoed, or Go ignores the answer (spec 3.2). */
function respond(question: Question, answers: readonly Answer[]): Packet {
  return {
    type: "response",
    id: 0,
    flags: AUTHORITATIVE_ANSWER,
    questions: [{ name: question.name, type: question.type, class: "IN" }],
    answers: [...answers],
  };
}

/** How packets are read. */
export interface ReadOptions {
  readonly domain: string;
  readonly maxRecordSize: number;
  /** Told of an instance that could not be read. */
  readonly onMalformed: (instance: string, error: unknown) => void;
}

/**
 * The nodes that a response or an announcement tells of, each once; entries of the list of names are none (spec 3.2).
 * The work grows with the size of the packet alone, whoever sent it.
 */
export function readNodes(packet: Packet, options: ReadOptions): readonly Found[] {
  const { servers, texts, hosts } = byName([...(packet.answers ?? []), ...(packet.additionals ?? [])]);
  const suffix = `.${options.domain}`;
  const found: Found[] = [];
  for (const srv of servers.values()) {
    if (!srv.name.endsWith(suffix) || srv.name.endsWith(`.${LIST}${suffix}`)) continue;
    const text = texts.get(srv.name);
    const host = hosts.get(srv.data.target);
    // Go too needs SRV, an address and TXT in one packet (spec 3.2).
    if (text === undefined || host === undefined || srv.data.port === 0) continue;
    try {
      const { nodeMetadata, ...service } = decodeText(buffers(text), options.maxRecordSize);
      const end = `.${service.name}${suffix}`;
      if (!srv.name.endsWith(end) || srv.name.length === end.length) {
        throw new Error(`the TXT record is one of service '${service.name}'`);
      }
      const address = `${isIP(host) === 6 ? `[${host}]` : host}:${srv.data.port}`;
      const node: Node = { id: srv.name.slice(0, -end.length), address, metadata: nodeMetadata };
      found.push({ record: { ...service, nodes: [node] }, node, gone: srv.ttl === 0 });
    } catch (error) {
      options.onMalformed(srv.name, error);
    }
  }
  return found;
}

/** The names in an answer to the question for the list of services. */
export function readNames(packet: Packet, domain: string): readonly string[] {
  const list = `${LIST}.${domain}`;
  const names: string[] = [];
  for (const record of packet.answers ?? []) {
    if (record.type !== "PTR" || record.name !== list || record.ttl === 0) continue;
    if (record.data.endsWith(`.${list}`)) names.push(record.data.slice(0, -list.length - 1));
  }
  return names;
}

/** Name of the question for the list of services. */
export function listAddress(domain: string): string {
  return `${LIST}.${domain}`;
}

type Server = Extract<Answer, { type: "SRV" }>;

/** The first record of each name: a second one would make a small packet a lot of work. */
function byName(records: readonly Answer[]): {
  readonly servers: ReadonlyMap<string, Server>;
  readonly texts: ReadonlyMap<string, unknown>;
  /** Addresses; with both families given, IPv4 is taken (spec 3.2). */
  readonly hosts: ReadonlyMap<string, string>;
} {
  const servers = new Map<string, Server>();
  const texts = new Map<string, unknown>();
  const v4 = new Map<string, string>();
  const v6 = new Map<string, string>();
  const keep = <T>(map: Map<string, T>, name: string, value: T): void => {
    if (!map.has(name)) map.set(name, value);
  };
  for (const record of records) {
    if (record.type === "SRV") keep(servers, record.name, record);
    else if (record.type === "TXT") keep(texts, record.name, record.data);
    else if (record.type === "A" && isIP(record.data) === 4) keep(v4, record.name, record.data);
    else if (record.type === "AAAA" && isIP(record.data) === 6) keep(v6, record.name, record.data);
  }
  return { servers, texts, hosts: new Map([...v6, ...v4]) };
}

function buffers(data: unknown): readonly Uint8Array[] {
  const strings = Array.isArray(data) ? data : [data];
  return strings.map((each) => (each instanceof Uint8Array ? each : Buffer.from(String(each))));
}

/** Throws `BAD_REQUEST` when `name.domain` is no name that DNS can carry; `shorten` says what to make shorter. */
function checkName(what: string, name: string, domain: string, shorten: string): void {
  const full = `${name}.${domain}`;
  for (const label of full.split(".")) {
    const bytes = Buffer.byteLength(label);
    if (bytes === 0) throw bad(`${what} cannot be announced: '${full}' has an empty part between its dots`);
    if (/\p{Cc}/u.test(label)) {
      throw bad(`${what} cannot be announced: ${JSON.stringify(label)} has a control character`);
    }
    if (bytes > MAX_LABEL_BYTES) {
      throw bad(
        `${what} cannot be announced: '${label}' has ${bytes} bytes, and a part of a DNS name has at most ${MAX_LABEL_BYTES}: shorten ${shorten}`,
      );
    }
  }
  const bytes = Buffer.byteLength(full);
  if (bytes > MAX_NAME_BYTES) {
    throw bad(
      `${what} cannot be announced: '${full}' has ${bytes} bytes, and a DNS name has at most ${MAX_NAME_BYTES}: shorten ${shorten}`,
    );
  }
}

function bad(detail: string): MicroError {
  return new MicroError({ code: "BAD_REQUEST", id: "go.micro.registry", detail });
}
