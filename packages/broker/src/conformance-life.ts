import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { type ConformanceCase, eventually, within } from "@micro/core/conformance";
import { rejection } from "./conformance-delivery.ts";
import { type BrokerHarness, caseIn, type FullBroker, message, type World } from "./conformance-world.ts";

/** Failing, slow and leaving subscribers, bounds, and the end of a broker. */
export function lifeCases(harness: BrokerHarness): readonly ConformanceCase[] {
  const cases: ConformanceCase[] = [];
  const promise = (name: string, run: (world: World) => Promise<void>): void => {
    cases.push(caseIn(harness, name, run));
  };

  promise("publishing to nobody is no error", async (world) => {
    const broker = await world.open();
    await world.publish(broker, "nobody");
    strictEqual(broker.counters.published, 1);
  });

  promise("a name that is no topic or no queue is refused", async (world) => {
    const broker = await world.open();
    for (const topic of ["", "two words", "line\nend", "x".repeat(256)]) {
      strictEqual((await rejection(broker.publish(topic, message("")))).code, "BAD_REQUEST");
      strictEqual((await rejection(broker.subscribe(topic, async () => undefined))).code, "BAD_REQUEST");
    }
    const bad = broker.subscribe(world.topic, async () => undefined, { queue: "" });
    strictEqual((await rejection(bad)).code, "BAD_REQUEST");
  });

  promise("a handler that fails is counted, and nobody else suffers", async (world) => {
    const [publisher, subscriber] = [await world.open(), await world.open()];
    const failing = await world.listen(subscriber, {
      handler: async ({ message: { header } }) => {
        if (header.has("fail")) throw new Error("a bug in a subscriber");
      },
    });
    const other = await world.listen(subscriber);
    await world.ready(publisher, failing, other);
    const { handlerErrors } = subscriber.counters;
    await world.publish(publisher, message("bad", { fail: "1" }));
    await world.publish(publisher, "good");
    await Promise.all([failing.until(2), other.until(2)]);
    deepStrictEqual(
      [failing.texts, other.texts],
      [
        ["bad", "good"],
        ["bad", "good"],
      ],
    );
    await eventually(() => strictEqual(subscriber.counters.handlerErrors, handlerErrors + 1));
  });

  promise("a slow subscriber does not hold up the others", async (world) => {
    const [publisher, subscriber] = [await world.open(), await world.open()];
    const door = world.gate();
    const slow = await world.listen(subscriber, { handler: () => door.opened });
    const quick = await world.listen(subscriber);
    await world.ready(publisher, slow, quick);
    for (let i = 0; i < 20; i++) await world.publish(publisher, String(i));
    await quick.until(20);
    ok(slow.received.length < 20, "the slow one is still at its first");
    door.open();
    await slow.until(20);
  });

  promise("a handler may publish to its own topic", async (world) => {
    const broker = await world.open();
    const listener = await world.listen(broker, {
      handler: async () => {
        if (listener.received.length < 50) await broker.publish(world.topic, message("again"));
      },
    });
    await world.ready(broker, listener);
    await world.publish(broker, "first");
    await listener.until(50);
  });

  promise("nothing comes after unsubscribing, which waits for the running handler", async (world) => {
    const [publisher, subscriber] = [await world.open(), await world.open()];
    const [started, door] = [world.gate(), world.gate()];
    let ended = false;
    const leaving = await world.listen(subscriber, {
      handler: async () => {
        started.open();
        await door.opened;
        ended = true;
      },
    });
    const staying = await world.listen(subscriber);
    await world.ready(publisher, leaving, staying);
    await world.publish(publisher, "one");
    await within("the handler begins", started.opened);
    let settled = false;
    const unsubscribing = leaving.subscription.unsubscribe().finally(() => {
      settled = true;
    });
    await staying.until(1);
    strictEqual(settled, false, "it waits for the handler");
    door.open();
    await within("unsubscribing", unsubscribing);
    strictEqual(ended, true);
    for (let i = 0; i < 5; i++) await world.publish(publisher, "more");
    await staying.until(6);
    deepStrictEqual(leaving.texts, ["one"]);
    await leaving.subscription.unsubscribe();
  });

  promise("unsubscribing does not wait for ever, and says so", async (world) => {
    const broker = await world.open();
    const [started, door] = [world.gate(), world.gate()];
    const handler = (): Promise<void> => {
      started.open();
      return door.opened;
    };
    const listener = await world.listen(broker, { handler });
    await world.ready(broker, listener);
    await world.publish(broker, "one");
    await within("the handler begins", started.opened);
    const error = await rejection(listener.subscription.unsubscribe({ timeoutMs: 50 }));
    strictEqual(error.code, "TIMEOUT");
    door.open();
  });

  promise("a member of a queue that leaves takes no message with it", async (world) => {
    const [publisher, first, second] = [await world.open(), await world.open(), await world.open()];
    const queue = "workers";
    const leaving = await world.listen(first, { queue });
    const staying = await world.listen(second, { queue });
    await world.ready(publisher, leaving, staying);
    for (let i = 0; i < 40; i++) {
      await world.publish(publisher, String(i));
      if (i === 20) await leaving.subscription.unsubscribe();
    }
    const all = (): string[] => [...leaving.texts, ...staying.texts];
    await eventually(() => ok(all().length >= 40, `${all().length} of 40 came`));
    strictEqual(new Set(all()).size, 40);
    strictEqual(all().length, 40);
  });

  promise("who has given up is told so", async (world) => {
    const broker = await world.open();
    const signal = AbortSignal.abort(new Error("enough"));
    const given = [
      broker.publish(world.topic, message(""), { signal }),
      broker.subscribe(world.topic, async () => undefined, { signal }),
    ];
    for (const each of given) strictEqual((await rejection(each)).code, "CANCELLED");
  });

  promise("stopping waits for a running handler", async (world) => {
    const [publisher, subscriber] = [await world.open(), await world.open()];
    const [started, door] = [world.gate(), world.gate()];
    let ended = false;
    const listener = await world.listen(subscriber, {
      handler: async () => {
        started.open();
        await door.opened;
        ended = true;
      },
    });
    await world.ready(publisher, listener);
    await world.publish(publisher, "one");
    await within("the handler begins", started.opened);
    const stopping = (async () => subscriber.stop?.({ graceMs: 5000 }))();
    door.open();
    await within("stopping", stopping, 10_000);
    strictEqual(ended, true);
  });

  promise("what a broker published to itself is handled before it has stopped", async (world) => {
    const broker = await world.open();
    const listener = await world.listening(broker, broker);
    for (const text of ["one", "two", "three"]) await world.publish(broker, text);
    await broker.stop?.({ graceMs: 5000 });
    deepStrictEqual(listener.texts, ["one", "two", "three"]);
  });

  promise("a stopped broker says so, and stopping again is no error", async (world) => {
    const [broker, other] = [await world.open(), await world.open()];
    const listener = await world.listening(other, broker);
    await broker.stop?.({ graceMs: 1000 });
    await broker.stop?.({ graceMs: 1000 });
    await listener.subscription.unsubscribe();
    const refused = [
      broker.publish(world.topic, message("")),
      broker.subscribe(world.topic, async () => undefined),
    ];
    for (const each of refused) {
      const error = await rejection(each);
      strictEqual(error.code, "UNAVAILABLE");
      ok(error.detail.includes("stopped"), `it says why: ${error.detail}`);
    }
    await world.publish(other, "nobody");
    deepStrictEqual(listener.texts, []);
  });

  if (harness.full !== undefined) cases.push(fullCase(harness, harness.full));
  return cases;
}

