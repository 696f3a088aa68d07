import assert from "node:assert/strict";
import {
  type CallContext,
  currentCall,
  defineContract,
  defineService,
  handle,
  implement,
  type Middleware,
  type StandardSchema,
  serverStream,
  unary,
} from "@micro/core";
import { type ConformanceCase, eventually, rejection, within } from "@micro/core/conformance";
import {
  cancelled,
  type ServerHarness,
  type ServerWorld,
  type ServerWorldOptions,
  withServer,
} from "./conformance-world.ts";

const NAME = "conformance-service";

/** Promises about how calls are run. */
export function callCases(harness: ServerHarness): readonly ConformanceCase[] {
  const about =
    (
      handlers: NonNullable<ServerWorldOptions["definition"]["handlers"]>,
      body: (world: ServerWorld) => Promise<void>,
      options: Omit<ServerWorldOptions, "definition"> = {},
    ) =>
    () =>
      within(
        "the case",
        withServer(harness, { ...options, definition: defineService({ name: NAME, handlers }) }, body),
        10_000,
      );
  return [
    {
      name: "a handler that answers at once and one that takes time are both answered, void with an empty message",
      run: about(
        [
          handle("Case.Sync", (request) => request),
          handle("Case.Async", async (request) => request),
          handle("Case.Void", () => undefined),
        ],
        async ({ call }) => {
          const message = { text: "häß€", list: [1, null, { deep: true }] };
          assert.deepEqual(await call({ endpoint: "Case.Sync", message }), message);
          assert.deepEqual(await call({ endpoint: "Case.Async", message }), message);
          assert.deepEqual(await call({ endpoint: "Case.Void" }), {});
        },
      ),
    },
    {
      name: "what is not there is named as Go names it",
      run: about([handle("Case.Known", () => ({}))], async ({ call }) => {
        const detail = async (endpoint: string): Promise<string> =>
          (await rejection(call({ endpoint }))).detail;
        const texts: Readonly<Record<string, string>> = {
          "Nobody.Known": "rpc: can't find service Nobody",
          "Case.Unknown": "rpc: can't find method Unknown",
          nonsense: "rpc: service/endpoint request ill-formed: nonsense",
        };
        for (const [endpoint, text] of Object.entries(texts)) {
          assert.equal(await detail(endpoint), harness.unknown?.(endpoint) ?? text);
        }
      }),
    },
    {
      name: "what a handler throws is never lost, whatever it is",
      run: about(
        [
          handle("Case.Throws", () => {
            throw new RangeError("out of range");
          }),
          handle("Case.Rejects", () => Promise.reject(new Error("rejected"))),
          handle("Case.ThrowsText", () => Promise.reject("just text")),
        ],
        async ({ call, server }) => {
          for (const [endpoint, detail] of [
            ["Case.Throws", "out of range"],
            ["Case.Rejects", "rejected"],
            ["Case.ThrowsText", "just text"],
          ] as const) {
            const error = await rejection(call({ endpoint }));
            assert.deepEqual([error.id, error.code, error.detail], [NAME, "INTERNAL", detail]);
          }
          assert.equal(server.active, 0);
        },
      ),
    },
    {
      name: "requests and replies are checked with the contract's schemas, and the error names the path",
      run: () => {
        const contract = defineContract({
          name: "Case",
          service: NAME,
          methods: {
            name: unary({ input: nameSchema(), output: nameSchema() }),
            wrong: unary({ output: nameSchema() }),
            names: serverStream({ input: nameSchema(), output: nameSchema() }),
          },
        });
        return about(
          [
            implement(contract, {
              name: ({ name }) => ({ name: name.toUpperCase() }),
              wrong: () => ({ name: 42 }) as never,
              async *names({ name }) {
                yield { name };
                yield { name: 42 } as never;
              },
            }),
          ],
          async ({ call, stream }) => {
            // The schema cuts what it does not know.
            const message = { name: "bob", more: 1 };
            assert.deepEqual(await call({ endpoint: "Case.Name", message }), { name: "BOB" });
            const bad = await rejection(call({ endpoint: "Case.Name", message: { name: 42 } }));
            assert.deepEqual(
              [bad.code, bad.detail],
              ["BAD_REQUEST", "request of Case.Name: name: must be a text"],
            );
            const wrong = await rejection(call({ endpoint: "Case.Wrong", message: {} }));
            assert.deepEqual(
              [wrong.code, wrong.detail],
              ["INTERNAL", "reply of Case.Wrong: name: must be a text"],
            );
            const seen: unknown[] = [];
            const error = await rejection(
              (async () => {
                const call = { endpoint: "Case.Names", kind: "serverStream", message } as const;
                for await (const reply of stream(call)) seen.push(reply);
              })(),
            );
            assert.deepEqual(seen, [{ name: "bob" }]);
            assert.equal(error.code, "INTERNAL");
          },
        )();
      },
    },
    {
      name: "a handler knows its call: endpoint, caller, metadata, time left, and stands in it wherever it waits",
      run: () => {
        const seen: Record<string, unknown>[] = [];
        const look = async (_: unknown, context: CallContext): Promise<object> => {
          await new Promise((resolve) => setImmediate(resolve));
          const { side, kind, service, endpoint, caller } = context;
          seen.push({ side, kind, service, endpoint, same: currentCall() === context, from: caller.service });
          assert(caller.address.length > 0);
          assert.equal(context.metadata.get("Foo-Bar"), "bäz");
          assert(context.remainingMs() > 0 && context.remainingMs() <= 3000);
          assert.equal(context.signal.aborted, false);
          context.logger.debug("looked");
          return {};
        };
        return about([handle("Case.Look", look)], async ({ call }) => {
          await call({ endpoint: "Case.Look", metadata: { "foo-bar": "bäz" }, timeoutMs: 3000 });
          const expected = {
            side: "server",
            kind: "unary",
            service: NAME,
            endpoint: "Case.Look",
            same: true,
          };
          assert.deepEqual(seen, [{ ...expected, from: "conformance-caller" }]);
          assert.equal(currentCall(), undefined);
        })();
      },
    },
    {
      name: "handler middleware stands around each handler, the first listed outermost, and may answer itself",
      run: () => {
        const seen: string[] = [];
        const note =
          (name: string): Middleware<CallContext> =>
          (next) =>
          async (context) => {
            seen.push(`${name} ${context.endpoint}`);
            if (context.metadata.get("x-answer") === name) return { by: name };
            return next(context);
          };
        return about(
          [handle("Case.Echo", (request) => request)],
          async ({ call }) => {
            assert.deepEqual(await call({ endpoint: "Case.Echo", message: { a: 1 } }), { a: 1 });
            assert.deepEqual(seen, ["first Case.Echo", "second Case.Echo"]);
            const metadata = { "x-answer": "first" };
            assert.deepEqual(await call({ endpoint: "Case.Echo", metadata }), { by: "first" });
          },
          { middleware: { handler: [note("first"), note("second")] } },
        )();
      },
    },
    {
      name: "the caller's deadline ends the call on the server too, and its leaving cancels the handler",
      run: () => {
        let begun = 0;
        const reasons: string[] = [];
        const hang = async (_: unknown, context: CallContext): Promise<object> => {
          begun++;
          reasons.push(await cancelled(context));
          return {};
        };
        return about([handle("Case.Hang", hang)], async ({ call, server }) => {
          // On a busy machine a short time may be over before the call arrives.
          for (let timeoutMs = 80; begun === 0 && timeoutMs < 3000; timeoutMs *= 2)
            assert.equal((await rejection(call({ endpoint: "Case.Hang", timeoutMs }))).code, "TIMEOUT");
          assert(begun > 0, "no call reached the handler");
          await eventually(() => assert.equal(reasons.length, begun));
          const controller = new AbortController();
          const given = rejection(call({ endpoint: "Case.Hang", signal: controller.signal }));
          await eventually(() => assert.equal(server.active, 1));
          controller.abort(new Error("enough"));
          await given;
          await eventually(() => assert.equal(reasons.at(-1), "CANCELLED"));
          await eventually(() => assert.equal(server.active, 0));
        })();
      },
    },
    {
      name: "no more calls run at once than allowed: others are refused by name of the option",
      run: () => {
        const gate = Promise.withResolvers<void>();
        return about(
          [handle("Case.Wait", async () => gate.promise)],
          async ({ call, server }) => {
            const running = [call({ endpoint: "Case.Wait" }), call({ endpoint: "Case.Wait" })];
            await eventually(() => assert.equal(server.active, 2));
            const error = await rejection(call({ endpoint: "Case.Wait" }));
            assert.equal(error.code, "RESOURCE_EXHAUSTED");
            assert.match(error.detail, /max_concurrent/);
            gate.resolve();
            await Promise.all(running);
            await call({ endpoint: "Case.Wait" });
          },
          { server: { maxConcurrent: 2 } },
        )();
      },
    },
  ];
}

/** `{name: string}`; keys it does not know are cut. */
function nameSchema(): StandardSchema<unknown, { readonly name: string }> {
  return {
    "~standard": {
      version: 1,
      vendor: "conformance",
      validate: (value) => {
        const name: unknown = (value as { readonly name?: unknown } | null)?.name;
        return typeof name === "string"
          ? { value: { name } }
          : { issues: [{ message: "must be a text", path: ["name"] }] };
      },
    },
  };
}
