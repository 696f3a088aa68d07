import { eventually } from "@micro/core/conformance";
import { collect, errorOf, holds, same } from "../check.ts";
import type { GoStep } from "../go-commands.ts";
import type { HelloReply } from "../greeter.ts";
import { RawPeer, rawRequest } from "../raw-peer.ts";
import { goBug, type Row } from "../row.ts";
import type { World } from "../world.ts";

const reply = (n: number, name: string): HelloReply => ({ msg: `${n} ${name}`, n });
const both = (name: string): HelloReply[] => [reply(1, name), reply(2, name)];
const say = (name: string): GoStep => ({ send: { name } });
const CHAT = { endpoint: "Greeter.Chat", body: { name: "" } } as const;
const streamHeaders = { "Micro-Stream": "0", Timeout: null };

async function noteOf(world: World, what: "chat ended" | "quiet ended"): Promise<unknown> {
  return eventually(() => {
    const note = world.notes.take(what);
    if (note === undefined) throw new Error(`the handler did not tell '${what}'`);
    return note.value;
  });
}

/**
 * Checks the answers to `names` from a Go server. On a busy machine it may still write the second of two answers twice
 * (spec 1.12); nothing else is let through.
 */
export function sameFromGo(
  what: string,
  received: readonly HelloReply[] | undefined,
  names: readonly string[],
): void {
  const repaired = (received ?? []).map((message, at) => {
    const second = reply(2, names[at >> 1] ?? "");
    return at % 2 === 0 && message.msg === second.msg ? reply(1, names[at >> 1] ?? "") : message;
  });
  same(what, repaired, names.flatMap(both));
}

