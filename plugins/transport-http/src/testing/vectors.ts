import { readFileSync } from "node:fs";

/** Bytes of one side of a recorded connection. */
export interface Recorded {
  readonly from: "client" | "server";
  readonly bytes: Buffer;
  /** The same as it was cut into reads. */
  readonly segments: readonly Buffer[];
}

/** A recorded connection between Go programs. */
export interface RecordedConnection {
  readonly name: string;
  readonly turns: readonly Recorded[];
}

interface Line {
  readonly connection: number;
  readonly from: "client" | "server";
  readonly hex?: string;
  readonly segments?: readonly number[];
}

/** The connections recorded in `http-unary-22.jsonl` and the like. */
export function recorded(file: string): readonly RecordedConnection[] {
  const connections = new Map<number, Recorded[]>();
  for (const text of readFileSync(`${import.meta.dirname}/${file}.jsonl`, "utf8")
    .trim()
    .split("\n")) {
    const { connection, from, hex, segments } = JSON.parse(text) as Line;
    if (hex === undefined) continue;
    const bytes = Buffer.from(hex, "hex");
    let at = 0;
    const cut = (segments ?? [bytes.length]).map((length) => {
      at += length;
      return bytes.subarray(at - length, at);
    });
    connections.set(connection, [...(connections.get(connection) ?? []), { from, bytes, segments: cut }]);
  }
  return Array.from(connections, ([number, turns]) => ({ name: `${file}, connection ${number}`, turns }));
}

/** The recorded files. */
export const FILES = ["http-unary-22", "http-unary-26", "http-stream-22", "http-stream-26"] as const;
