import assert from "node:assert/strict";

/** Deeper than any limit, and deep enough to overflow the stack of whoever recurses. */
export const HUGE_DEPTH = 200_000;

const MEMORY_BYTES = 64 * 1024 * 1024;

/** The same numbers in each run, below the given one. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}

/** Prefixes of the bodies, copies with single bytes changed, and copies with four bytes that are a huge length. */
export function* damaged(bodies: readonly Uint8Array[]): Generator<Uint8Array> {
  const random = numbers(12_345);
  for (const body of bodies) {
    for (let tries = 0; tries < 64 && body.length > 0; tries++) {
      yield body.slice(0, random(body.length));
      const changed = Uint8Array.from(body);
      changed[random(changed.length)] = random(256);
      yield changed;
      const lying = Uint8Array.from(body);
      const at = random(body.length);
      yield lying.fill(0xff, at, at + 4);
    }
  }
}

/** Bytes that nobody wrote. */
export function* noise(): Generator<Uint8Array> {
  const random = numbers(54_321);
  for (let round = 0; round < 1000; round++) {
    yield Uint8Array.from({ length: random(48) }, () => random(256));
  }
}

/** Runs `work` and fails when it took far more memory than its input could need. */
export function boundedMemory(work: () => void): void {
  const before = process.memoryUsage().arrayBuffers;
  work();
  const taken = process.memoryUsage().arrayBuffers - before;
  assert.ok(taken < MEMORY_BYTES, `${taken} bytes of memory were taken`);
}
