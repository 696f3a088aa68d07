import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Metadata, MicroError } from "@micro/core";
import { type ConformanceCase, eventually } from "@micro/core/conformance";
import { type BrokerHarness, caseIn, message, type World } from "./conformance-world.ts";

const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i));
const sorted = (texts: readonly string[]): string[] => [...texts].sort((a, b) => Number(a) - Number(b));

/** Who gets which messages, and what they look like then. */
export function deliveryCases(harness: BrokerHarness): readonly ConformanceCase[] {
  const cases: ConformanceCase[] = [];
  const promise = (name: string, run: (world: World) => Promise<void>): void => {
    cases.push(caseIn(harness, name, run));
  };

  promise("every subscriber gets every message, the publisher's own too", async (world) => {
    const [one, other] = [await world.open(), await world.open()];
    const listeners = [await world.listen(one), await world.listen(other)];
    await world.ready(one, ...listeners);
    for (const text of numbers(3)) await world.publish(one, text);
    for (const listener of listeners) {
      await listener.until(3);
      deepStrictEqual(sorted(listener.texts), numbers(3));
    }
  });

  promise("of a queue exactly one member gets a message, and all take part", async (world) => {
    const brokers = [await world.open(), await world.open(), await world.open()] as const;
    const members = [];
    for (const each of brokers) members.push(await world.listen(each, { queue: "workers" }));
    await world.ready(brokers[0], ...members);
    for (const text of numbers(100)) await world.publish(brokers[0], text);
    const all = await collect(world, members, 100);
    deepStrictEqual(sorted(all), numbers(100));
    for (const { texts } of members) ok(texts.length > 0, "every member gets some");
  });

  promise("queues and single subscribers of one topic do not disturb each other", async (world) => {
    const [one, other] = [await world.open(), await world.open()];
    const single = await world.listen(one);
    const billing = [
      await world.listen(one, { queue: "billing" }),
      await world.listen(other, { queue: "billing" }),
    ];
    const mail = await world.listen(one, { queue: "mail" });
    await world.ready(other, single, ...billing, mail);
    for (const text of numbers(20)) await world.publish(other, text);
    for (const listener of [single, mail]) {
      await listener.until(20);
      deepStrictEqual(sorted(listener.texts), numbers(20));
    }
    deepStrictEqual(sorted(await collect(world, billing, 20)), numbers(20));
  });

  promise("two subscriptions of one broker to one topic are two subscribers", async (world) => {
    const broker = await world.open();
    const [one, other] = [await world.listen(broker), await world.listen(broker)];
    await world.ready(broker, one, other);
    await world.publish(broker, "both");
    await Promise.all([one.until(1), other.until(1)]);
    await one.subscription.unsubscribe();
    await world.publish(broker, "other");
    await other.until(2);
    deepStrictEqual(one.texts, ["both"]);
    deepStrictEqual(other.texts, ["both", "other"]);
  });

  promise("a message goes to the subscribers of its topic only", async (world) => {
    const broker = await world.open();
    const mine = await world.listen(broker);
    const longer = await world.listen(broker, { topic: `${world.topic}.more` });
    await world.ready(broker, mine, longer);
    await world.publish(broker, "mine");
    await world.publish(broker, "longer", `${world.topic}.more`);
    await Promise.all([mine.until(1), longer.until(1)]);
    deepStrictEqual([mine.texts, longer.texts], [["mine"], ["longer"]]);
  });

  if (harness.ordered ?? true) {
    promise("what one publisher sends arrives in order, waited for or not", async (world) => {
      const [publisher, subscriber] = [await world.open(), await world.open()];
      const listener = await world.listening(publisher, subscriber);
      const all = numbers(300);
      for (const text of all.slice(0, 100)) await world.publish(publisher, text);
      await Promise.all(all.slice(100).map((text) => world.publish(publisher, text)));
      await listener.until(300);
      deepStrictEqual(listener.texts, all);
    });
  }

  promise("1,000 messages arrive once each", async (world) => {
    const [publisher, subscriber] = [await world.open(), await world.open()];
    const listener = await world.listening(publisher, subscriber);
    for (const text of numbers(1000)) await world.publish(publisher, text);
    await listener.until(1000);
    deepStrictEqual(sorted(listener.texts), numbers(1000));
  });

  promise("who publishes without end leaves timers, signals and sockets their turn", async (world) => {
    const [publisher, subscriber] = [await world.open(), await world.open()];
    await world.listening(publisher, subscriber);
    for (const topic of [world.topic, `${world.topic}.nobody`]) {
      // Time of the processor: a busy machine makes every timer late.
      const since = process.cpuUsage();
      let workedMs = Infinity;
      const timer = setTimeout(() => {
        const { user, system } = process.cpuUsage(since);
        workedMs = (user + system) / 1000;
      });
      const until = performance.now() + 3000;
      while (workedMs === Infinity && performance.now() < until) {
        // Where there is no room for it, it is refused.
        await publisher.publish(topic, message("")).catch(() => undefined);
      }
      clearTimeout(timer);
      ok(workedMs < 300, `publishing to '${topic}' left a timer no turn in ${workedMs} ms of work`);
    }
  });

  promise("header and body arrive as they were, in any script and any bytes", async (world) => {
    const [publisher, subscriber] = [await world.open(), await world.open()];
    const listener = await world.listening(publisher, subscriber);
    const body = Uint8Array.from({ length: 1024 }, (_, i) => i % 256);
    const header = new Metadata({
      "Content-Type": "application/octet-stream",
      "foo-bar": 'grüße, 世界 🙂 "\\<&>',
      "Micro-ID": "7",
      empty: "",
    });
    await world.publish(publisher, { header, body });
    await listener.until(1);
    const got = listener.received[0];
    deepStrictEqual(got?.body, body);
    for (const [key, value] of header) strictEqual(got?.header.get(key.toUpperCase()), value, key);
  });

  promise("an empty message arrives", async (world) => {
    const [publisher, subscriber] = [await world.open(), await world.open()];
    const listener = await world.listening(publisher, subscriber);
    await world.publish(publisher, { header: new Metadata(), body: new Uint8Array(0) });
    await listener.until(1);
    strictEqual(listener.received[0]?.body.byteLength, 0);
  });

  promise("a body of almost max_message_size arrives, one beyond it is refused by name", async (world) => {
    const [publisher, subscriber] = [await world.open(), await world.open()];
    const listener = await world.listening(publisher, subscriber);
    const limit = harness.maxMessageSize ?? 4 * 1024 * 1024;
    const body = new Uint8Array(limit - 256).fill(7);
    await world.publish(publisher, { header: new Metadata(), body });
    await listener.until(1);
    deepStrictEqual(listener.received[0]?.body, body);
    const tooLarge = { header: new Metadata(), body: new Uint8Array(limit + 1) };
    const error = await rejection(publisher.publish(world.topic, tooLarge));
    strictEqual(error.code, "RESOURCE_EXHAUSTED");
    ok(error.detail.includes("max_message_size"), `the error names the option: ${error.detail}`);
    await world.publish(publisher, "after");
    await listener.until(2);
    strictEqual(listener.texts[1], "after");
  });

  promise("neither publisher nor subscribers see what another does to a message", async (world) => {
    const broker = await world.open();
    const seen: string[] = [];
    const spoil = ({ message: { header, body } }: { readonly message: ReturnType<typeof message> }) => {
      seen.push(`${new TextDecoder().decode(body)} ${header.get("k")}`);
      body.fill(0);
      header.set("k", "spoiled");
    };
    const listeners = [
      await world.listen(broker, { handler: spoil }),
      await world.listen(broker, { handler: spoil }),
    ];
    await world.ready(broker, ...listeners);
    const sent = message("text", { k: "v" });
    const publishing = world.publish(broker, sent);
    sent.body.fill(1);
    sent.header.set("k", "changed");
    await publishing;
    for (const listener of listeners) await listener.until(1);
    deepStrictEqual(seen, ["text v", "text v"]);
    deepStrictEqual([...sent.body], [1, 1, 1, 1]);
    strictEqual(sent.header.get("k"), "changed");
  });

  return cases;
}

/** What all of them got, when it is `count` messages together. */
async function collect(
  world: World,
  members: readonly Awaited<ReturnType<World["listen"]>>[],
  count: number,
): Promise<readonly string[]> {
  const all = () => members.flatMap(({ texts }) => texts);
  await eventually(() => ok(all().length >= count, `${all().length} of ${count} came to '${world.topic}'`));
  return all();
}

/** The error of a promise that must reject. */
export async function rejection(promise: Promise<unknown>): Promise<MicroError> {
  try {
    await promise;
  } catch (error) {
    ok(MicroError.is(error), `errors are MicroErrors, and this is none: ${String(error)}`);
    return error;
  }
  throw new Error("it did not reject");
}
