import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { type ServiceRecord, unavailable } from "@micro/registry";
import type { Packet } from "dns-packet";
import { type Found, listAddress, readNames } from "./packets.ts";

/** Options of {@link Inquiries}. */
export interface InquiryOptions {
  readonly domain: string;
  /** Puts a question to the group; rejects when nobody can be asked. */
  readonly ask: (name: string) => Promise<void>;
  /** How long answers to a question are collected. */
  readonly queryTimeoutMs: number;
  /** Most nodes that are remembered for watchers, or taken from the answers to one question. */
  readonly maxNodes: number;
}

/** The first wait, and another twice as long when somebody who should have answered did not: packets get lost. */
const PATIENCE = [1, 2] as const;

interface Inquiry {
  /** Undefined for the list of all names. */
  readonly service: string | undefined;
  readonly onFound: ((record: ServiceRecord) => void) | undefined;
  readonly nodes: Map<string, ServiceRecord>;
  readonly names: Set<string>;
}

/** Questions that are out, and the answers to them. */
export class Inquiries {
  readonly #options: InquiryOptions;
  readonly #open = new Set<Inquiry>();
  readonly #closed = new AbortController();

  constructor(options: InquiryOptions) {
    this.#options = options;
  }

  /** The longest that an inquiry takes. */
  get longestMs(): number {
    return PATIENCE.reduce((sum, factor) => sum + factor * this.#options.queryTimeoutMs, 0);
  }

  /**
   * Asks for the nodes of `service`, and again while `complete` is not content with their ids. Each record has one node,
   * and `onFound` is told of each as it answers first.
   */
  async nodes(
    service: string,
    {
      complete,
      onFound,
    }: {
      readonly complete: (ids: ReadonlyMap<string, unknown>) => boolean;
      readonly onFound?: ((record: ServiceRecord) => void) | undefined;
    },
  ): Promise<Iterable<ServiceRecord>> {
    const inquiry: Inquiry = { service, onFound, nodes: new Map(), names: new Set() };
    await this.#inquire(inquiry, `${service}.${this.#options.domain}`, () => complete(inquiry.nodes));
    return inquiry.nodes.values();
  }

  /** Asks for the names of all services, and again when nobody answers and `lonely` says that somebody should. */
  async names(lonely: boolean): Promise<Iterable<string>> {
    const { domain } = this.#options;
    const names = new Set<string>();
    const inquiry: Inquiry = { service: undefined, onFound: undefined, nodes: new Map(), names };
    await this.#inquire(inquiry, listAddress(domain), () => names.size > 0 || !lonely);
    return names;
  }

  /** Takes in a node; false when somebody's answers are full. */
  hear({ record, node, gone }: Found): boolean {
    let room = true;
    for (const { service, nodes, onFound } of this.#open) {
      if (service !== record.name) continue;
      const known = nodes.has(node.id);
      if (gone) nodes.delete(node.id);
      else if (known || nodes.size < this.#options.maxNodes) {
        nodes.set(node.id, record);
        if (!known) onFound?.(record);
      } else room = false;
    }
    return room;
  }

  /** Takes in the names of an answer. */
  hearNames(packet: Packet): void {
    const open = [...this.#open].filter(({ service }) => service === undefined);
    if (open.length === 0) return;
    for (const name of readNames(packet, this.#options.domain)) {
      for (const { names } of open) if (names.size < this.#options.maxNodes) names.add(name);
    }
  }

  /** Ends all that wait. */
  close(): void {
    this.#closed.abort(unavailable("registry 'mdns' is stopped"));
  }

  async #inquire(inquiry: Inquiry, name: string, complete: () => boolean): Promise<void> {
    const { signal } = this.#closed;
    this.#open.add(inquiry);
    try {
      for (const factor of PATIENCE) {
        await this.#options.ask(name);
        // A rejection by the signal has the signal's reason as its cause only: it is thrown as it is below.
        await sleep(this.#options.queryTimeoutMs * factor, undefined, { signal }).catch(() => undefined);
        signal.throwIfAborted();
        // A busy process is late itself: what has arrived meanwhile is read before anybody is called absent.
        for (let turn = 0; turn < 4; turn += 1) await setImmediate();
        if (complete()) break;
      }
    } finally {
      this.#open.delete(inquiry);
    }
  }
}
