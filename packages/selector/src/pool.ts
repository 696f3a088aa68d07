import type { NodeState } from "./node-state.ts";
import { StickyTable } from "./sticky.ts";

/** The nodes that fit one kind of request, with those to choose from at the moment. */
export class Pool {
  /** All that fit. */
  readonly nodes: readonly NodeState[];
  /** Those to choose from: without ejected and draining ones, unless too few would be left. Never empty if `nodes` is not. */
  usable: readonly NodeState[];
  /** True when so many are ejected that ejection is ignored. */
  panic = false;
  #out: readonly NodeState[] = [];
  #nextDue = Number.POSITIVE_INFINITY;
  #epoch = -1;
  #table: StickyTable<NodeState> | undefined;

  constructor(nodes: readonly NodeState[]) {
    this.nodes = nodes;
    this.usable = nodes;
  }

  /** Keys of this pool's nodes. */
  get table(): StickyTable<NodeState> {
    this.#table ??= new StickyTable(this.nodes);
    return this.#table;
  }

  /** Sorts its nodes anew if any node's state has changed since. */
  refresh(epoch: number, panicThreshold: number): void {
    if (this.#epoch === epoch) return;
    this.#epoch = epoch;
    this.#out = this.nodes.filter(({ out }) => out !== undefined);
    this.#nextDue = this.#out.reduce((next, { until }) => Math.min(next, until), Number.POSITIVE_INFINITY);
    this.panic = false;
    if (this.#out.length === 0) {
      this.usable = this.nodes;
      return;
    }
    const healthy = this.nodes.filter(({ out }) => out === undefined);
    // Draining nodes have asked to be left out: they are not counted, and are the last to be used.
    const draining = this.#out.reduce((count, { out }) => count + (out === "draining" ? 1 : 0), 0);
    const staying = this.nodes.length - draining;
    this.panic = staying > 0 && (healthy.length === 0 || healthy.length < panicThreshold * staying);
    if (this.panic) this.usable = this.nodes.filter(({ out }) => out !== "draining");
    else this.usable = healthy.length > 0 ? healthy : this.nodes;
  }

  /** True when there are nodes that are left out. */
  get hasOut(): boolean {
    return this.#out.length > 0;
  }

  /** True when a trial of some node may be due. */
  hasDue(now: number): boolean {
    return now >= this.#nextDue;
  }

  /** A node whose time is over and that `accepts` lets through. Its trial begins. */
  takeDue(now: number, accepts: (node: NodeState) => boolean): NodeState | undefined {
    let taken: NodeState | undefined;
    let next = Number.POSITIVE_INFINITY;
    for (const state of this.#out) {
      if (taken === undefined && state.until <= now && accepts(state)) {
        taken = state;
        state.tryAgain(now);
      }
      next = Math.min(next, state.until);
    }
    this.#nextDue = next;
    return taken;
  }
}
