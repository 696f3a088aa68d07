import type { Item, Message } from "./peers/peer.ts";

/** What a client does with a peer. */
export interface Workload {
  readonly name: string;
  readonly title: string;
  readonly kind: "calls" | "stream";
  readonly inFlight: number;
  /** Rows in the body; 0 makes a message of about 90 bytes. */
  readonly items: number;
  /** Left out by `--quick`. */
  readonly slow?: true;
}

/** Every workload, in the order of the table. */
export const workloads: readonly Workload[] = [
  { name: "echo-1", title: "echo of 90 bytes, 1 in flight", kind: "calls", inFlight: 1, items: 0 },
  { name: "echo-64", title: "echo of 90 bytes, 64 in flight", kind: "calls", inFlight: 64, items: 0 },
  {
    name: "body-1k",
    title: "echo of 1 kB, 64 in flight",
    kind: "calls",
    inFlight: 64,
    items: 13,
    slow: true,
  },
  {
    name: "body-64k",
    title: "echo of 64 kB, 8 in flight",
    kind: "calls",
    inFlight: 8,
    items: 975,
    slow: true,
  },
  { name: "stream", title: "one bidirectional stream, window of 64", kind: "stream", inFlight: 64, items: 0 },
];

/** Makes the messages of a workload: a fresh object each, the rows shared. */
export function messageMaker(workload: Workload): (id: number) => Message {
  const items: Item[] = Array.from({ length: workload.items }, (_, index) => ({
    sku: `A-${String(index).padStart(6, "0")}`,
    count: index % 10,
    price: 12.5,
    note: "in stock, today",
  }));
  return (id) => ({ id, name: "greeter.hello", text: "a text of ordinary length for one line", items });
}
