import { eventually } from "@micro/core/conformance";
import { errorOf, holds, same } from "../check.ts";
import { goCall, goCalls } from "../go-commands.ts";
import { greeterContract, type Seen } from "../greeter.ts";
import { isLostCall, LOST_CALLS } from "../lost-calls.ts";
import { goBug, passed, type Row } from "../row.ts";
import type { World } from "../world.ts";

const SEQUENTIAL = 1000;
const PARALLEL = 50;
const names = (count: number): { readonly name: string }[] =>
  Array.from({ length: count }, (_, at) => ({ name: `n${at}` }));
const greeting = ({ name }: { readonly name: string }) => ({ msg: `Hello ${name}`, n: 42 });

/** Keys of one hop that must not arrive twice, with what they say about the last hop. */
function checkLastHop(what: string, metadata: Readonly<Record<string, string>>): void {
  same(`${what}: endpoint of the last hop`, metadata["Micro-Endpoint"], "Greeter.Look");
  same(`${what}: method of the last hop`, metadata["Micro-Method"], "Greeter.Look");
  same(`${what}: content type`, metadata["Content-Type"], "application/json");
  const twice = Object.keys(metadata).map((key) => key.toLowerCase());
  same(`${what}: no key twice`, new Set(twice).size, twice.length);
}

const valueUnder = (metadata: Readonly<Record<string, string>>, key: string): string | undefined =>
  Object.entries(metadata).find(([name]) => name.toLowerCase() === key)?.[1];

async function addressOfTs(world: World): Promise<string> {
  return (await world.tsService()).server.address ?? "";
}

