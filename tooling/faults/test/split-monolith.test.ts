import type { Client } from "@micro/client";
import { createMonolith, defineService, MicroError } from "@micro/core";
import { temporaryFolder } from "@micro/programs";
import { expect, test } from "vitest";
import { probe } from "../src/contract.ts";
import { withFleet } from "../src/fleet.ts";
import { probeService } from "../src/probe-service.ts";
import { serverStack, settingsFor } from "../src/stack.ts";

type Scenario = (client: Client) => Promise<unknown>;

async function all<T>(replies: AsyncIterable<T>, limit = Infinity): Promise<readonly T[]> {
  const read: T[] = [];
  for await (const reply of replies) {
    read.push(reply);
    if (read.length === limit) break;
  }
  return read;
}

async function* sips(count: number) {
  for (let at = 0; at < count; at++) yield { everyMs: 0, body: "x" };
}

const raw = (client: Client, endpoint: string, message: unknown = {}) =>
  client.call({ service: "probe", endpoint, message }, { timeoutMs: 2000 });

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  "a reply": (client) => client.of(probe).echo({}),
  "an error NOT_FOUND of the handler": (client) => client.of(probe).fail({ code: "NOT_FOUND" }),
  "an error INTERNAL of the handler": (client) => client.of(probe).fail({ code: "INTERNAL" }),
  "an error UNAVAILABLE of the handler": (client) => client.of(probe).fail({ code: "UNAVAILABLE" }),
  "a method that does not exist": (client) => raw(client, "Probe.Nothing"),
  "a handler that does not exist": (client) => raw(client, "Nobody.Echo"),
  "an endpoint that is none": (client) => raw(client, "nonsense"),
  "a unary call of a stream": (client) => raw(client, "Probe.WaitServer", { id: "x" }),
  "a deadline that passes in the handler": (client) =>
    client.of(probe).echo({ workMs: 500 }, { timeoutMs: 100 }),
  "a deadline that has passed": (client) => client.of(probe).echo({}, { timeoutMs: 0 }),
  "a signal that was aborted": (client) => client.of(probe).echo({}, { signal: AbortSignal.abort() }),
  "a call that is cancelled": (client) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 50);
    return client.of(probe).echo({ workMs: 1000 }, { signal: controller.signal });
  },
  "a server stream that is left": (client) => all(client.of(probe).flood({ bytes: 3, limit: 1e9 }), 5),
  "a client stream": (client) => client.of(probe).sip(sips(5)),
  "a stream whose deadline passes": (client) =>
    all(client.of(probe).waitServer({ id: "s" }, { timeoutMs: 100 })),
  "a service that nobody offers": (client) => client.call({ service: "nobody", endpoint: "Nobody.Echo" }),
};

interface Result {
  readonly value?: unknown;
  readonly code?: string;
  readonly id?: string;
  readonly detail?: string;
  readonly status?: string;
}

async function outcome(
  scenario: Scenario,
  client: Client,
): Promise<{ readonly result: Result; readonly ms: number }> {
  const began = performance.now();
  const result = await scenario(client).then(
    (value): Result => ({ value }),
    (error: unknown): Result => {
      if (!MicroError.is(error)) return { detail: `not a MicroError: ${String(error)}` };
      const { code, id, detail, status } = error;
      // Both ends watch the deadline, and either may be the first to say so.
      return code === "TIMEOUT" ? { code, status } : { code, id, detail, status };
    },
  );
  return { result, ms: performance.now() - began };
}

/** Runs the scenarios over the wire and in one process. */
async function both(scenarios: Readonly<Record<string, Scenario>>): Promise<void> {
  await withFleet({}, async ({ client }) => {
    const folder = await temporaryFolder();
    const monolith = await createMonolith([probeService({ node: "a" }), defineService({ name: "caller" })], {
      plugins: serverStack,
      configFile: false,
      ...settingsFor(folder.path),
    });
    try {
      await monolith.start();
      const inside = monolith.service("caller").client;
      const split: Record<string, Result> = {};
      const whole: Record<string, Result> = {};
      for (const [name, scenario] of Object.entries(scenarios)) {
        const [over, within] = [await outcome(scenario, client), await outcome(scenario, inside)];
        split[name] = over.result;
        whole[name] = within.result;
        expect(Math.abs(over.ms - within.ms), `ms of difference: ${name}`).toBeLessThan(400);
      }
      expect(whole).toEqual(split);
    } finally {
      await monolith.stop({ graceMs: 0 });
      await folder.remove();
    }
  });
}

test("values, errors and deadlines are the same over the wire and in a monolith", () => both(SCENARIOS));

test("what is no plain data is treated alike over the wire and in a monolith", () =>
  both({ "a function in a message": (client) => raw(client, "Probe.Echo", { later: () => 1 }) }));
