import { defineComponent, definePlugin, defineService, option } from "@micro/core";

const sieve = defineComponent<readonly string[], string>()({
  name: "sieve",
  description: "Many of them",
  config: {},
  multiple: true,
  assemble: (all) => all.map(({ instance }) => instance),
});

export const sieveNumberOneOfMany = definePlugin(sieve, { name: "one", create: () => "one" });
export const sieveNumberTwoOfMany = definePlugin(sieve, { name: "two", create: () => "two" });
export const sieveNumberThreeOfMany = definePlugin(sieve, { name: "three", create: () => "three" });
export const sieveNumberFourOfMany = definePlugin(sieve, { name: "four", create: () => "four" });
export const sieveNumberFiveOfMany = definePlugin(sieve, { name: "five", create: () => "five" });

/** A value that only code can give. */
export interface Clock {
  now(): number;
}
export const clock: Clock = { now: () => 0 };
const isClock = (value: unknown): value is Clock => value === clock;

/** Its name is a word of the language: a variable cannot have it. */
const keeper = defineComponent<{ readonly config: object }>()({
  name: "package",
  description: "Takes options of every kind",
  config: {
    texts: option.list({ description: "Texts" }),
    map: option.map({ description: "A map" }),
    limit: option.size({ description: "A size" }),
    ratio: option.number({ description: "A number" }),
    on: option.boolean({ description: "A switch" }),
    at: option.value(isClock, { description: "A value of code", expects: "a clock" }),
  },
});
export const keeping = definePlugin(keeper, { name: "keeping", create: ({ config }) => ({ config }) });

const user = defineComponent<object>()({ name: "user", description: "Needs the others", config: {} });
export const using = definePlugin(user, {
  name: "using",
  needs: [keeper, sieve],
  create: ({ deps }) => deps,
});

export const hook = (): undefined => undefined;

/** Too long a name for the call of the wiring to fit into one line. */
export const aDefinitionWhoseNameIsSoLongThatTheCallOfTheWiringDoesNotFit = defineService({
  name: "long.service",
});
