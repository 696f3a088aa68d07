import assert from "node:assert/strict";
import {
  bidiStream,
  type CallContext,
  defineContract,
  defineService,
  handle,
  implement,
  type Middleware,
  subscribe,
  unary,
} from "@micro/core";
import { type ConformanceCase, eventually, rejection, within } from "@micro/core/conformance";
import { cancelled, type ServerHarness, type ServerWorldOptions, withServer } from "./conformance-world.ts";

const NAME = "conformance-service";
const EMPTY = defineService({ name: NAME, version: "1.2.3" });

/** Promises about registration, subscriptions, draining and stopping. */
export function lifeCases(harness: ServerHarness): readonly ConformanceCase[] {
  const about = (options: ServerWorldOptions, body: Parameters<typeof withServer>[2]) => () =>
    within("the case", withServer(harness, options, body), 10_000);
  return [
    {
      name: "a started server is in the registry with its node and its endpoints, and gone after its stop",
      run: () => {
        const contract = defineContract({
          name: "Case",
          service: NAME,
          methods: { work: unary({ description: "Does it" }), chat: bidiStream() },
        });
        const definition = defineService({
          name: NAME,
          version: "1.2.3",
          metadata: { team: "blue" },
          handlers: [implement(contract, { work: () => ({}), async *chat() {} })],
          subscribers: [subscribe("orders.created", () => undefined)],
        });
        const server = { id: "one", metadata: { zone: "a" } };
        return about({ definition, server, broker: true }, async (world) => {
          const [record, ...others] = await world.registered();
          assert.equal(others.length, 0);
          assert.deepEqual([record?.name, record?.version], [NAME, "1.2.3"]);
          const node = record?.nodes[0];
          assert.equal(node?.id, `${NAME}-one`);
          assert.equal(node?.id, world.server.nodeId);
          assert.equal(node?.address, world.server.address);
          const { protocol, server: kind, transport, broker, registry, team, zone } = node?.metadata ?? {};
          assert.equal(protocol, kind);
          for (const value of [protocol, transport, broker, registry])
            assert(value, "node metadata is complete");
          assert.deepEqual([team, zone], ["blue", "a"]);
          assert.deepEqual(
            record?.endpoints.map(({ name, metadata }) => [name, metadata]),
            [
              ["Case.Chat", { stream: "true", kind: "bidiStream" }],
              ["Case.Work", { description: "Does it" }],
              ["CreatedHandler", { topic: "orders.created", subscriber: "true" }],
            ],
          );
          assert.deepEqual(world.server.health, { state: "serving", problems: [] });
          await world.server.drain?.({ graceMs: 1000 });
          assert.equal(world.server.health.state, "draining");
          assert.deepEqual(await world.registered(), []);
          await world.server.stop?.({ graceMs: 1000 });
          assert.equal(world.server.health.state, "stopped");
        })();
      },
    },
    {
      name: "a registry that is away when the server starts is told when it is back",
      run: about({ definition: EMPTY, registryDown: true }, async (world) => {
        assert.equal(world.server.health.state, "degraded");
        assert.match(world.server.health.problems.join(), /not registered/);
        world.setRegistryDown(false);
        await eventually(async () => assert.equal((await world.registered()).length, 1));
        await eventually(() => assert.equal(world.server.health.state, "serving"));
      }),
    },
    {
      name: "a registration is refreshed before it ends, and health tells when that fails",
      run: about(
        { definition: EMPTY, server: { registerTtl: "300ms", registerInterval: "100ms" } },
        async (world) => {
          world.setRegistryDown(true);
          await eventually(() => assert.equal(world.server.health.state, "degraded"));
          await eventually(async () => assert.equal((await world.registered()).length, 0));
          world.setRegistryDown(false);
          await eventually(() => assert.equal(world.server.health.state, "serving"));
          assert.equal((await world.registered()).length, 1);
        },
      ),
    },
    {
      name: "an interval that is longer than the ttl is shortened, with a warning",
      run: about(
        { definition: EMPTY, server: { registerTtl: "300ms", registerInterval: "60s" } },
        async (world) => {
          assert.equal(world.warnings.filter((text) => text.includes("register_interval")).length, 1);
          // Longer than the ttl. On a busy machine it may be late once; one that waits for its interval is gone for good.
          await new Promise((resolve) => setTimeout(resolve, 700));
          await eventually(async () => assert.equal((await world.registered()).length, 1));
        },
      ),
    },
    {
      name: "subscribers receive messages as calls of their own, inside their middleware",
      run: () => {
        const seen: unknown[] = [];
        const note: Middleware<CallContext> = (next) => async (context) => {
          seen.push(`${context.kind} ${context.endpoint}`);
          return next(context);
        };
        const definition = defineService({
          name: NAME,
          subscribers: [
            subscribe<{ readonly id: number }>("orders.created", (message, context) => {
              seen.push([message, context.metadata.get("micro-topic")]);
            }),
          ],
        });
        return about({ definition, broker: true, middleware: { subscriber: [note] } }, async (world) => {
          await world.publish("orders.created", { id: 7 });
          await eventually(() =>
            assert.deepEqual(seen, ["event orders.created", [{ id: 7 }, "orders.created"]]),
          );
        })();
      },
    },
    {
      name: "subscribers without a broker stop the start, and the error says what to list",
      run: async () => {
        const definition = defineService({
          name: NAME,
          subscribers: [subscribe("a.topic", () => undefined)],
        });
        const error = await rejection(harness.start({ definition }));
        assert.equal(error.code, "PRECONDITION_FAILED");
        assert.match(error.detail, /a\.topic.*broker/);
      },
    },
    {
      name: "draining finishes what runs and refuses what is new",
      run: () => {
        const gate = Promise.withResolvers<object>();
        const definition = defineService({ name: NAME, handlers: [handle("Case.Wait", () => gate.promise)] });
        return about({ definition }, async ({ server, call }) => {
          const running = call({ endpoint: "Case.Wait" });
          await eventually(() => assert.equal(server.active, 1));
          const draining = server.drain?.({ graceMs: 5000 });
          await eventually(async () => {
            const error = await rejection(call({ endpoint: "Case.Wait", timeoutMs: 500 }));
            assert.equal(error.code, "UNAVAILABLE");
          });
          gate.resolve({ done: true });
          assert.deepEqual(await running, { done: true });
          await draining;
          assert.equal(server.active, 0);
        })();
      },
    },
    {
      name: "stopping is bounded: what does not end in time is cancelled",
      run: () => {
        const reasons: string[] = [];
        const hang = async (_: unknown, context: CallContext): Promise<object> => {
          reasons.push(await cancelled(context));
          return new Promise(() => undefined);
        };
        const definition = defineService({ name: NAME, handlers: [handle("Case.Hang", hang)] });
        return about({ definition }, async ({ server, call }) => {
          const running = rejection(call({ endpoint: "Case.Hang" }));
          await eventually(() => assert.equal(server.active, 1));
          const from = performance.now();
          await server.drain?.({ graceMs: 100 });
          await server.stop?.({ graceMs: 100 });
          assert(performance.now() - from < 3000, "the stop is bounded");
          assert.equal((await running).code, "UNAVAILABLE");
          assert.equal(reasons.length, 1);
          await server.stop?.({ graceMs: 100 });
        })();
      },
    },
  ];
}
