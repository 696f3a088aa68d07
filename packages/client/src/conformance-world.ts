import {
  bidiStream,
  type Call,
  type CallContext,
  clientStream,
  defineContract,
  defineService,
  implement,
  MicroError,
  type Middleware,
  type ServiceDefinition,
  serverStream,
  unary,
} from "@micro/core";
import type { Client, ContractClient } from "./client.ts";
import { client } from "./component.ts";

/** What a {@link ClientHarness} is asked for. */
export interface ClientWorldOptions {
  /** The service that runs on each node; it needs a client of its own. */
  readonly definition: ServiceDefinition<readonly [typeof client]>;
  /** @default 1 */
  readonly nodes?: number;
  /** Options of the client component. */
  readonly client?: { readonly poolRequestTimeout?: string; readonly poolRetries?: number };
  readonly middleware?: {
    readonly client?: readonly Middleware<Call>[];
    readonly attempt?: readonly Middleware<Call>[];
  };
}

/** A running node of a {@link ClientWorld}. */
export interface ClientWorldNode {
  readonly id: string;
  readonly address: string;
  /** Leaves in order: refuses new calls and finishes those that run. */
  stop(): Promise<void>;
}

/** A client and the nodes it can reach. */
export interface ClientWorld {
  readonly client: Client;
  readonly nodes: readonly ClientWorldNode[];
  /** Stops everything that still runs. */
  stop(): Promise<void>;
}

/** How the suite gets clients of one implementation, with servers that speak its wire. */
export interface ClientHarness {
  /** True when client and nodes share a process: a node cannot hang alone then, so no time is kept back for another. */
  readonly inside?: boolean;
  start(options: ClientWorldOptions): Promise<ClientWorld>;
}

/** The contract of the suite's service. */
export const lab = defineContract({
  name: "Lab",
  service: "conformance-lab",
  methods: {
    echo: unary<{ readonly text?: string }, { readonly text?: string }>({ idempotent: true }),
    look: unary<{ readonly nested?: boolean }, Record<string, string>>(),
    fail: unary<{ readonly kind: "known" | "plain" }, object>(),
    flaky: unary<object, { readonly node: string }>({ idempotent: true }),
    once: unary<object, { readonly node: string }>(),
    hang: unary<{ readonly nested?: boolean; readonly noisy?: boolean }, object>(),
    gated: unary<object, { readonly run: number }>({ idempotent: true }),
    remaining: unary<{ readonly nested?: boolean }, { readonly ms: number }>(),
    count: serverStream<{ readonly to: number; readonly failAt?: number }, { readonly at: number }>(),
    sum: clientStream<{ readonly value: number }, { readonly sum: number }>(),
    pair: clientStream<{ readonly value: number }, { readonly values: readonly (number | null)[] }>(),
    shout: bidiStream<{ readonly text: string }, { readonly text: string }>(),
    say: unary<{ readonly fail?: boolean; readonly late?: boolean }, object>(),
    tell: serverStream<{ readonly to: number; readonly fail?: boolean }, { readonly at: number }>(),
    gather: clientStream<{ readonly fail: boolean }, { readonly requests: number }>(),
    converse: bidiStream<{ readonly text: string }, { readonly text: string }>(),
    deaf: bidiStream<{ readonly bytes: string }, object>(),
  },
});

/** What the handlers saw. */
export class LabLog {
  /** Calls of `flaky`, `once` and `gated`. */
  runs = 0;
  /** Reasons for which `hang` and streams were cancelled. */
  readonly cancelled: string[] = [];
  /** Streams of `count` that have ended for any reason. */
  ended = 0;
  /** How often `flaky` and `once` still fail. */
  failures = 0;
  /** Called when `hang` begins. */
  onHang: () => void = () => undefined;
  /** What `gated` waits for in its first, second … run. */
  gate: (run: number) => Promise<void> = () => Promise.resolve();
  failure: () => Error = () => new MicroError({ code: "UNAVAILABLE", detail: "a passing trouble" });
}

