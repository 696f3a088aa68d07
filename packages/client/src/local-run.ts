import type { LocalNode, MicroError } from "@micro/core";
import type { AbortTarget } from "./call-parties.ts";
import type { ClientCall } from "./client-call.ts";
import type { ClientContext } from "./client-context.ts";
import { isolateReply } from "./messages.ts";
import { UnaryRun } from "./unary-run.ts";

/**
 * Waits for the reply of a node of this process to the first attempt of a call. Most calls need no more than that; one
 * that fails or is given up goes on in a {@link UnaryRun}, which knows about everything else.
 */
export class LocalRun implements AbortTarget {
  readonly promise: Promise<unknown>;
  readonly #context: ClientContext;
  readonly #call: ClientCall;
  readonly #node: LocalNode;
  #resolve!: (reply: unknown) => void;

  constructor(context: ClientContext, call: ClientCall, node: LocalNode) {
    this.#context = context;
    this.#call = call;
    this.#node = node;
    this.promise = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    call.run = this;
    call.watch();
    // It may have been given up before anybody watched.
    if (call.reason !== undefined && call.run === this) this.#goOn();
  }

  replied(reply: unknown): void {
    let own: unknown;
    try {
      own = isolateReply(reply, this.#call);
    } catch {
      this.#goOn().replied(reply);
      return;
    }
    this.#call.ended();
    this.#resolve(own);
  }

  failed(error: MicroError): void {
    this.#goOn().failed(error);
  }

  aborted(): void {
    this.#goOn();
  }

  /** From here on the call tells whoever goes on, no longer this. */
  #goOn(): UnaryRun {
    const run = new UnaryRun(this.#context, this.#call, true).follow(this.#node);
    this.#resolve(run.promise);
    return run;
  }
}
