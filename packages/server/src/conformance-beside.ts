import assert from "node:assert/strict";
import {
  type CallContext,
  defineContract,
  defineService,
  implement,
  type Metadata,
  MicroError,
  serverStream,
  unary,
} from "@micro/core";
import { type ConformanceCase, rejection, within } from "@micro/core/conformance";
import { type ServerHarness, type ServerWorldCall, withServer } from "./conformance-world.ts";

const NAME = "conformance-service";

const contract = defineContract({
  name: "Beside",
  service: NAME,
  methods: { say: unary<{ readonly fail?: boolean }, object>(), tell: serverStream<object, object>() },
});

/** Everything that a handler may try to say. */
function sayAll({ replyHeader, replyTrailer }: CallContext): void {
  replyHeader
    .set("X-Said", "header")
    .set("content-type", "text/wrong")
    .set("micro-error", "{}")
    .set("no header name", "1")
    .set("x-broken", "a\r\nb");
  replyTrailer.set("X-Said", "trailer").set("x-bytes-bin", "AAEC").set("grpc status", "0");
}

/** What a caller is told, as plain objects. */
function listener(): {
  readonly told: Record<string, unknown>[];
  readonly options: Pick<ServerWorldCall, "onHeader" | "onTrailer">;
} {
  const told: Record<string, unknown>[] = [];
  const note = (what: string) => (metadata: Metadata) => {
    told.push({ [what]: Object.fromEntries(metadata) });
  };
  return { told, options: { onHeader: note("header"), onTrailer: note("trailer") } };
}

const ALL = [{ header: { "x-said": "header" } }, { trailer: { "x-said": "trailer", "x-bytes-bin": "AAEC" } }];

/** Promises about what handlers say beside their replies. */
export function besideCases(harness: ServerHarness): readonly ConformanceCase[] {
  const handlers = implement(contract, {
    say: ({ fail = false }, context) => {
      sayAll(context);
      if (fail) throw new MicroError({ id: "beside", code: "CONFLICT", detail: "taken" });
      return {};
    },
    async *tell(_, context) {
      sayAll(context);
      yield {};
      context.replyHeader.set("x-too-late", "yes");
      yield {};
    },
  });
  const about = (body: Parameters<typeof withServer>[2]) => () =>
    within(
      "the case",
      withServer(
        harness,
        {
          definition: defineService({ name: NAME, handlers: [handlers] }),
          middleware: {
            handler: [
              (next) => async (context) => {
                if (context.metadata.get("x-middleware") !== undefined) {
                  context.replyHeader.set("x-by", "middleware");
                }
                return next(context);
              },
            ],
          },
        },
        body,
      ),
      10_000,
    );
  return [
    {
      name: "a handler may say something beside its reply or error; what no header can carry is left out",
      run: about(async ({ call, server }) => {
        const well = listener();
        assert.deepEqual(await call({ endpoint: "Beside.Say", message: {}, ...well.options }), {});
        assert.deepEqual(well.told, ALL);
        const ill = listener();
        const failing = call({ endpoint: "Beside.Say", message: { fail: true }, ...ill.options });
        const { id, code, detail } = await rejection(failing);
        assert.deepEqual([id, code, detail], ["beside", "CONFLICT", "taken"]);
        assert.deepEqual(ill.told, ALL);
        assert.equal(server.active, 0);
      }),
    },
    {
      name: "a stream's header leaves with its first reply and what is added later goes nowhere; its trailer ends it",
      run: about(async ({ stream }) => {
        const { told, options } = listener();
        const endpoint = "Beside.Tell";
        for await (const _ of stream({ endpoint, kind: "serverStream", message: {}, ...options })) {
          told.push({ reply: told.length });
        }
        assert.deepEqual(told, [ALL[0], { reply: 1 }, { reply: 2 }, ALL[1]]);
      }),
    },
    {
      name: "middleware around a handler may say something too",
      run: about(async ({ call }) => {
        const { told, options } = listener();
        const metadata = { "x-middleware": "on" };
        await call({ endpoint: "Beside.Say", message: {}, metadata, ...options });
        assert.deepEqual(told[0], { header: { "x-by": "middleware", "x-said": "header" } });
      }),
    },
  ];
}
