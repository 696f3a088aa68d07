import assert from "node:assert/strict";
import { type ConformanceCase, eventually, rejection, within } from "@micro/core/conformance";
import { type ClientHarness, collect, withLab } from "./conformance-world.ts";

/** Promises about streams. */
export function streamCases(harness: ClientHarness): readonly ConformanceCase[] {
  const about = (body: Parameters<typeof withLab>[1]) => () =>
    within("the case", withLab(harness, body), 10_000);
  return [
    {
      name: "a server stream gives its replies in order and ends",
      run: about(async ({ lab, log }) => {
        const replies = await collect(lab.count({ to: 500 }));
        assert.deepEqual(
          replies.map(({ at }) => at),
          Array.from({ length: 500 }, (_, at) => at),
        );
        assert.deepEqual(await collect(lab.count({ to: 0 })), []);
        assert.equal(log.ended, 2);
      }),
    },
    {
      name: "a client stream takes its requests in order and gives one reply",
      run: about(async ({ lab }) => {
        const values = Array.from({ length: 300 }, (_, value) => ({ value }));
        assert.deepEqual(await lab.sum(values), { sum: (299 * 300) / 2 });
        assert.deepEqual(await lab.sum([]), { sum: 0 });
      }),
    },
    {
      name: "in a bidirectional stream each side speaks when it wants, and the requests may end first",
      run: about(async ({ lab }) => {
        const next = Promise.withResolvers<void>();
        async function* requests() {
          yield { text: "a" };
          await next.promise;
          yield { text: "b" };
        }
        const replies = lab.shout(requests())[Symbol.asyncIterator]();
        // The reply comes while the requests are still open.
        assert.deepEqual(await replies.next(), { done: false, value: { text: "A" } });
        next.resolve();
        assert.deepEqual(await replies.next(), { done: false, value: { text: "B" } });
        assert.deepEqual(await replies.next(), { done: false, value: { text: "over" } });
        assert.equal((await replies.next()).done, true);
      }),
    },
    {
      name: "messages that are asked for at once come in turn, to the caller and to the handler",
      run: about(async ({ lab }) => {
        const replies = lab.count({ to: 2 })[Symbol.asyncIterator]();
        const steps = await Promise.all([replies.next(), replies.next(), replies.next(), replies.next()]);
        assert.deepEqual(
          steps.map(({ value }) => value),
          [{ at: 0 }, { at: 1 }, undefined, undefined],
        );
        assert.deepEqual(await lab.pair([{ value: 1 }, { value: 2 }]), { values: [1, 2, null] });
      }),
    },
    {
      name: "reads that wait at once all end with the call",
      run: about(async ({ lab }) => {
        const replies = lab.deaf([], { timeoutMs: 100 })[Symbol.asyncIterator]();
        const [first, second] = [replies.next(), replies.next()];
        assert.equal((await rejection(first)).code, "TIMEOUT");
        assert.equal((await second).done, true);
      }),
    },
    {
      name: "a stream of replies cannot be called for its one reply when it has more",
      run: about(async ({ world }) => {
        const message = [{ text: "a" }, { text: "b" }];
        const request = {
          service: "conformance-lab",
          endpoint: "Lab.Shout",
          kind: "clientStream",
          message,
        } as const;
        const error = await rejection(collect(world.client.stream(request)));
        assert.equal(error.id, "go.micro.client");
        assert.match(error.detail, /more than one reply/);
      }),
    },
    {
      name: "an error in the middle of a stream comes after the replies before it",
      run: about(async ({ lab }) => {
        const seen: number[] = [];
        const error = await rejection(
          (async () => {
            for await (const { at } of lab.count({ to: 5, failAt: 3 })) seen.push(at);
          })(),
        );
        assert.deepEqual(seen, [0, 1, 2]);
        assert.deepEqual([error.id, error.code, error.detail], ["lab", "FORBIDDEN", "not 3"]);
      }),
    },
    {
      name: "leaving the loop ends the handler's iteration",
      run: about(async ({ lab, log }) => {
        for await (const { at } of lab.count({ to: 1e9 })) if (at === 10) break;
        await eventually(() => assert.equal(log.ended, 1));
      }),
    },
    {
      name: "a signal ends a stream on both sides",
      run: about(async ({ lab, log }) => {
        const controller = new AbortController();
        const error = await rejection(
          (async () => {
            for await (const { at } of lab.count({ to: 1e9 }, { signal: controller.signal })) {
              if (at === 10) controller.abort(new Error("enough"));
            }
          })(),
        );
        assert.equal(error.code, "CANCELLED");
        await eventually(() => assert.equal(log.ended, 1));
      }),
    },
    {
      name: "a deadline ends a stream that waits",
      run: about(async ({ lab, log }) => {
        const open = Promise.withResolvers<never>();
        async function* requests() {
          yield { text: "a" };
          await open.promise;
        }
        const error = await rejection(collect(lab.shout(requests(), { timeoutMs: 100 })));
        assert.equal(error.code, "TIMEOUT");
        const deaf = await rejection(collect(lab.deaf([], { timeoutMs: 100 })));
        assert.equal(deaf.code, "TIMEOUT");
        await eventually(() => assert.equal(log.cancelled.length, 1));
      }),
    },
    {
      name: "a deadline ends a stream of which neither side ever waits",
      run: about(async ({ lab, log }) => {
        // An end, so that a stream that holds up the whole process fails and does not hang.
        const to = 2_000_000;
        function* requests() {
          for (let value = 0; value < to; value++) yield { value };
        }
        const drain = async (): Promise<void> => {
          for await (const _ of lab.count({ to }, { timeoutMs: 100 }));
        };
        assert.equal((await rejection(drain())).code, "TIMEOUT");
        assert.equal((await rejection(lab.sum(requests(), { timeoutMs: 100 }))).code, "TIMEOUT");
        await eventually(() => assert.equal(log.ended, 1));
      }),
    },
    {
      name: "requests that fail end the stream with their error",
      run: about(async ({ lab }) => {
        async function* requests() {
          yield { value: 1 };
          throw new Error("the source broke");
        }
        const error = await rejection(lab.sum(requests()));
        assert.equal(error.code, "CANCELLED");
        assert.match(error.detail, /the source broke/);
      }),
    },
    {
      name: "a handler that does not read stops the reading of requests, and leaving tells their source",
      run: about(async ({ lab }) => {
        let taken = 0;
        let told = false;
        const bytes = "x".repeat(64 * 1024);
        async function* requests() {
          try {
            for (;;) {
              taken++;
              yield { bytes };
              await new Promise((resolve) => setImmediate(resolve));
            }
          } finally {
            told = true;
          }
        }
        const controller = new AbortController();
        const reading = rejection(collect(lab.deaf(requests(), { signal: controller.signal })));
        let before = -1;
        await eventually(
          () => {
            const stalled = taken === before;
            before = taken;
            assert(stalled, "the requests must stall");
          },
          { intervalMs: 100 },
        );
        assert(taken < 1000, `${taken} requests of 64 kB were taken`);
        controller.abort(new Error("enough"));
        assert.equal((await reading).code, "CANCELLED");
        // Inside a process nothing is read ahead of the handler.
        await eventually(() => assert(told || taken === 0));
      }),
    },
    {
      name: "many streams at once do not disturb each other",
      run: about(async ({ lab }) => {
        const texts = Array.from({ length: 50 }, (_, index) => `stream ${index}`);
        const all = await Promise.all(
          texts.map((text) => collect(lab.shout([{ text }, { text: `${text} again` }]))),
        );
        assert.deepEqual(
          all,
          texts.map((text) => {
            const loud = text.toUpperCase();
            return [{ text: loud }, { text: `${loud} AGAIN` }, { text: "over" }];
          }),
        );
      }),
    },
    {
      name: "a stream without a contract works like one with it",
      run: about(async ({ world }) => {
        const service = "conformance-lab";
        const count = { service, endpoint: "Lab.Count", kind: "serverStream", message: { to: 2 } } as const;
        assert.deepEqual(await collect(world.client.stream(count)), [{ at: 0 }, { at: 1 }]);
        const sum = { service, endpoint: "Lab.Sum", kind: "clientStream", message: [{ value: 2 }] } as const;
        assert.deepEqual(await collect(world.client.stream(sum)), [{ sum: 2 }]);
        const shout = { service, endpoint: "Lab.Shout", message: [{ text: "a" }] };
        assert.deepEqual(await collect(world.client.stream(shout)), [{ text: "A" }, { text: "over" }]);
      }),
    },
  ];
}