/** The suite's service. */
export function labDefinition(log: LabLog): ServiceDefinition<readonly [typeof client]> {
  return defineService({
    name: lab.service,
    needs: [client],
    handlers: ({ client: inner }) => {
      const own: ContractClient<typeof lab.methods> = inner.of(lab);
      const run = (_: object, { replyHeader }: CallContext): { node: string } => {
        replyHeader.set("X-Run", `${++log.runs}`);
        if (log.failures > 0) {
          log.failures--;
          throw log.failure();
        }
        return { node: "answered" };
      };
      const cancelled = (context: CallContext): Promise<void> =>
        new Promise((resolve) => {
          context.cancellation.onAbort((reason) => {
            log.cancelled.push(MicroError.from(reason).code);
            resolve();
          });
        });
      return [
        implement(lab, {
          echo: (request) => request,
          look: async ({ nested }, context) =>
            nested === true ? own.look({}) : Object.fromEntries(context.metadata),
          fail: ({ kind }) => {
            if (kind === "plain") throw new Error("a plain failure");
            throw new MicroError({ id: "lab", code: "CONFLICT", detail: "taken <already> & „gone”" });
          },
          flaky: run,
          once: run,
          hang: async ({ nested, noisy }, context) => {
            if (nested === true) return own.hang({});
            if (noisy === true) {
              context.cancellation.onAbort(() => {
                throw new Error("noise");
              });
            }
            log.onHang();
            await cancelled(context);
            return {};
          },
          gated: async (_, context) => {
            const run = ++log.runs;
            await Promise.race([log.gate(run), cancelled(context)]);
            return { run };
          },
          remaining: async ({ nested }, context) =>
            nested === true ? own.remaining({}, { timeoutMs: 60_000 }) : { ms: context.remainingMs() },
          async *count({ to, failAt }) {
            try {
              for (let at = 0; at < to; at++) {
                if (at === failAt)
                  throw new MicroError({ id: "lab", code: "FORBIDDEN", detail: `not ${at}` });
                yield { at };
              }
            } finally {
              log.ended++;
            }
          },
          async sum(requests) {
            let sum = 0;
            for await (const { value } of requests) sum += value;
            return { sum };
          },
          async pair(requests) {
            const all = requests[Symbol.asyncIterator]();
            const steps = await Promise.all([all.next(), all.next(), all.next()]);
            return { values: steps.map((step) => (step.done === true ? null : step.value.value)) };
          },
          async *shout(requests) {
            for await (const { text } of requests) yield { text: text.toUpperCase() };
            yield { text: "over" };
          },
          say: async ({ fail = false, late = false }, context) => {
            say(context);
            if (late) await new Promise((resolve) => setImmediate(resolve));
            if (fail) throw taken();
            return {};
          },
          async *tell({ to, fail = false }, context) {
            say(context);
            for (let at = 0; at < to; at++) {
              yield { at };
              context.replyHeader.set("x-too-late", "yes");
            }
            if (fail) throw taken();
          },
          async gather(all, context) {
            let requests = 0;
            for await (const { fail } of all) {
              requests++;
              say(context);
              if (fail) throw taken();
            }
            return { requests };
          },
          async *converse(requests, context) {
            context.replyHeader.set("X-Lab", "header");
            for await (const request of requests) yield request;
            say(context);
          },
          async *deaf(_requests, context) {
            await cancelled(context);
            yield {};
          },
        }),
      ];
    },
  });
}

function say({ replyHeader, replyTrailer }: CallContext): void {
  replyHeader.set("X-Lab", "header");
  // What describes one hop is no handler's to say.
  replyHeader.set("content-type", "never/sent");
  replyTrailer.set("X-Lab", "train").set("x-lab-bin", "AAEC");
}

function taken(): MicroError {
  return new MicroError({ id: "lab", code: "CONFLICT", detail: "taken" });
}

/** Starts a world, hands it to `body`, and stops it whatever happens. */
export async function withLab(
  harness: ClientHarness,
  body: (world: {
    readonly lab: ContractClient<typeof lab.methods>;
    readonly world: ClientWorld;
    readonly log: LabLog;
  }) => Promise<void>,
  options: Omit<ClientWorldOptions, "definition"> = {},
): Promise<void> {
  const log = new LabLog();
  const world = await harness.start({ ...options, definition: labDefinition(log) });
  try {
    await body({ lab: world.client.of(lab), world, log });
  } finally {
    await world.stop();
  }
}

/** Everything an AsyncIterable gives. */
export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of source) all.push(item);
  return all;
}
