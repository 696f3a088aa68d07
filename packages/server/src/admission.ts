import { setTimeout as sleep } from "node:timers/promises";
import { MicroError } from "@micro/core";
import type { Refusal } from "./server-call.ts";

/** What an {@link Admission} is made of. */
export interface AdmissionOptions {
  readonly service: string;
  readonly maxConcurrent: number;
}

/** Who may come in: counts what runs, refuses what is too much or too late, and tells when all is quiet. */
export class Admission {
  readonly #service: string;
  readonly #maxConcurrent: number;
  readonly #whenIdle: (() => void)[] = [];
  #active = 0;
  #asked = 0;
  #draining = false;

  constructor(options: AdmissionOptions) {
    this.#service = options.service;
    this.#maxConcurrent = options.maxConcurrent;
  }

  /** Calls, streams and events whose handler has not ended yet. */
  get active(): number {
    return this.#active;
  }

  /** Why nothing new is taken now; undefined when a call may start. To be asked once per call. */
  refusal(): Refusal | undefined {
    this.#asked++;
    if (this.#draining) return "draining";
    return this.#active >= this.#maxConcurrent ? "busy" : undefined;
  }

  /** The error a refused caller gets. */
  refusalError(refusal: Refusal): MicroError {
    return refusal === "draining"
      ? new MicroError({ id: this.#service, code: "UNAVAILABLE", detail: "draining", notSent: true })
      : new MicroError({
          id: this.#service,
          code: "RESOURCE_EXHAUSTED",
          detail: `${this.#maxConcurrent} calls run already, the most that server.max_concurrent allows`,
          notSent: true,
        });
  }

  began(): void {
    this.#active++;
  }

  ended(): void {
    this.#active--;
    if (this.#active === 0 && this.#whenIdle.length > 0) for (const tell of this.#whenIdle.splice(0)) tell();
  }

  /** From now on everything new is refused. */
  drain(): void {
    this.#draining = true;
  }

  /** True when nothing runs any more, false when something still does after `timeoutMs`. */
  async idle(timeoutMs: number): Promise<boolean> {
    if (this.#active === 0) return true;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    this.#whenIdle.push(resolve);
    await promise;
    clearTimeout(timer);
    return this.#active === 0;
  }

  /**
   * Resolves when nobody has asked for anything for `quietMs`, or after `timeoutMs`: callers that were told to go
   * elsewhere have calls on their way that want a refusal, not a closed door.
   */
  async quiet(quietMs: number, timeoutMs: number): Promise<void> {
    const until = performance.now() + timeoutMs;
    // Nobody has ever come here, so nobody is on the way.
    let asked = this.#asked === 0 ? 0 : -1;
    while (asked !== this.#asked && performance.now() < until) {
      asked = this.#asked;
      await sleep(Math.min(quietMs, Math.max(0, until - performance.now())));
    }
  }
}
