import type { AttemptInfo } from "@micro/client";
import { bidiStream, defineContract, MicroError, unary } from "@micro/core";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type GoWorld, goReply, startGoWorld } from "./go-server.ts";

const greeter = defineContract({
  name: "Greeter",
  service: "greeter",
  methods: { hello: unary<object, object>({ idempotent: true }), chat: bidiStream<object, object>() },
});

/** What a registry may hold, and no transport can dial. */
const UNREADABLE = "no address";

let world: GoWorld;
let attempts: AttemptInfo[];
beforeEach(async () => {
  // Nothing to spend: a retry that must be paid for does not happen.
  world = await startGoWorld({ config: { poolRetries: 2, retryBurst: 0 } });
  attempts = [];
  vi.spyOn(Math, "random").mockReturnValue(0);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await world.stop();
});

const to = (...address: readonly string[]) => ({
  address,
  onAttempt: (attempt: AttemptInfo) => void attempts.push(attempt),
});

test("a node whose address cannot be read is left for another one, and no retry is spent on it", async () => {
  const reply = world.client.of(greeter).hello({}, to(UNREADABLE, world.address));
  (await world.next()).answer(goReply({}, "{}\n"));
  expect(await reply).toEqual({});
  expect(attempts.map(({ address }) => address)).toEqual([UNREADABLE, world.address]);
  expect(attempts[0]?.error).toMatchObject({ id: "go.micro.client.transport", code: "BAD_REQUEST" });
});

test("a stream leaves it too", async () => {
  const sent = Promise.withResolvers<void>();
  const replies = world.client.of(greeter).chat(
    (async function* () {
      yield {};
      await sent.promise;
    })(),
    to(UNREADABLE, world.address),
  );
  const first = replies[Symbol.asyncIterator]().next();
  const { answer } = await world.next();
  answer(goReply({ "Micro-Error": "EOS", "X-Micro-Error": "EOS" }));
  expect(await first).toMatchObject({ done: true });
  sent.resolve();
  expect(attempts.map(({ address }) => address)).toEqual([UNREADABLE, world.address]);
});

test("the only node is not asked again and again", async () => {
  await world.stop();
  world = await startGoWorld({ config: { poolRetries: 5, retryBurst: 5 } });
  const call = () => world.client.of(greeter).hello({}, to(UNREADABLE));
  for (let count = 0; count < 10; count++) {
    const error: unknown = await call().catch((reason: unknown) => reason);
    expect(MicroError.is(error) && error.code).toBe("BAD_REQUEST");
    expect((error as MicroError).detail).toContain("'host:port'");
  }
  expect(attempts.length).toBeLessThanOrEqual(20);
  // The budget is whole: a node that is gone is left five times, as often as the call allows.
  attempts.length = 0;
  const dead = "127.0.0.1:1";
  const failed: unknown = await world.client
    .of(greeter)
    .hello({}, to(dead))
    .catch((reason: unknown) => reason);
  expect(failed).toMatchObject({ code: "UNAVAILABLE" });
  expect(attempts).toHaveLength(6);
});