/** Streams (spec 1.12). */
export const streamRows: readonly Row[] = [
  {
    row: "S1",
    title: "bidirectional: two messages, two answers to each, closed by the client",
    runs: {
      "go→ts": async (world) => {
        const steps: GoStep[] = [say("a"), { recv: 2 }, say("b"), { recv: 2 }, { close: true }];
        const answer = await world.streamTs({ ...CHAT, steps });
        same("the messages", [answer.ok, answer.received], [true, [...both("a"), ...both("b")]]);
        same("the handler's end", await noteOf(world, "chat ended"), "EOF");
      },
      "ts→go": async (world) => {
        const { peer } = await world.goServer();
        const greeter = await world.goGreeter();
        const received: HelloReply[] = [];
        const { promise: answered, resolve } = Promise.withResolvers<void>();
        async function* requests() {
          yield { name: "a" };
          yield { name: "b" };
          await answered;
        }
        for await (const message of greeter.chat(requests())) {
          received.push(message);
          if (received.length === 4) break;
        }
        resolve();
        sameFromGo("the messages", received, ["a", "b"]);
        same("the handler's end", (await peer.event<{ reason: string }>("chat ended")).reason, "EOF");
      },
    },
  },
  {
    row: "S2",
    title: "the server ends",
    runs: {
      "go→ts": async (world) => {
        const answer = await world.streamTs({
          ...CHAT,
          steps: [say("a"), { recv: 2 }, say("done"), { end: true }],
        });
        same("the end", [answer.ok, answer.end, answer.received], [true, "EOF", both("a")]);
      },
      "ts→go": async (world) => {
        const greeter = await world.goGreeter();
        const requests = openEnded([{ name: "a" }, { name: "done" }]);
        sameFromGo("the messages", await collect(greeter.chat(requests, { timeoutMs: 5000 })), ["a"]);
      },
    },
  },
  {
    row: "S3",
    title: "the server ends with an error",
    runs: {
      "go→ts": async (world) => {
        const answer = await world.streamTs({
          ...CHAT,
          steps: [say("a"), { recv: 2 }, say("err"), { end: true }],
        });
        same("the error", [answer.ok, answer.id, answer.code, answer.detail], [false, "x", 400, "bad"]);
        same("what came before", answer.received, both("a"));
      },
      "ts→go": async (world) => {
        const greeter = await world.goGreeter();
        const requests = openEnded([{ name: "a" }, { name: "err" }]);
        const { id, code, detail } = await errorOf(collect(greeter.chat(requests, { timeoutMs: 5000 })));
        same("the error", [id, code, detail], ["x", "BAD_REQUEST", "bad"]);
      },
    },
  },
  {
    row: "S4",
    title: "server stream of a generated stub: the open frame is no request",
    runs: {
      "go→ts": async (world) => {
        const steps: GoStep[] = [{ send: { to: 3 } }, { end: true }];
        const answer = await world.streamTs({ endpoint: "Greeter.Count", body: { to: 99 }, steps });
        same("the messages", [answer.end, answer.received], ["EOF", [{ at: 0 }, { at: 1 }, { at: 2 }]]);
      },
      "ts→go": async (world) => {
        const greeter = await world.goGreeter();
        same("the messages", await collect(greeter.count({ to: 3 })), [{ at: 0 }, { at: 1 }, { at: 2 }]);
      },
    },
  },
  {
    row: "S5",
    title: "the client fails; the client is gone without EOS",
    runs: {
      "go→ts": async (world) => {
        const address = (await world.tsService()).server.address ?? "";
        await using peer = await RawPeer.connect(address);
        const frame = (body: string, more = {}) =>
          rawRequest("Greeter.Chat", body, { ...streamHeaders, ...more });
        peer.write(frame('{"name":""}\n') + frame('{"name":"a"}\n'));
        same("the stream works", (await peer.next())?.body, '{"msg":"1 a","n":1}\n');
        peer.write(frame("", { "Micro-Error": "the client is unwell" }));
        const ended = await noteOf(world, "chat ended");
        holds("the handler sees the client's error", String(ended).includes("the client is unwell"), ended);
        const { server } = await world.tsService();
        const doomed = await world.startGoClient([]);
        const steps: GoStep[] = [say("a"), { recv: 2 }, { tell: "now" }, { pauseMs: 60_000 }];
        const lost = doomed.run({ op: "stream", service: "greeter", ...CHAT, address, steps });
        await doomed.event("stream");
        same("a stream runs", server.active, 1);
        await Promise.all([doomed.stop("SIGKILL"), lost.catch(() => undefined)]);
        await noteOf(world, "chat ended");
        await eventually(() => same("streams that run", server.active, 0));
      },
      "ts→go": async (world) => {
        const { peer } = await world.goServer();
        const greeter = await world.goGreeter();
        for await (const message of greeter.chat(openEnded([{ name: "a" }]))) {
          sameFromGo("the stream works", [message, reply(2, "a")], ["a"]);
          break;
        }
        await peer.event("chat ended");
      },
    },
  },
  {
    row: "S6",
    title: "two streams at once; protobuf streams with empty messages",
    runs: {
      "go→ts": async (world) => {
        const script = (name: string): GoStep[] =>
          [1, 2, 3].flatMap((n) => [say(`${name}${n}`), { recv: 2 } as const]).concat({ close: true });
        const [a, b] = await Promise.all(
          ["a", "b"].map((name) => world.streamTs({ ...CHAT, steps: script(name) })),
        );
        same(
          "one",
          a?.received,
          [1, 2, 3].flatMap((n) => both(`a${n}`)),
        );
        same(
          "the other",
          b?.received,
          [1, 2, 3].flatMap((n) => both(`b${n}`)),
        );
        const steps: GoStep[] = ["a", "", "bbb"].flatMap((service) => [{ send: { service } }, { recv: 1 }]);
        const protobuf = {
          endpoint: "Greeter.Healths",
          kind: "health",
          contentType: "application/protobuf",
        } as const;
        const healths = await world.streamTs({
          ...protobuf,
          body: {},
          steps: [...steps, { send: { service: "done" } }, { end: true }],
        });
        same("protobuf", [healths.end, healths.received], ["EOF", [{ memory: "1" }, {}, { memory: "3" }]]);
      },
      "ts→go": async (world) => {
        const greeter = await world.goGreeter();
        const run = (name: string) =>
          collect(
            greeter.chat(
              openEnded([1, 2, 3].map((n) => ({ name: `${name}${n}` })).concat({ name: "done" })),
              { timeoutMs: 5000 },
            ),
          );
        const [a, b] = await Promise.all([run("a"), run("b")]);
        sameFromGo("one", a, ["a1", "a2", "a3"]);
        sameFromGo("the other", b, ["b1", "b2", "b3"]);
        const requests = openEnded(["a", "", "bbb", "done"].map((service) => ({ service })));
        const protobuf = await world.goGreeter({ contentType: "application/protobuf" });
        const healths = await collect(protobuf.healths(requests, { timeoutMs: 5000 }));
        same(
          "protobuf",
          healths.map(({ memory }) => memory),
          [1n, 0n, 3n],
        );
      },
    },
  },
  {
    row: "S7",
    title: "a handler that sends first; one that never sends",
    runs: {
      "go→ts": async (world) => {
        const first = { endpoint: "Greeter.First", body: { name: "" } };
        const answer = await world.streamTs({ ...first, steps: [{ recv: 1 }, say("bob"), { end: true }] });
        same(
          "first",
          [answer.end, answer.received],
          [
            "EOF",
            [
              { msg: "first", n: 0 },
              { msg: "then bob", n: 0 },
            ],
          ],
        );
        const quiet = { endpoint: "Greeter.Quiet", body: { name: "" } };
        const silent = await world.streamTs({
          ...quiet,
          steps: [say("a"), say("b"), { pauseMs: 50 }, { close: true }],
        });
        same("nothing comes", [silent.ok, silent.received], [true, []]);
        same("the handler has read all", await noteOf(world, "quiet ended"), 2);
      },
      "ts→go": async (world) => {
        const { peer } = await world.goServer();
        const greeter = await world.goGreeter();
        const first = collect(greeter.first([{ name: "bob" }], { timeoutMs: 5000 }));
        same("first", await first, [
          { msg: "first", n: 0 },
          { msg: "then bob", n: 0 },
        ]);
        const quiet = errorOf(collect(greeter.quiet([{ name: "a" }, { name: "b" }], { timeoutMs: 500 })));
        const { read } = await peer.event<{ readonly read: number }>("quiet ended");
        same("the handler has read all", read, 2);
        same("our end", (await quiet).code, "TIMEOUT");
        return goBug(
          "a handler that ends after the client's EOS is not announced to the client (spec 1.12): a caller that reads on must " +
            "set `timeoutMs`; the rest passes",
        );
      },
    },
  },
];

/** Requests whose end the client does not say by itself, as long as the test runs. */
async function* openEnded<T>(messages: readonly T[]): AsyncGenerator<T> {
  yield* messages;
  await new Promise(() => undefined);
}
