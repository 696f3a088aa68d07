import assert from "node:assert/strict";
import type { Call, Middleware } from "@micro/core";
import { type ConformanceCase, eventually, rejection, within } from "@micro/core/conformance";
import type { AttemptInfo } from "./client.ts";
import { type ClientHarness, collect, withLab } from "./conformance-world.ts";

/** Promises about unary calls. */
export function callCases(harness: ClientHarness): readonly ConformanceCase[] {
  const about =
    (...parameters: Tail<Parameters<typeof withLab>>) =>
    () =>
      within("the case", withLab(harness, ...parameters), 10_000);
  return [
    {
      name: "a call is answered, and the node that answered is told",
      run: about(async ({ lab, world }) => {
        const attempts: AttemptInfo[] = [];
        const reply = await lab.echo({ text: "häß€" }, { onAttempt: (attempt) => attempts.push(attempt) });
        assert.deepEqual(reply, { text: "häß€" });
        assert.deepEqual(
          attempts.map(({ nodeId, attempt, error }) => ({ nodeId, attempt, error })),
          [{ nodeId: world.nodes[0]?.id, attempt: 0, error: undefined }],
        );
      }),
    },
    {
      name: "a call without a contract and without a message is answered",
      run: about(async ({ world }) => {
        const request = { service: "conformance-lab", endpoint: "Lab.Echo" };
        assert.deepEqual(await world.client.call(request), {});
        assert.deepEqual(await world.client.call({ ...request, message: { text: "x" } }), { text: "x" });
      }),
    },
    {
      name: "the error of a handler arrives with id, code, detail and status",
      run: about(async ({ lab }) => {
        const { id, code, detail, status, httpCode, cause } = await rejection(lab.fail({ kind: "known" }));
        assert.deepEqual(
          { id, code, detail, status, httpCode },
          {
            id: "lab",
            code: "CONFLICT",
            detail: "taken <already> & „gone”",
            status: "Conflict",
            httpCode: 409,
          },
        );
        assert.equal(cause, undefined);
      }),
    },
    {
      name: "a plain error of a handler arrives as INTERNAL with its message and the service's name",
      run: about(async ({ lab }) => {
        const { id, code, detail } = await rejection(lab.fail({ kind: "plain" }));
        assert.deepEqual(
          { id, code, detail },
          { id: "conformance-lab", code: "INTERNAL", detail: "a plain failure" },
        );
      }),
    },
    {
      name: "a message that no codec would carry is refused in the same way inside the process",
      run: about(async ({ lab, log }) => {
        const polluting = JSON.parse('{"text": "x", "__proto__": {"polluted": true}}') as object;
        const refused = await rejection(lab.echo(polluting));
        assert.deepEqual([refused.id, refused.code], ["conformance-lab", "BAD_REQUEST"]);
        const circle: { text?: string; self?: unknown } = {};
        circle.self = circle;
        assert.equal((await rejection(lab.echo(circle))).id, "go.micro.client.codec");
        assert.equal(log.runs, 0);
      }),
    },
    {
      name: "a thousand calls at once get each its own reply",
      run: about(async ({ lab }) => {
        const texts = Array.from({ length: 1000 }, (_, index) => `call ${index}`);
        const replies = await Promise.all(texts.map((text) => lab.echo({ text }, { timeoutMs: 9000 })));
        assert.deepEqual(
          replies.map(({ text }) => text),
          texts,
        );
      }),
    },
    {
      name: "who tries again at once, whatever comes, leaves timers and sockets their turn",
      run: about(async ({ world }) => {
        const request = { service: "conformance-nobody", endpoint: "No.Body" };
        for (const attempt of [
          () => world.client.call(request, { retries: 0 }),
          () => collect(world.client.stream(request, { retries: 0 })),
        ]) {
          let fired = false;
          const timer = setTimeout(() => {
            fired = true;
          });
          const until = performance.now() + 3000;
          while (!fired && performance.now() < until) await rejection(attempt());
          clearTimeout(timer);
          assert(fired, "no timer has fired meanwhile");
        }
      }),
    },
    {
      name: "a deadline ends the call in time and cancels the handler",
      run: about(async ({ lab, log }) => {
        const from = performance.now();
        const error = await rejection(lab.hang({}, { timeoutMs: 100 }));
        const took = performance.now() - from;
        assert.equal(error.code, "TIMEOUT");
        assert(took >= 90 && took < 1000, `after ${took} ms`);
        await eventually(() => assert.equal(log.cancelled.length, 1));
      }),
    },
    {
      name: "the client's own timeout holds where a call names none",
      run: about(
        async ({ lab }) => {
          assert.equal((await rejection(lab.hang({}))).code, "TIMEOUT");
        },
        { client: { poolRequestTimeout: "80ms" } },
      ),
    },
    {
      name: "a signal cancels the call at once and the handler soon",
      run: about(async ({ lab, log }) => {
        const controller = new AbortController();
        const begun = Promise.withResolvers<void>();
        log.onHang = begun.resolve;
        const call = rejection(lab.hang({}, { signal: controller.signal }));
        await begun.promise;
        const from = performance.now();
        controller.abort(new Error("no longer wanted"));
        const error = await call;
        assert.equal(error.code, "CANCELLED");
        assert.match(error.detail, /no longer wanted/);
        await eventually(() => assert.deepEqual(log.cancelled, ["CANCELLED"]), { intervalMs: 1 });
        assert(performance.now() - from < 500, `cancelled after ${performance.now() - from} ms`);
        const already = await rejection(lab.echo({}, { signal: AbortSignal.abort(new Error("too late")) }));
        assert.equal(already.code, "CANCELLED");
      }),
    },
    {
      name: "a call made inside a handler has no more time than the handler, and ends with it",
      run: about(async ({ lab, log }) => {
        const { ms } = await lab.remaining({ nested: true }, { timeoutMs: 2000 });
        assert(ms > 0 && ms <= 2000, `${ms} ms are left`);
        assert.equal((await rejection(lab.hang({ nested: true }, { timeoutMs: 100 }))).code, "TIMEOUT");
        await eventually(() => assert.equal(log.cancelled.length, 1));
      }),
    },
    {
      name: "metadata that a wire cannot carry is refused by its name, also where there is no wire",
      run: about(async ({ lab }) => {
        const wrong: readonly (readonly [metadata: unknown, told: RegExp])[] = [
          [{ "x tenant": "a" }, /^Lab\.Look: metadata has the key "x tenant"/],
          [{ "x-tenant": undefined }, /^Lab\.Look: metadata "x-tenant" is undefined, it must be a text$/],
          [{ "x-tenant": { id: 1 } }, /^Lab\.Look: metadata "x-tenant" is an object, it must be a text$/],
          [
            { "x-tenant": "a\r\nx-admin: yes" },
            /^Lab\.Look: metadata "x-tenant" has control or half characters/,
          ],
          [{ "x-tenant": "\ud800" }, /^Lab\.Look: metadata "x-tenant" has control or half characters/],
          ["x-tenant", /^Lab\.Look: metadata is x-tenant, it must be an object of texts$/],
        ];
        for (const [metadata, told] of wrong) {
          const error = await rejection(lab.look({}, { metadata: metadata as Record<string, string> }));
          assert.deepEqual([error.code, error.id, error.notSent], ["BAD_REQUEST", "go.micro.client", true]);
          assert.match(error.detail, told);
        }
        const seen = await lab.look({}, { metadata: { "x-tenant": " a b\t" } });
        assert.equal(seen["x-tenant"], "a b");
      }),
    },
    {
      name: "metadata arrives, is forwarded to nested calls without what describes one hop, and names the caller",
      run: about(async ({ lab }) => {
        const metadata = { "Foo-Bar": "bäz", "micro-topic": "never.sent" };
        const direct = await lab.look({}, { metadata });
        const nested = await lab.look({ nested: true }, { metadata });
        for (const seen of [direct, nested]) {
          assert.equal(seen["foo-bar"], "bäz");
          assert.equal(seen["micro-topic"], undefined);
        }
        assert.equal(nested["micro-from-service"], "conformance-lab");
      }),
    },
    {
      name: "an idempotent call is repeated on another node when it failed on the way",
      run: about(
        async ({ lab, log }) => {
          log.failures = 1;
          const attempts: AttemptInfo[] = [];
          await lab.flaky({}, { onAttempt: (attempt) => attempts.push(attempt) });
          assert.equal(log.runs, 2);
          assert.deepEqual(
            attempts.map(({ attempt, error }) => [attempt, error !== undefined]),
            [
              [0, true],
              [1, false],
            ],
          );
          assert.notEqual(attempts[0]?.nodeId, attempts[1]?.nodeId);
        },
        { nodes: 2 },
      ),
    },
    {
      name: "no more attempts are made than were asked for, and an answer is never repeated",
      run: about(
        async ({ lab, log }) => {
          log.failures = 10;
          assert.equal((await rejection(lab.flaky({}, { retries: 2 }))).code, "UNAVAILABLE");
          assert.equal(log.runs, 3);
          assert.equal((await rejection(lab.fail({ kind: "known" }))).code, "CONFLICT");
        },
        { nodes: 2 },
      ),
    },
    {
      name: "a call that is not idempotent runs once, however it fails",
      run: about(
        async ({ lab, log }) => {
          log.failures = 1;
          assert.equal((await rejection(lab.once({}))).code, "UNAVAILABLE");
          assert.equal(log.runs, 1);
        },
        { nodes: 2 },
      ),
    },
    {
      name: "a node that does not answer leaves time for another one when the call is idempotent",
      run: about(
        async ({ lab, world, log }) => {
          const hanging = { service: "conformance-lab", endpoint: "Lab.Hang", message: {} };
          const attempts: AttemptInfo[] = [];
          const error = await rejection(
            world.client.call(hanging, {
              timeoutMs: 400,
              idempotent: true,
              onAttempt: (attempt) => attempts.push(attempt),
            }),
          );
          assert.equal(error.code, "TIMEOUT");
          const expected = harness.inside === true ? 1 : 2;
          assert.equal(new Set(attempts.map(({ nodeId }) => nodeId)).size, expected);
          await eventually(() => assert.equal(log.cancelled.length, expected));
          await lab.echo({});
        },
        { nodes: 2 },
      ),
    },
    {
      name: "no call fails while nodes leave in order",
      run: about(
        async ({ lab, world }) => {
          let running = true;
          let calls = 0;
          const caller = async (): Promise<void> => {
            while (running) {
              await lab.once({});
              calls++;
              // Calls inside a process never wait for the event loop.
              await new Promise((resolve) => setImmediate(resolve));
            }
          };
          const callers = Array.from({ length: 16 }, caller);
          await eventually(() => assert(calls > 50));
          await world.nodes[0]?.stop();
          const before = calls;
          await eventually(() => assert(calls > before + 50));
          running = false;
          await Promise.all(callers);
        },
        { nodes: 2 },
      ),
    },
    {
      name: "an address is called without asking anybody",
      run: about(
        async ({ lab, world }) => {
          for (const { address } of world.nodes) {
            const attempts: AttemptInfo[] = [];
            await lab.echo({}, { address, onAttempt: (attempt) => attempts.push(attempt) });
            assert.deepEqual(
              attempts.map((attempt) => attempt.address),
              [address],
            );
          }
        },
        { nodes: 2 },
      ),
    },
    {
      name: "client middleware stands around the call and attempt middleware around each attempt, the first listed outermost",
      run: () => {
        const seen: string[] = [];
        const note =
          (name: string): Middleware<Call> =>
          (next) =>
          async (call) => {
            seen.push(`${name} ${call.side} ${call.endpoint}`);
            call.metadata.set(`x-${name}`, "was here");
            try {
              return await next(call);
            } finally {
              seen.push(`${name} ends`);
            }
          };
        const middleware = { client: [note("a"), note("b")], attempt: [note("c")] };
        return about(
          async ({ lab, log }) => {
            log.failures = 1;
            await lab.flaky({});
            const call = "client Lab.Flaky";
            const attempt = [`c ${call}`, "c ends"];
            assert.deepEqual(seen, [`a ${call}`, `b ${call}`, ...attempt, ...attempt, "b ends", "a ends"]);
            const { "x-a": a, "x-b": b, "x-c": c } = await lab.look({});
            assert.deepEqual([a, b, c], ["was here", "was here", "was here"]);
          },
          { nodes: 2, middleware },
        )();
      },
    },
    {
      name: "nothing is called in vain: nobody there, a negative timeout and a stopped client fail at once",
      run: about(async ({ lab, world }) => {
        const nobody = await rejection(world.client.call({ service: "no-such-service", endpoint: "A.B" }));
        assert.deepEqual([nobody.code, nobody.id], ["NOT_FOUND", "go.micro.client"]);
        assert.equal((await rejection(lab.echo({}, { timeoutMs: -1 }))).code, "BAD_REQUEST");
        assert.equal((await rejection(lab.echo({}, { timeoutMs: 0 }))).code, "TIMEOUT");
        await world.client.stop?.({ graceMs: 0 });
        assert.equal((await rejection(lab.echo({}))).code, "PRECONDITION_FAILED");
      }),
    },
    {
      name: "publishing without a broker fails and says so",
      run: about(async ({ world }) => {
        const error = await rejection(world.client.publish("some.topic", {}));
        assert.equal(error.code, "PRECONDITION_FAILED");
        assert.match(error.detail, /broker/);
      }),
    },
  ];
}

type Tail<T extends readonly unknown[]> = T extends readonly [unknown, ...infer Rest] ? Rest : never;
