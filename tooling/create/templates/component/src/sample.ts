import type { Lifecycle } from "@micro/core";

/**
 * What a service offers as `service.sample`. `put` and `get` are a beginning: replace them by what your component is
 * for, and say of each method what it promises and with which code it rejects. The conformance suite checks just that.
 */
export interface Sample extends Lifecycle {
  /** Name of the technology: `memory`. */
  readonly name: string;
  /** Keeps a copy of `value` under `key`. Rejects with `RESOURCE_EXHAUSTED` beyond the option `max_value_size`. */
  put(key: string, value: Uint8Array): Promise<void>;
  /** What was kept last under `key`; undefined when nothing was. */
  get(key: string): Promise<Uint8Array | undefined>;
}
