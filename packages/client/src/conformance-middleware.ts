import assert from "node:assert/strict";
import { type Call, MicroError, type Middleware } from "@micro/core";
import { type ConformanceCase, eventually, rejection, within } from "@micro/core/conformance";
import { type ClientHarness, collect, withLab } from "./conformance-world.ts";

type Place = "client" | "attempt";

/** Promises about what middleware and listeners may do to a call, and what they may not. */
export function middlewareCases(harness: ClientHarness): readonly ConformanceCase[] {
  const about =
    (...parameters: Tail<Parameters<typeof withLab>>) =>
    () =>
      within("the case", withLab(harness, ...parameters), 10_000);
  const at = (place: Place, middleware: Middleware<Call>) => ({ middleware: { [place]: [middleware] } });
  const places: readonly Place[] = ["client", "attempt"];
  return [
    givenUpAttempt(harness),
    ...places.flatMap((place) => [
      {
        name: `what ${place} middleware does not wait for is cancelled when the call is over`,
        run: async () => {
          const begun = Promise.withResolvers<void>();
          const early: Middleware<Call> = (next) => async (call) => {
            next(call).catch(() => undefined);
            await begun.promise;
            return { text: "early" };
          };
          const run = about(
            async ({ lab, log }) => {
              log.onHang = begun.resolve;
              assert.deepEqual(await lab.hang({}, { timeoutMs: 60_000 }), { text: "early" });
              await eventually(() => assert.equal(log.cancelled.length, 1));
            },
            at(place, early),
          );
          await run();
        },
      },
      {
        name: `${place} middleware that never answers keeps nobody beyond the deadline`,
        run: about(
          async ({ lab }) => {
            const timeoutMs = 100;
            assert.equal((await rejection(lab.echo({}, { timeoutMs }))).code, "TIMEOUT");
            assert.equal((await rejection(collect(lab.count({ to: 1 }, { timeoutMs })))).code, "TIMEOUT");
            assert.equal((await rejection(lab.sum([], { timeoutMs }))).code, "TIMEOUT");
          },
          at(place, () => () => new Promise(() => undefined)),
        ),
      },
      {
        name: `what ${place} middleware throws or answers without a promise is the call's error or reply`,
        run: about(
          async ({ lab }) => {
            const said = async (call: Promise<unknown>): Promise<readonly string[]> => {
              const { id, code, detail } = await rejection(call);
              return [id, code, detail];
            };
            const thrown = ["go.micro.client", "INTERNAL", "thrown"];
            assert.deepEqual(await said(lab.echo({})), thrown);
            assert.deepEqual(await said(collect(lab.count({ to: 1 }))), thrown);
            assert.deepEqual(await said(lab.sum([])), thrown);
            assert.deepEqual(await lab.look({}), { from: "middleware" });
            const [id, code, detail] = await said(collect(lab.tell({ to: 1 })));
            assert.deepEqual([id, code], ["go.micro.client", "INTERNAL"]);
            assert.match(String(detail), /must give an AsyncIterable/);
          },
          at(place, () => (call) => {
            // Written without types, middleware may do that.
            if (call.endpoint === "Lab.Look") return { from: "middleware" } as never;
            if (call.endpoint === "Lab.Tell") return 5 as never;
            throw new Error("thrown");
          }),
        ),
      },
    ]),
    {
      name: "middleware that makes a call twice at once gets the faster reply, and the other is cancelled",
      run: about(
        async ({ lab, log }) => {
          log.gate = (run) => (run === 1 ? new Promise(() => undefined) : Promise.resolve());
          assert.deepEqual(await lab.gated({}, { timeoutMs: 60_000 }), { run: 2 });
          await eventually(() => assert.equal(log.cancelled.length > 0, true));
        },
        at("client", (next) => (call) => Promise.any([next(call), next(call)])),
      ),
    },
    {
      name: "an attempt cannot be made when the call is over, and middleware is told so",
      run: async () => {
        const over = Promise.withResolvers<void>();
        const told = Promise.withResolvers<unknown>();
        const late: Middleware<Call> = (next) => async (call) => {
          await over.promise;
          told.resolve(rejection(next(call)));
          return {};
        };
        const run = about(
          async ({ lab }) => {
            assert.equal((await rejection(lab.echo({}, { timeoutMs: 50, retries: 0 }))).code, "TIMEOUT");
            over.resolve();
            const error = (await within("the word", told.promise)) as MicroError;
            assert.deepEqual([error.id, error.code], ["go.micro.client", "INTERNAL"]);
          },
          at("attempt", late),
        );
        await run();
      },
    },
    {
      name: "middleware around a stream sees its end, also when the deadline comes between two reads",
      run: async () => {
        const seen: unknown[] = [];
        const watching: Middleware<Call> = (next) => async (call) => {
          const replies = (await next(call)) as AsyncIterable<unknown>;
          return (async function* () {
            try {
              yield* replies;
            } catch (error) {
              seen.push(MicroError.from(error).code);
              throw error;
            } finally {
              seen.push("end");
            }
          })();
        };
        const run = about(
          async ({ lab }) => {
            const replies = lab.count({ to: 1e9 }, { timeoutMs: 500 })[Symbol.asyncIterator]();
            assert.deepEqual(await replies.next(), { done: false, value: { at: 0 } });
            await eventually(() => assert.deepEqual(seen, ["TIMEOUT", "end"]));
            assert.equal((await rejection(replies.next())).code, "TIMEOUT");
            assert.equal((await replies.next()).done, true);
          },
          at("client", watching),
        );
        await run();
      },
    },
    {
      name: "listeners that throw change nothing for the call, its caller and its handler",
      run: about(
        async ({ lab, log }) => {
          const error = await rejection(lab.hang({ noisy: true }, { timeoutMs: 100 }));
          assert.equal(error.code, "TIMEOUT");
          await eventually(() => assert.equal(log.cancelled.length, 1));
          const onAttempt = (): never => {
            throw new Error("noise");
          };
          assert.deepEqual(await lab.echo({ text: "x" }, { onAttempt }), { text: "x" });
          assert.deepEqual(await collect(lab.count({ to: 1 }, { onAttempt })), [{ at: 0 }]);
        },
        at("client", (next) => (call) => {
          call.cancellation.onAbort(() => {
            throw new Error("noise");
          });
          return next(call);
        }),
      ),
    },
  ];
}

