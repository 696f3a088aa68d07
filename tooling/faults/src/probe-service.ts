import { setTimeout as sleep } from "node:timers/promises";
import { client } from "@micro/client";
import { type CallContext, defineService, implement, MicroError, type ServiceDefinition } from "@micro/core";
import { probe } from "./contract.ts";

/** What happened in a handler, told while it happens. */
export interface HandlerEvent {
  readonly what: "began" | "cancelled" | "deadline";
  readonly id: string;
  /** In ms since the epoch. */
  readonly at: number;
}

/** What the handlers of one node have done. */
export class HandlerLog {
  /** Runs of `once` by id. */
  readonly once = new Map<string, number>();
  echoes = 0;
  /** Messages that `flood` has given away. */
  flooded = 0;
  /** Messages that `sip` has read. */
  sipped = 0;
  readonly #tell: (event: HandlerEvent) => void;

  constructor(tell: (event: HandlerEvent) => void = () => undefined) {
    this.#tell = tell;
  }

  tell(what: HandlerEvent["what"], id: string): void {
    this.#tell({ what, id, at: Date.now() });
  }
}

/** The service under test, under any name, so that several can call each other. */
export function probeService(options: {
  readonly name?: string;
  readonly node: string;
  readonly log?: HandlerLog;
}): ServiceDefinition<readonly [typeof client]> {
  const { name = "probe", node, log = new HandlerLog() } = options;
  const answer = { node };
  return defineService({
    name,
    version: "1.0.0",
    needs: [client],
    handlers: ({ client: calls }) => [
      implement(probe, {
        async echo({ workMs = 0 }) {
          log.echoes++;
          if (workMs > 0) await sleep(workMs);
          return answer;
        },
        async once({ id, workMs = 0 }) {
          log.once.set(id, (log.once.get(id) ?? 0) + 1);
          if (workMs > 0) await sleep(workMs);
          return answer;
        },
        fail({ code }) {
          throw new MicroError({ id: name, code, detail: `asked to fail with ${code}` });
        },
        async waitUnary({ id }, context) {
          return untilCancelled(log, id, context);
        },
        async *waitServer({ id }, context) {
          yield answer;
          await untilCancelled(log, id, context);
        },
        async waitClient(requests, context) {
          for await (const { id } of requests) await untilCancelled(log, id, context);
          return answer;
        },
        async *waitBidi(requests, context) {
          for await (const { id } of requests) {
            yield answer;
            await untilCancelled(log, id, context);
          }
        },
        async *flood({ bytes, limit }) {
          const body = "x".repeat(bytes);
          while (log.flooded < limit) {
            log.flooded++;
            yield { body };
          }
        },
        async sip(requests) {
          for await (const { everyMs } of requests) {
            log.sipped++;
            await sleep(everyMs);
          }
          return { read: log.sipped };
        },
        async travel({ id, path, workMs = 0, wait = false }, context) {
          const own = context.remainingMs();
          if (workMs > 0) await sleep(workMs);
          const [next, ...rest] = path;
          if (next !== undefined) {
            const { remainingMs } = await calls
              .of(probe, { service: next })
              .travel({ id, path: rest, workMs, wait });
            return { remainingMs: [own, ...remainingMs] };
          }
          if (wait) await untilCancelled(log, id, context);
          return { remainingMs: [own] };
        },
      }),
    ],
  });
}

/** Waits, says that it was cancelled, and gives up with the reason. */
async function untilCancelled(log: HandlerLog, id: string, { cancellation }: CallContext): Promise<never> {
  log.tell("began", id);
  const reason = await new Promise<Error>((resolve) => cancellation.onAbort(resolve));
  const late = MicroError.is(reason) && reason.code === "TIMEOUT";
  log.tell(late ? "deadline" : "cancelled", id);
  throw reason;
}