/** Deadlines, failures, metadata and load. */
export const behaviourRows: readonly Row[] = [
  {
    row: "R11",
    title: "a slow handler and a timeout of 200 ms",
    runs: {
      "go→ts": async (world) => {
        const late = await world.callTs({ endpoint: "Greeter.Slow", body: { ms: 5000 }, timeoutMs: 200 });
        same("the error", [late.ok, late.code], [false, 408]);
        const seen = await eventually(() => world.notes.take("slow") ?? fail("no handler ran"));
        holds(
          "the handler knows the deadline",
          (seen.value as number) > 50 && (seen.value as number) <= 200,
          seen,
        );
        await eventually(() => world.notes.take("slow cancelled") ?? fail("the handler was not told"));
        const next = await world.callTs({ endpoint: "Greeter.Hello", body: { name: "bob" } });
        same("the next call", next.body, greeting({ name: "bob" }));
      },
      "ts→go": async (world) => {
        const { peer } = await world.goServer();
        const greeter = await world.goGreeter();
        const { code, httpCode } = await errorOf(greeter.slow({ ms: 1000 }, { timeoutMs: 200 }));
        same("the error", [code, httpCode], ["TIMEOUT", 408]);
        const { remainingMs } = await peer.event<{ readonly remainingMs: number }>("slow");
        holds("the handler knows the deadline", remainingMs > 50 && remainingMs <= 200, remainingMs);
        same("the next call", await greeter.hello({ name: "bob" }), greeting({ name: "bob" }));
      },
    },
  },
  {
    row: "R12",
    title: "a handler that panics",
    runs: {
      "go→ts": async (world) => {
        const { ok, code } = await world.callTs({ endpoint: "Greeter.Panic", body: {} });
        same("the error", [ok, code], [false, 500]);
      },
      "ts→go": async (world) => {
        const greeter = await world.goGreeter();
        const { code } = await errorOf(greeter.panic({}, { timeoutMs: 500 }));
        same("the next call", await greeter.hello({ name: "bob" }), greeting({ name: "bob" }));
        if (code !== "TIMEOUT") return passed(`Go answers with an error (${code})`);
        return goBug(
          "the server never answers; our call ends with TIMEOUT and the next one gets a new connection",
        );
      },
    },
  },
  {
    row: "R13",
    title: "metadata, and metadata of a nested call",
    runs: {
      "go→ts": async (world) => {
        const metadata = { "foo-bar": "baz" };
        const { body } = await world.callTs<Seen>({ endpoint: "Greeter.Look", body: {}, metadata });
        same("the handler sees it", body?.metadata["Foo-Bar"], "baz");
        // Go client, TypeScript handler, Go handler.
        const { address } = await world.goServer();
        const call = { endpoint: "Greeter.Nested", body: { service: "greeter", address }, metadata };
        const nested = await world.callTs<Seen>(call);
        same("the nested handler sees it", valueUnder(nested.body?.metadata ?? {}, "foo-bar"), "baz");
        checkLastHop("nested", nested.body?.metadata ?? {});
        same("who calls is new", nested.body?.metadata["Micro-From-Service"], "greeter");
      },
      "ts→go": async (world) => {
        const greeter = await world.goGreeter();
        const metadata = { "foo-bar": "baz" };
        const seen = await greeter.look({}, { metadata });
        same("the handler sees it", valueUnder(seen.metadata, "foo-bar"), "baz");
        // TypeScript client, Go handler, TypeScript handler: Go passes on everything that came (spec 1.4).
        const request = { service: "greeter", address: await addressOfTs(world) };
        const nested = await greeter.nested(request, { metadata });
        same("the nested handler sees it", nested.metadata["Foo-Bar"], "baz");
        checkLastHop("nested", nested.metadata);
      },
    },
  },
  {
    row: "R14",
    title: `${SEQUENTIAL} calls on one connection, of two endpoints in turn`,
    runs: {
      "go→ts": async (world) => {
        const call = {
          endpoint: "Greeter.Hello",
          alternate: "Greeter.Look",
          address: await addressOfTs(world),
        };
        const bodies = names(SEQUENTIAL);
        const answers = await goCalls<Seen>(await world.goClient(), { ...call, bodies });
        answers.forEach(({ body }, at) => {
          if (at % 2 === 0) same(`answer ${at}`, body, greeting({ name: `n${at}` }));
          else same(`endpoint ${at}`, body?.metadata["Micro-Endpoint"], "Greeter.Look");
        });
        const peers = new Set(answers.flatMap(({ body }) => body?.metadata?.Remote ?? []));
        same("connections", peers.size, 1);
      },
      "ts→go": async (world) => {
        const greeter = await world.goGreeter({ timeoutMs: 1000 });
        const peers = new Set<string | undefined>();
        let lost = 0;
        for (const [at, name] of names(SEQUENTIAL / 2).entries()) {
          try {
            same(`answer ${at}`, await greeter.hello(name), greeting(name));
            const { metadata } = await greeter.look({});
            same(`endpoint ${at}`, metadata["Micro-Endpoint"], "Greeter.Look");
            peers.add(metadata.Remote);
          } catch (error) {
            if (!isLostCall(world, error)) throw error;
            lost++;
          }
        }
        // A call that is given up takes its connection with it.
        same("connections", peers.size, 1 + lost);
        holds("only few calls are lost", lost <= 5, lost);
        if (lost === 0) return;
        return goBug(`${lost} of ${SEQUENTIAL} calls were swallowed: ${LOST_CALLS}`);
      },
    },
  },
  {
    row: "R15",
    title: `${PARALLEL} calls at once`,
    runs: {
      "go→ts": async (world) => {
        const call = { endpoint: "Greeter.Hello", address: await addressOfTs(world), parallel: true };
        const answers = await goCalls(await world.goClient(), { ...call, bodies: names(PARALLEL) });
        same(
          "the answers",
          answers.map(({ body }) => body),
          names(PARALLEL).map(greeting),
        );
      },
      "ts→go": async (world) => {
        const greeter = await world.goGreeter();
        const answers = await Promise.all(names(PARALLEL).map((name) => greeter.hello(name)));
        same("the answers", answers, names(PARALLEL).map(greeting));
      },
    },
  },
  {
    row: "R21",
    title: "`Authorization` and `Micro-Namespace` pass through",
    runs: {
      "go→ts": async (world) => {
        const metadata = { Authorization: "Bearer x.y.z", "Micro-Namespace": "ns" };
        const call = { endpoint: "Greeter.Look", address: await addressOfTs(world), body: {}, metadata };
        const { body } = await goCall<Seen>(await world.goClient(), call);
        same(
          "the handler sees both",
          [body?.metadata.Authorization, body?.metadata["Micro-Namespace"]],
          ["Bearer x.y.z", "ns"],
        );
      },
      "ts→go": async (world) => {
        const { address } = await world.goServer();
        const { client } = await world.tsCaller();
        const metadata = { authorization: "Bearer x.y.z", "micro-namespace": "ns" };
        const seen = await client.of(greeterContract, { address }).look({}, { metadata });
        same(
          "the handler sees both",
          [seen.metadata.Authorization, seen.metadata["Micro-Namespace"]],
          ["Bearer x.y.z", "ns"],
        );
      },
    },
  },
];

function fail(why: string): never {
  throw new Error(why);
}
