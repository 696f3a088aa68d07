import { componentNamed, definePlugin, option } from "@micro/core";
import { logger } from "@micro/logger";
import { gate, labelled, meter, namedSieve, queue, sieve, store } from "./components.ts";
import type { desk } from "./desk.ts";
import { happens, living } from "./journal.ts";

/** Listed before what it needs: the order of a list means nothing. */
export const frontGate = definePlugin(gate, {
  name: "front",
  needs: [queue],
  // By its name: the plugin of the desk has that name as well, and generated code must tell them apart.
  optional: [componentNamed<typeof desk.component>("desk")],
  create: ({ deps }) => ({ queue: deps.queue, desk: deps.desk, ...living("gate") }),
});

export const orderedQueue = definePlugin(queue, {
  name: "ordered",
  needs: [store, meter, logger],
  optional: [namedSieve],
  create: async ({ deps, config }) => {
    await happens("create queue");
    return { ...deps, sieve: deps.sieve, config, ...living("queue") };
  },
});

export const drawerStore = definePlugin(store, {
  name: "drawer",
  create: async ({ config }) => {
    await happens("create drawer");
    return { kind: "drawer", config, logger: undefined, ...living("store") };
  },
});

export const vaultStore = definePlugin(store, {
  name: "vault",
  aliases: ["safe"],
  config: { doors: option.integer({ description: "How many doors", default: 1 }) },
  needs: [logger],
  create: async ({ config, deps }) => {
    await happens("create vault");
    return { kind: "vault", config, logger: deps.logger, ...living("store") };
  },
});

export const coarseSieve = definePlugin(sieve, { name: "coarse", create: () => "coarse" });
export const fineSieve = definePlugin(sieve, { name: "fine", create: () => "fine" });

export const labelledLogger = definePlugin(logger, {
  name: "labelled",
  create: ({ config }) => labelled(config.level),
});
