import { expect, test } from "vitest";
import { LiveSubscriptions } from "./live-subscriptions.ts";

const about = { topic: "orders", queue: "billing" };

test("a subscription ends once, with the bounds of the first who asks", async () => {
  const live = new LiveSubscriptions("fake");
  const asked: unknown[] = [];
  const subscription = live.add(about, async (bounds) => void asked.push(bounds));
  expect(subscription).toMatchObject(about);
  const first = subscription.unsubscribe({ timeoutMs: 7 });
  expect(asked, "at once").toEqual([{ timeoutMs: 7 }]);
  expect(subscription.unsubscribe()).toBe(first);
  await first;
  await live.end({ timeoutMs: 1 });
  expect(asked).toHaveLength(1);
});

test("the end of all waits for all, those that end already among them, and tells of each that failed", async () => {
  const live = new LiveSubscriptions("fake");
  const slow = Promise.withResolvers<void>();
  const stuck = new Error("a handler runs");
  void live.add(about, () => slow.promise).unsubscribe();
  live.add(about, () => Promise.reject(stuck));
  live.add(about, () => Promise.resolve());
  let ended = false;
  const end = live.end({ timeoutMs: 1 }).catch((error: unknown) => {
    ended = true;
    return error;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(ended).toBe(false);
  slow.resolve();
  const error = await end;
  expect(error).toBeInstanceOf(AggregateError);
  expect(error).toMatchObject({
    message: "broker 'fake': not every handler has ended",
    errors: [stuck],
  });
  await live.end({ timeoutMs: 1 });
});