/** A time limit of attempts, as middleware. */
function givenUpAttempt(harness: ClientHarness): ConformanceCase {
  return {
    name: "an attempt that its middleware gives up is over: what comes of it late does not answer the next one",
    run: async () => {
      const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
      const begun = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
      let attempts = 0;
      const impatient: Middleware<Call> = (next) => (call) => {
        if (call.endpoint !== "Lab.Gated" || ++attempts > 1) return next(call);
        const tooLate = begun[0].promise.then(() => {
          throw new MicroError({ code: "TIMEOUT", detail: "the attempt took too long" });
        });
        return Promise.race([next(call), tooLate]);
      };
      const body: Parameters<typeof withLab>[1] = async ({ lab, log }) => {
        log.gate = (run) => {
          begun[run - 1]?.resolve();
          return gates[run - 1]?.promise ?? Promise.resolve();
        };
        const reply = lab.gated({}, { retries: 1, timeoutMs: 60_000 });
        await begun[1].promise;
        gates[0].resolve();
        // Behind it come the replies of these.
        await Promise.all(Array.from({ length: 20 }, () => lab.echo({})));
        gates[1].resolve();
        assert.deepEqual(await reply, { run: 2 });
      };
      const options = { nodes: 2, middleware: { attempt: [impatient] } };
      await within("the case", withLab(harness, body, options), 10_000);
    },
  };
}

type Tail<T extends readonly unknown[]> = T extends readonly [unknown, ...infer Rest] ? Rest : never;
