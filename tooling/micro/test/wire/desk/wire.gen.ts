// Wired from composition.ts by `micro wire`. DO NOT EDIT.
import { yargsCli } from "@micro/cli-yargs";
import { runWired, type WiredOptions, type WiredService, wireService } from "@micro/core/wired";
import { desk as deskPlugin, office, opened } from "./desk.ts";
import {
  coarseSieve,
  drawerStore,
  fineSieve,
  frontGate,
  labelledLogger,
  orderedQueue,
  vaultStore,
} from "./plugins.ts";

const plugins = [
  frontGate,
  deskPlugin,
  orderedQueue,
  drawerStore,
  vaultStore,
  coarseSieve,
  fineSieve,
  labelledLogger,
  yargsCli,
] as const;

const settings: WiredOptions<typeof plugins> = {
  configFile: false,
  cli: { argv: [], env: {} },
  queue: { places: 3, logger: { fields: { from: "code" } } },
  store: { size: "2kB" },
  hooks: { afterStart: opened },
};

/** Service 'town.office' with its components. */
export type TownOffice = WiredService<typeof plugins>;

/** Creates service 'town.office'. What `options` say is stronger than what composition.ts says. */
export function createTownOffice(options: WiredOptions<typeof plugins> = {}): Promise<TownOffice> {
  return wireService(office, { plugins, settings, options }, async (create) => {
    await create(yargsCli);
    const logger = await create(labelledLogger);
    const store = await create([drawerStore, vaultStore], { logger });
    const sieve = await create([coarseSieve, fineSieve]);
    const queue = await create(orderedQueue, { logger, sieve, store });
    const desk = await create(deskPlugin, { queue, store });
    await create(frontGate, { desk, queue });
  });
}

/** Runs service 'town.office' as a main program: creates, starts, waits for a signal, stops. */
export function runTownOffice(options: WiredOptions<typeof plugins> = {}): Promise<void> {
  return runWired(createTownOffice, options);
}
