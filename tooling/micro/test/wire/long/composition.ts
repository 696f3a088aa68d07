import * as parts from "./parts.ts";

export { aDefinitionWhoseNameIsSoLongThatTheCallOfTheWiringDoesNotFit as definition } from "./parts.ts";

/** Long names and every kind of value. */
export const options = {
  plugins: [
    parts.using,
    parts.keeping,
    parts.sieveNumberOneOfMany,
    parts.sieveNumberTwoOfMany,
    parts.sieveNumberThreeOfMany,
    parts.sieveNumberFourOfMany,
    parts.sieveNumberFiveOfMany,
  ],
  configFile: false,
  package: {
    texts: ["it's", 'a "quoted" text', "of\ntwo lines", "x".repeat(90)],
    map: { "a-b": "1", plain: "2" },
    limit: "5MiB",
    ratio: 0.5,
    on: false,
    at: parts.clock,
  },
  hooks: { afterStart: [parts.hook, parts.hook] },
  startTimeoutMs: 1e21,
  interpolateEnv: process.env,
};
