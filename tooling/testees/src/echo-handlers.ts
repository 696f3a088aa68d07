import { setTimeout as sleep } from "node:timers/promises";
import { CODES, type Code, type HandlerBinding, implement, MicroError } from "@micro/core";
import { Echo } from "./gen/testees/echo.ts";

const ID = "testee.echo";

/** How often each id came, by call and by event. */
export class Counts {
  readonly #times = new Map<string, { times: number; events: number }>();
  readonly #maxIds: number;

  /** Ids beyond `maxIds` push the oldest out. */
  constructor(maxIds = 100_000) {
    this.#maxIds = maxIds;
  }

  add(id: string, what: "times" | "events"): { readonly times: number; readonly events: number } {
    const count = this.#times.get(id) ?? { times: 0, events: 0 };
    count[what]++;
    this.#times.set(id, count);
    for (const oldest of this.#times.keys()) {
      if (this.#times.size <= this.#maxIds) break;
      this.#times.delete(oldest);
    }
    return count;
  }
}

/** What the handlers work with. */
export interface EchoOptions {
  readonly counts: Counts;
  readonly service: string;
  readonly version: string;
  /** Name of the server plugin. */
  readonly server: string;
  readonly log: (text: string) => void;
}

/** The handlers of {@link Echo}. */
export function echoHandlers({
  counts,
  service,
  version,
  server,
  log,
}: EchoOptions): readonly HandlerBinding[] {
  return implement(Echo, {
    echo: (message) => message,
    async sleep({ ms }, { signal }) {
      const start = performance.now();
      await sleep(ms, undefined, { signal });
      return { sleptMs: Math.round(performance.now() - start) };
    },
    fail({ code, detail }) {
      if (Object.hasOwn(CODES, code)) throw new MicroError({ id: ID, code: code as Code, detail });
      const known = Object.keys(CODES).join(", ");
      throw new MicroError({ id: ID, code: "BAD_REQUEST", detail: `code must be one of ${known}` });
    },
    count({ id, idempotent }) {
      const count = counts.add(id, "times");
      if (!idempotent && count.times > 1)
        log(`id '${id}' came ${count.times} times, and was not to be repeated`);
      return count;
    },
    async *chat(messages) {
      for await (const message of messages) yield message;
    },
    async *flood({ n, size }) {
      const body = new Uint8Array(size);
      for (let at = 1; at <= n; at++) yield { text: String(at), body };
    },
    async sink(messages) {
      let count = 0;
      let bytes = 0;
      for await (const { body } of messages) {
        count++;
        bytes += body.length;
      }
      return { messages: count, bytes };
    },
    crash() {
      // Nothing of this process says goodbye: that is what is to be tested.
      process.kill(process.pid, "SIGKILL");
      return {};
    },
    whoami: (_request, { caller, metadata }) => ({
      pid: process.pid,
      service,
      version,
      server,
      caller: caller.address,
      metadata: Object.fromEntries(metadata),
    }),
  });
}
