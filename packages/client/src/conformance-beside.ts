import assert from "node:assert/strict";
import type { Metadata } from "@micro/core";
import { type ConformanceCase, rejection, within } from "@micro/core/conformance";
import type { CallOptions } from "./client.ts";
import { type ClientHarness, collect, withLab } from "./conformance-world.ts";

/** What a caller was told beside messages and end, in the order in which it was told. */
class Heard {
  readonly all: string[] = [];
  readonly options: CallOptions = {
    onHeader: (metadata) => this.#note("header", metadata),
    onTrailer: (metadata) => this.#note("trailer", metadata),
  };

  #note(what: string, metadata: Metadata): void {
    const pairs = Array.from(metadata, ([key, value]) => `${key}=${value}`);
    this.all.push(`${what} ${pairs.toSorted().join(" ")}`);
  }
}

const HEADER = "header x-lab=header";
const TRAILER = "trailer x-lab-bin=AAEC x-lab=train";

/** Promises about what a handler says beside its reply. */
export function besideCases(harness: ClientHarness): readonly ConformanceCase[] {
  const about =
    (...parameters: ParametersAfterFirst) =>
    () =>
      within("the case", withLab(harness, ...parameters), 10_000);
  return [
    {
      name: "what a handler says beside its reply is told before the reply, and who says nothing is not heard",
      run: about(async ({ lab }) => {
        const heard = new Heard();
        await lab.say({}, heard.options).then(() => heard.all.push("reply"));
        assert.deepEqual(heard.all, [HEADER, TRAILER, "reply"]);
        const silent = new Heard();
        await lab.echo({}, { ...silent.options, metadata: { "x-lab": "mine" } });
        assert.deepEqual(silent.all, []);
        // Whoever does not ask is answered all the same.
        await lab.say({});
      }),
    },
    {
      name: "what a handler says beside its error is told before the error",
      run: about(async ({ lab }) => {
        for (const late of [false, true]) {
          const heard = new Heard();
          const error = await rejection(lab.say({ fail: true, late }, heard.options));
          assert.equal(error.code, "CONFLICT");
          assert.deepEqual(heard.all, [HEADER, TRAILER]);
        }
      }),
    },
    {
      name: "of attempts that are repeated only the last one is heard",
      run: about(
        async ({ lab, log }) => {
          log.failures = 1;
          const heard = new Heard();
          await lab.flaky({}, heard.options);
          assert.equal(log.runs, 2);
          assert.deepEqual(heard.all, ["header x-run=2"]);
        },
        { nodes: 2 },
      ),
    },
    {
      name: "the header of a stream is told before its first reply, the trailer before its end",
      run: about(async ({ lab }) => {
        const heard = new Heard();
        for await (const { at } of lab.tell({ to: 2 }, heard.options)) heard.all.push(`${at}`);
        assert.deepEqual(heard.all, [HEADER, "0", "1", TRAILER]);
        const empty = new Heard();
        assert.deepEqual(await collect(lab.tell({ to: 0 }, empty.options)), []);
        assert.deepEqual(empty.all, [HEADER, TRAILER]);
      }),
    },
    {
      name: "a stream that fails has a header and a trailer too, with replies and without",
      run: about(async ({ lab }) => {
        for (const to of [0, 2]) {
          const heard = new Heard();
          const error = await rejection(collect(lab.tell({ to, fail: true }, heard.options)));
          assert.equal(error.code, "CONFLICT");
          assert.deepEqual(heard.all, [HEADER, TRAILER]);
        }
      }),
    },
    {
      name: "a client stream has both before its one reply",
      run: about(async ({ lab }) => {
        const heard = new Heard();
        const reply = await lab.gather([{ fail: false }], heard.options);
        heard.all.push(`${reply.requests}`);
        assert.deepEqual(heard.all, [HEADER, TRAILER, "1"]);
        const failed = new Heard();
        assert.equal((await rejection(lab.gather([{ fail: true }], failed.options))).code, "CONFLICT");
        assert.deepEqual(failed.all, [HEADER, TRAILER]);
      }),
    },
    {
      name: "the header of a bidirectional stream comes with its first reply, while requests are open",
      run: about(async ({ lab }) => {
        const heard = new Heard();
        const open = Promise.withResolvers<void>();
        async function* requests() {
          yield { text: "a" };
          await open.promise;
        }
        const replies = lab.converse(requests(), heard.options)[Symbol.asyncIterator]();
        assert.deepEqual(await replies.next(), { done: false, value: { text: "a" } });
        assert.deepEqual(heard.all, [HEADER]);
        open.resolve();
        assert.equal((await replies.next()).done, true);
        assert.deepEqual(heard.all, [HEADER, TRAILER]);
      }),
    },
    {
      name: "a function of the caller that throws costs it no reply",
      run: about(async ({ lab }) => {
        const fails = (): never => {
          throw new Error("the caller's own mistake");
        };
        const options = { onHeader: fails, onTrailer: fails };
        assert.deepEqual(await lab.say({}, options), {});
        assert.equal((await collect(lab.tell({ to: 3 }, options))).length, 3);
      }),
    },
  ];
}

type ParametersAfterFirst =
  Parameters<typeof withLab> extends readonly [unknown, ...infer Rest] ? Rest : never;
