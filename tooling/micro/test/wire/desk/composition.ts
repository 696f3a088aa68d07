import { yargsCli } from "@micro/cli-yargs";
import { desk, opened } from "./desk.ts";
import {
  coarseSieve,
  drawerStore,
  fineSieve,
  frontGate,
  labelledLogger,
  orderedQueue,
  vaultStore,
} from "./plugins.ts";

export { office as definition } from "./desk.ts";

/** One of everything: what both wirings are tested with. */
export const options = {
  plugins: [
    frontGate,
    desk,
    orderedQueue,
    drawerStore,
    vaultStore,
    coarseSieve,
    fineSieve,
    labelledLogger,
    yargsCli,
  ],
  configFile: false,
  cli: { argv: [], env: {} },
  queue: { places: 3, logger: { fields: { from: "code" } } },
  store: { size: "2kB" },
  hooks: { afterStart: opened },
} as const;
