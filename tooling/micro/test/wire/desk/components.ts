import {
  componentNamed,
  defineComponent,
  type Lifecycle,
  type Logger,
  nullLogger,
  option,
} from "@micro/core";

/** Where things are kept. */
export interface Store extends Lifecycle {
  readonly kind: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly logger: Logger | undefined;
}

/** A component with a choice of plugins. */
export const store = defineComponent<Store>()({
  name: "store",
  description: "Where things are kept",
  config: {
    size: option.size({ description: "How much it holds", default: "1kB" }),
    token: option.string({ description: "Who may open it", secret: true }),
  },
  defaultPlugin: "drawer",
});

/** What is let through; every listed plugin decides. */
export interface Sieve {
  readonly names: readonly string[];
}

/** A component of many plugins, which `assemble` joins. */
export const sieve = defineComponent<Sieve, string>()({
  name: "sieve",
  description: "What is let through",
  config: {},
  multiple: true,
  assemble: (instances, { logger }) => {
    logger.debug("assembled");
    return { names: instances.map(({ instance }) => instance) };
  },
});

/** Counts; without a plugin nobody does. */
export interface Meter {
  readonly counts: boolean;
}

/** A component with a stand-in, of which no plugin is listed. */
export const meter = defineComponent<Meter>()({
  name: "meter",
  description: "Counts",
  config: {},
  absent: () => ({ counts: false }),
});

/** A queue, with everything that it was given. */
export interface Queue extends Lifecycle {
  readonly store: Store;
  readonly sieve: Sieve | undefined;
  readonly meter: Meter;
  readonly logger: Logger;
  readonly config: Readonly<Record<string, unknown>>;
}

/** A component that needs others. */
export const queue = defineComponent<Queue>()({
  name: "queue",
  description: "What waits",
  config: { places: option.integer({ description: "How many may wait", default: 10, min: 1 }) },
});

/** The sieve by its name alone, as a plugin names what it can do without. */
export const namedSieve = componentNamed<typeof sieve>("sieve");

/** A component that starts last. */
export const gate = defineComponent<Lifecycle & { readonly queue: Queue; readonly desk: unknown }>()({
  name: "gate",
  description: "The way in",
  config: {},
  phase: "edge",
});

/** The logger component of the fixture: a logger that remembers where it came from. */
export interface LabelledLogger extends Logger {
  readonly label: string;
}

/** A logger with a label. */
export function labelled(label: string): LabelledLogger {
  return {
    ...nullLogger,
    label,
    child: (fields) => labelled(`${label}/${Object.values(fields).join()}`),
  } as LabelledLogger;
}