function fullCase(harness: BrokerHarness, full: FullBroker): ConformanceCase {
  const name = "a subscriber with no room is an error that names the option, and what was taken arrives";
  return caseIn(harness, name, async (world) => {
    const broker = await world.open(full.create);
    const door = world.gate();
    const listener = await world.listen(broker, { handler: () => door.opened });
    await world.ready(broker, listener);
    const publishing: Promise<void>[] = [];
    for (let i = 0; i < full.messages; i++) publishing.push(broker.publish(world.topic, message(String(i))));
    const results = await within("publishing", Promise.allSettled(publishing), 10_000);
    const taken = results.flatMap(({ status }, i) => (status === "fulfilled" ? [String(i)] : []));
    const refused = results.flatMap((result) =>
      result.status === "rejected"
        ? [result.reason as { readonly code: string; readonly detail: string; readonly notSent: boolean }]
        : [],
    );
    ok(refused.length > 0, `${full.messages} messages did not fill it`);
    ok(taken.length > 0, "it takes some");
    for (const { code, detail, notSent } of refused) {
      strictEqual(code, "RESOURCE_EXHAUSTED");
      ok(detail.includes(full.option), `the error names '${full.option}': ${detail}`);
      strictEqual(notSent, true, "safe to try again");
    }
    door.open();
    await listener.until(taken.length);
    deepStrictEqual(listener.texts, taken);
    await world.publish(broker, "after");
    await listener.until(taken.length + 1);
  });
}
