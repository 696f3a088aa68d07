import { describe, expect, test } from "vitest";
import { defineService } from "./definition.ts";
import { createMonolith } from "./monolith.ts";
import { planComposition } from "./plan-composition.ts";
import { createService } from "./service.ts";
import { StartError } from "./start-error.ts";
import { failureOf } from "./testing/life.ts";
import { samplePlugins } from "./testing/sample.ts";

const sample = defineService({ name: "sample" });
const { mdns } = samplePlugins();

/** The problems with what no type checker has seen. */
async function problemsOf(run: (...anything: readonly never[]) => unknown, ...given: unknown[]) {
  const error: unknown = await failureOf((async () => run(...(given as never[])))());
  if (!StartError.is(error)) throw error;
  return error.problems.map(({ message, hint }) => (hint === undefined ? message : `${message}: ${hint}`));
}

const ofOptions = (options: object): Promise<readonly string[]> =>
  problemsOf(createService, sample, { plugins: [mdns], configFile: false, ...options });
const ofDefinition = (definition: unknown): Promise<readonly string[]> =>
  problemsOf(createService, definition, { plugins: [mdns], configFile: false });

describe("options of code that no type checker has seen", () => {
  test("are refused when they are no object, by all who take them", async () => {
    const message = "the options must be an object, as in { plugins: [...defaults] }, not";
    expect(await problemsOf(createService, sample)).toEqual([`${message} undefined`]);
    expect(await problemsOf(createMonolith, [sample], null)).toEqual([`${message} null`]);
    expect(await problemsOf(planComposition, sample, [mdns])).toEqual([`${message} a list`]);
  });

  test("name the hook or the middleware that there is not, and what is no function", async () => {
    expect(await ofOptions({ hooks: { beforeStrat: () => undefined, afterStop: "log" } })).toEqual([
      "unknown key 'hooks.beforeStrat': did you mean 'beforeStart'?",
      'hooks.afterStop must be a function or a list of functions, not "log"',
    ]);
    expect(await ofOptions({ hooks: [], middleware: { xyz: [], handler: () => undefined } })).toEqual([
      "hooks must be an object, as in { beforeStart: … }, not a list",
      "unknown key 'middleware.xyz': there are client, attempt, handler, subscriber",
      "middleware.handler must be a list of functions, not a function",
    ]);
  });

  test("are all checked", async () => {
    const wrong = {
      configFile: true,
      interpolateEnv: "yes",
      instances: { registry: null },
      exchange: {},
      signal: {},
      startTimeoutMs: "5000",
    };
    expect(await ofOptions(wrong)).toEqual([
      "configFile must be a path, or false, not true",
      'interpolateEnv must be true, false or a map of variables, not "yes"',
      "exchange must be an Exchange, not an object",
      "signal must be an AbortSignal, not an object",
      'startTimeoutMs must be a number above 0, not "5000"',
      "instances.registry must be an instance, not null",
    ]);
    expect(await problemsOf(createMonolith, [sample], { plugins: [mdns], signal: {} })).toEqual([
      "signal must be an AbortSignal, not an object",
    ]);
  });
});

describe("a definition that no type checker has seen", () => {
  test("is refused when it is none", async () => {
    const message = "the service must be what defineService returns, not";
    expect(await ofDefinition(undefined)).toEqual([`${message} undefined`]);
    expect(await problemsOf(createMonolith, [sample, null], { plugins: [mdns] })).toEqual([
      `${message} null`,
    ]);
    expect(await problemsOf(createMonolith, sample, { plugins: [mdns] })).toEqual([
      "the first argument must be a list of definitions",
    ]);
  });

  test("is checked as a whole", async () => {
    const wrong = {
      name: "wrong",
      version: 5,
      metadata: { zone: 1 },
      needs: ["broker"],
      handlers: {},
      subscriber: [],
    };
    expect(await ofDefinition(wrong)).toEqual([
      "unknown option 'subscriber' of defineService: did you mean 'subscribers'?",
      "version must be a text, not 5",
      "metadata must be a map of texts, not an object",
      "needs must be a list of components, not a list",
      "handlers must be a list, or a function that makes one, not an object",
    ]);
    expect(await ofDefinition({ name: "none", handlers: () => undefined, subscribers: () => "a" })).toEqual([
      "the function must return a list: write ({ broker }) => [implement(…)]",
      "the function must return a list: write ({ broker }) => [subscribe(…)]",
    ]);
  });
});
