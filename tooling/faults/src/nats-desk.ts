import { Writable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import {
  type ComponentSettings,
  createService,
  defineContract,
  defineService,
  implement,
  type Service,
  serverStream,
  subscribe,
  unary,
} from "@micro/core";
import { nats } from "@micro/set-nats";

/** What is tried over NATS. */
export const desk = defineContract({
  name: "Desk",
  service: "desk",
  methods: {
    /** Harmless to repeat. */
    ask: unary<{ readonly waitMs?: number }, { readonly node: string }>({ idempotent: true }),
    /** Must never run twice for one id. */
    once: unary<{ readonly id: number; readonly waitMs?: number }, { readonly node: string }>(),
    /** Numbers from 0 on, one every few milliseconds, until somebody stops it. */
    count: serverStream<object, { readonly at: number }>(),
  },
});

/** The topic to which every desk listens. */
export const NEWS = "desk.news";

/** One line that a service logged. */
export interface Line {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

/** A service on NATS alone, and what it did. */
export interface Desk {
  readonly service: Service<typeof nats>;
  readonly lines: Line[];
  /** Ids of messages on {@link NEWS}. */
  readonly heard: number[];
  /** Ids for which `once` ran. */
  readonly ran: number[];
  stop(): Promise<void>;
}

/** Options of a desk. */
export type DeskOptions = ComponentSettings<typeof nats> & {
  /** False for a service that only calls. @default true */
  readonly serves?: boolean;
};

/** Short times, so that a test sees in a second what else takes a minute. */
const QUICK = { reconnectPause: "50ms", connectTimeout: "1s", pingInterval: "250ms" } as const;

/** Starts a desk at a NATS server. Stop it. */
export async function startDesk(
  node: string,
  address: string,
  { serves = true, ...own }: DeskOptions = {},
): Promise<Desk> {
  const lines: Line[] = [];
  const heard: number[] = [];
  const ran: number[] = [];
  const servers = { addresses: [address], ...QUICK };
  const definition = defineService({
    name: serves ? "desk" : "caller",
    subscribers: serves ? [subscribe(NEWS, ({ id }: { readonly id: number }) => void heard.push(id))] : [],
    handlers: serves ? [handlersOf(node, ran)] : [],
  });
  const service = await createService(definition, {
    plugins: nats,
    configFile: false,
    cli: { argv: [], env: {} },
    ...own,
    logger: { format: "json", destination: collect(lines), ...own.logger },
    registry: { ...servers, refreshInterval: "500ms", ...own.registry },
    broker: { ...servers, ...own.broker },
    transport: { ...servers, probeInterval: "100ms", peerTimeout: "500ms", ...own.transport },
    server: { registerInterval: "500ms", registerTtl: "3s", ...own.server },
  });
  await service.start();
  return { service, lines, heard, ran, stop: () => service.stop({ graceMs: 200 }) };
}

function handlersOf(node: string, ran: number[]) {
  return implement(desk, {
    async ask({ waitMs = 0 }, { signal }) {
      await pause(waitMs, undefined, { signal });
      return { node };
    },
    async once({ id, waitMs = 0 }) {
      ran.push(id);
      await pause(waitMs);
      return { node };
    },
    async *count(_, { signal }) {
      for (let at = 0; ; at++) {
        yield { at };
        await pause(5, undefined, { signal });
      }
    },
  });
}

/** Takes the lines of JSON that a logger writes. */
function collect(lines: Line[]): Writable {
  let rest = "";
  return new Writable({
    write(chunk: Buffer, _, done) {
      const parts = (rest + chunk.toString()).split("\n");
      rest = parts.pop() ?? "";
      for (const part of parts) lines.push(readLine(part));
      done();
    },
  });
}

function readLine(text: string): Line {
  const { msg, message = msg, ...line } = JSON.parse(text) as Record<string, unknown>;
  return { level: "", ...line, message: String(message) };
}

/** Lines that say this. */
export function said({ lines }: Desk, text: string): readonly Line[] {
  return lines.filter(({ message }) => message.includes(text));
}

/** Stops all of them, the last first. */
export async function stopAll(...desks: readonly Desk[]): Promise<void> {
  for (const one of desks.toReversed()) await one.stop();
}
