import type { Node } from "@micro/registry";
import type { Outcome } from "./selector.ts";
import { hashText } from "./sticky.ts";
import type { Candidate } from "./strategy.ts";

/** Times of ejection at most this many times the first one. */
const LONGEST_EJECTION = 10;
/** How long a trial call may run before another one is made. */
const TRIAL_MS = 30_000;
/** How long a draining node is left out, if the registry does not name it anew before. */
const DRAIN_MS = 5000;

/** The rules of ejection, as configured. */
export interface EjectionRules {
  /** Failures in a row after which a node is left out. */
  readonly ejectAfter: number;
  /** First time a node is left out, in ms. */
  readonly ejectTime: number;
}

/** What is known of one node. It outlives snapshots: a failing node that is named again is still a failing one. */
export class NodeState implements Candidate {
  node: Node;
  readonly version: string;
  readonly hash: number;
  pending = 0;
  /** Why it is left out; undefined while it is not. */
  out: "ejected" | "draining" | undefined;
  /** When it is left out: the time of the next trial. */
  until = 0;
  /** Since when the registry does not name it; undefined while it does. */
  goneSince: number | undefined;
  #failures = 0;
  #ejections = 0;
  #restoredAt = Number.NEGATIVE_INFINITY;

  constructor(node: Node, version: string) {
    this.node = node;
    this.version = version;
    this.hash = hashText(node.id);
  }

  /** True when nothing about it is worth keeping. */
  get clean(): boolean {
    return this.#failures === 0 && this.out !== "ejected";
  }

  /** The registry names it. True when that changes whether it is left out. */
  named(node: Node): boolean {
    const anew = this.goneSince !== undefined;
    const moved = this.node.address !== node.address;
    this.node = node;
    this.goneSince = undefined;
    if (!moved && !(anew && this.out === "draining")) return false;
    // Another process, or the same one after all: what was known does not hold.
    this.#failures = 0;
    this.#ejections = 0;
    const was = this.out;
    this.out = undefined;
    return was !== undefined;
  }

  /** One call goes to it, to see whether it is back. */
  tryAgain(now: number): void {
    this.until = now + TRIAL_MS;
  }

  /** Takes note of how a call ended. True when that changes whether, or until when, it is left out. */
  settle(outcome: Outcome, trial: boolean, now: number, rules: EjectionRules): boolean {
    switch (outcome) {
      case "ok":
        return this.#answered(trial, now);
      case "draining":
        this.out = "draining";
        this.until = now + DRAIN_MS;
        return true;
      case "unreachable":
      case "timeout":
        return this.#failed(trial, now, rules);
      case "cancelled":
        if (trial) this.until = now;
        return trial;
    }
  }

  #answered(trial: boolean, now: number): boolean {
    this.#failures = 0;
    // A draining node finishes what it has: only an answer to a trial says that it takes new calls.
    if (this.out === undefined || (this.out === "draining" && !trial)) return false;
    this.out = undefined;
    this.#restoredAt = now;
    return true;
  }

  #failed(trial: boolean, now: number, { ejectAfter, ejectTime }: EjectionRules): boolean {
    this.#failures++;
    // Calls that were under way when it was ejected say nothing new.
    if (!trial && (this.out !== undefined || this.#failures < ejectAfter)) return false;
    if (now - this.#restoredAt > LONGEST_EJECTION * ejectTime && this.out === undefined) this.#ejections = 0;
    this.out = "ejected";
    this.until = now + ejectTime * Math.min(2 ** this.#ejections, LONGEST_EJECTION);
    this.#ejections++;
    return true;
  }
}
