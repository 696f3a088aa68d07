/** Up to this many nodes every one of them is weighed; beyond, a table answers. */
const LARGEST_WEIGHED = 64;
/** Tries in the table before every node is weighed. */
const TABLE_TRIES = 8;

/** What {@link StickyTable} places. */
export interface Placed {
  /** {@link hashText} of the node id: the same in every process, so that all clients agree. */
  readonly hash: number;
}

/** A 32-bit hash of a text: FNV-1a over its UTF-16 units, then {@link mix}. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix(hash);
}

/** Spreads a 32-bit number over all bits (the finaliser of MurmurHash3). */
function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** How much a key wants a node; the highest weight wins (rendezvous hashing). */
const weight = (key: number, node: number): number => mix(key ^ Math.imul(node, 0x9e3779b1));

/**
 * Keeps keys on nodes: when a node comes or goes, only keys that it gets or had move.
 *
 * Few nodes are all weighed (rendezvous hashing: exactly that). For many, a table is built once per set of nodes, in
 * which nodes take slots in turns, each in an order of its own (as in Google's Maglev, section 3.4 of its paper), and a
 * key is one look into it: O(1), with a few per cent of other keys moving too when the set changes. It is built when
 * the first key comes.
 */
export class StickyTable<T extends Placed> {
  readonly #nodes: readonly T[];
  #slots: Int32Array | undefined;

  constructor(nodes: readonly T[]) {
    this.#nodes = nodes;
  }

  /** The node of a key among those that `accepts` lets through; undefined when it lets none. */
  find(key: string, accepts: (node: T) => boolean): T | undefined {
    const hash = hashText(key);
    if (this.#nodes.length > LARGEST_WEIGHED) {
      this.#slots ??= fillSlots(this.#nodes);
      const mask = this.#slots.length - 1;
      for (let i = 0, slot = hash; i < TABLE_TRIES; i++, slot = mix(slot + 0x9e3779b9)) {
        const node = this.#nodes[this.#slots[slot & mask] as number] as T;
        if (accepts(node)) return node;
      }
    }
    let best: T | undefined;
    let bestWeight = -1;
    for (const node of this.#nodes) {
      const own = weight(hash, node.hash);
      if (own > bestWeight && accepts(node)) {
        best = node;
        bestWeight = own;
      }
    }
    return best;
  }
}

/** A power of two of slots, at least sixteen per node: shares differ by a few per cent at most. */
function fillSlots(nodes: readonly Placed[]): Int32Array {
  // Sizes are few and far apart, as in another size every key moves.
  let size = 1 << 16;
  while (size < nodes.length * 16) size *= 4;
  const slots = new Int32Array(size).fill(-1);
  const mask = size - 1;
  // The order of turns must be the same in every process, whatever the order of the registry's answer.
  const order = nodes.map((_, i) => i).sort((a, b) => hashAt(nodes, a) - hashAt(nodes, b));
  const position = Uint32Array.from(order, (i) => hashAt(nodes, i) & mask);
  // An odd step and a power of two have no common factor, so that each node's walk comes by every slot.
  const step = Uint32Array.from(order, (i) => (mix(hashAt(nodes, i) ^ 0x5bd1e995) | 1) & mask);
  for (let filled = 0; ; ) {
    for (let i = 0; i < order.length; i++) {
      let at = position[i] as number;
      while (slots[at] !== -1) at = (at + (step[i] as number)) & mask;
      slots[at] = order[i] as number;
      position[i] = at;
      filled++;
      if (filled === size) return slots;
    }
  }
}

const hashAt = (nodes: readonly Placed[], i: number): number => (nodes[i] as Placed).hash;
