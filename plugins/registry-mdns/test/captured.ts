import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import { decode, type Packet } from "dns-packet";

/** One packet of a starting, announcing and stopping Go Micro service, recorded on loopback. */
export interface Captured {
  /** Seconds since the first. */
  readonly at: number;
  readonly bytes: Buffer;
  readonly packet: Packet;
}

/** All packets of the recording in their order. */
export function captured(): readonly Captured[] {
  const lines = readFileSync(new URL("./mdns-22.jsonl", import.meta.url), "utf8")
    .trim()
    .split("\n");
  return lines.map((line) => {
    const { at, hex } = JSON.parse(line) as { at: number; hex: string };
    const bytes = Buffer.from(hex, "hex");
    return { at, bytes, packet: decode(bytes) };
  });
}

/** The packet with the JSON of its TXT records in place of their bytes: two zlibs write different ones. */
export function readable(packet: Packet): unknown {
  return packet.answers?.map((record) => {
    if (record.type !== "TXT") return record;
    const chunks = (Array.isArray(record.data) ? record.data : [record.data]).map((each) => String(each));
    const json = inflateSync(Buffer.from(chunks.join(""), "hex")).toString("utf8");
    return { ...record, data: json, full: chunks.slice(0, -1).every((chunk) => chunk.length === 255) };
  });
}
