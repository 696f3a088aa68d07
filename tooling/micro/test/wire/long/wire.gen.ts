// Wired from composition.ts by `micro wire`. DO NOT EDIT.
import { runWired, type WiredOptions, type WiredService, wireService } from "@micro/core/wired";
import {
  aDefinitionWhoseNameIsSoLongThatTheCallOfTheWiringDoesNotFit,
  clock,
  hook,
  keeping,
  sieveNumberFiveOfMany,
  sieveNumberFourOfMany,
  sieveNumberOneOfMany,
  sieveNumberThreeOfMany,
  sieveNumberTwoOfMany,
  using as userPlugin,
} from "./parts.ts";

const plugins = [
  userPlugin,
  keeping,
  sieveNumberOneOfMany,
  sieveNumberTwoOfMany,
  sieveNumberThreeOfMany,
  sieveNumberFourOfMany,
  sieveNumberFiveOfMany,
] as const;

const settings: WiredOptions<typeof plugins> = {
  configFile: false,
  package: {
    texts: [
      "it's",
      'a "quoted" text',
      "of\ntwo lines",
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    ],
    map: { "a-b": "1", plain: "2" },
    limit: "5MiB",
    ratio: 0.5,
    on: false,
    at: clock,
  },
  hooks: { afterStart: [hook, hook] },
  startTimeoutMs: 1e21,
  interpolateEnv: process.env,
};

/** Service 'long.service' with its components. */
export type LongService = WiredService<typeof plugins>;

/** Creates service 'long.service'. What `options` say is stronger than what composition.ts says. */
export function createLongService(options: WiredOptions<typeof plugins> = {}): Promise<LongService> {
  return wireService(
    aDefinitionWhoseNameIsSoLongThatTheCallOfTheWiringDoesNotFit,
    { plugins, settings, options },
    async (create) => {
      const packageComponent = await create(keeping);
      const sieve = await create([
        sieveNumberOneOfMany,
        sieveNumberTwoOfMany,
        sieveNumberThreeOfMany,
        sieveNumberFourOfMany,
        sieveNumberFiveOfMany,
      ]);
      await create(userPlugin, { package: packageComponent, sieve });
    },
  );
}

/** Runs service 'long.service' as a main program: creates, starts, waits for a signal, stops. */
export function runLongService(options: WiredOptions<typeof plugins> = {}): Promise<void> {
  return runWired(createLongService, options);
}
