import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Which programs were recorded: microwire of October 2022, or go-micro v6 of August 2026. */
export type CaptureId = "22" | "26";

/** Their names. */
export const CAPTURES: Readonly<Record<CaptureId, string>> = {
  "22": "microwire (October 2022)",
  "26": "go-micro v6 (August 2026)",
};

/** What one side wrote before the other one did. */
export interface Turn {
  readonly from: "client" | "server";
  /** Cut as the reads were. */
  readonly segments: readonly Buffer[];
  /** HTTP messages in it; the last may end in a later turn. */
  readonly messages: number;
}

interface Line {
  readonly connection: number;
  readonly from: "client" | "server";
  readonly hex?: string;
  readonly segments?: readonly number[];
}

const folder = fileURLToPath(new URL("../../../plugins/transport-http/src/testing", import.meta.url));

/** The turns of one recorded connection. */
export function recording(file: string, id: CaptureId, connection: number): readonly Turn[] {
  const lines = readFileSync(`${folder}/${file}-${id}.jsonl`, "utf8").trim().split("\n");
  const turns = lines
    .map((text) => JSON.parse(text) as Line)
    .filter((line) => line.connection === connection && line.hex !== undefined)
    .map(({ from, hex = "", segments }): Turn => {
      const bytes = Buffer.from(hex, "hex");
      let at = 0;
      const cut = (segments ?? [bytes.length]).map((length) => {
        at += length;
        return bytes.subarray(at - length, at);
      });
      const starts = bytes.toString("latin1").match(/(^|\n)(POST \/ HTTP|HTTP\/1\.1 200)/g);
      return { from, segments: cut, messages: starts?.length ?? 0 };
    });
  if (turns.length === 0) throw new Error(`${file}-${id}: no connection ${connection}`);
  return turns;
}
