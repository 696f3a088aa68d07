import type { CallOptions, ContractClient } from "@micro/client";
import { eventually } from "@micro/core/conformance";
import { collect, errorOf, holds, same } from "../check.ts";
import {
  type GoAnswer,
  type GoCall,
  type GoStep,
  type GoStreamAnswer,
  goCall,
  goStream,
} from "../go-commands.ts";
import type { GoPeer } from "../go-peer.ts";
import { greeterContract, greeterService, type HelloReply, type Seen } from "../greeter.ts";
import { Sample } from "../messages.ts";
import { notApplicable, type Row } from "../row.ts";
import { SAMPLE, SAMPLE_JSON, sorted, TIME, TIME_JSON } from "../sample.ts";
import { type GrpcService, startGrpcService } from "../ts-services.ts";
import type { GoServer, World } from "../world.ts";

const TYPES = ["application/grpc+proto", "application/grpc+json"] as const;
const MIB = 1 << 20;
const NO_REFLECTION =
  "neither Go module has the option; ours is tested with standard clients in `plugins/server-grpc`";
const both = (name: string): HelloReply[] => [1, 2].map((n) => ({ msg: `${n} ${name}`, n }));

const tsPeer = (world: World): Promise<GrpcService> =>
  world.share("ts grpc", () => world.own(startGrpcService(greeterService(world.notes))));
const goServer = (world: World): Promise<GoServer> =>
  world.share("go grpc server", () => world.startGoServer(["-kind", "grpc"]));
const goClient = (world: World): Promise<GoPeer> =>
  world.share("go grpc client", () => world.startGoClient(["-kind", "grpc"]));

async function callTs<Body = unknown>(world: World, call: GoCall): Promise<GoAnswer<Body>> {
  const { server } = await tsPeer(world);
  return goCall<Body>(await goClient(world), { ...call, address: server.address ?? "" });
}

async function streamTs(
  world: World,
  call: GoCall & { readonly steps: readonly GoStep[] },
): Promise<GoStreamAnswer> {
  const { server } = await tsPeer(world);
  return goStream(await goClient(world), { ...call, address: server.address ?? "" });
}

async function goGreeter(
  world: World,
  options: CallOptions = {},
): Promise<ContractClient<typeof greeterContract.methods>> {
  const { client } = await tsPeer(world);
  const { address } = await goServer(world);
  return client.of(greeterContract, { address, ...options });
}

/** Handlers' errors, as both sides should show them: id, code, detail. */
const ERRORS = {
  structured: ["go.micro.srv.greeter", 404, "no such name: <&> é\nnext line"],
} as const;

async function* openEnded<T>(messages: readonly T[]): AsyncGenerator<T> {
  yield* messages;
  await new Promise(() => undefined);
}

const valueUnder = (metadata: Readonly<Record<string, string>>, key: string): string | undefined =>
  Object.entries(metadata).find(([name]) => name.toLowerCase() === key)?.[1];

/** Go Micro's gRPC server and client (spec 2.1 to 2.3). */
export const grpcRows: readonly Row[] = [
  {
    row: "G1",
    title: "gRPC: unary in proto and JSON",
    runs: {
      "go→ts": async (world) => {
        for (const contentType of TYPES) {
          const body = { ...SAMPLE_JSON, ...TIME_JSON };
          const answer = await callTs(world, {
            endpoint: "Greeter.Sample",
            kind: "sample",
            contentType,
            body,
          });
          same(`${contentType}: the error`, answer.text, undefined);
          const seen = world.notes.take("sample");
          same(`${contentType}: what the handler got`, seen?.value, Sample.create({ ...SAMPLE, ...TIME }));
          same(`${contentType}: the answer`, sorted(answer.body), sorted(body));
        }
        const plain = await callTs(world, { endpoint: "Greeter.Hello", body: { name: "bob" } });
        same("plain structs", plain.body, { msg: "Hello bob", n: 42 });
      },
      "ts→go": async (world) => {
        const { peer } = await goServer(world);
        for (const contentType of TYPES) {
          const greeter = await goGreeter(world, { contentType });
          const answer = await greeter.sample({ ...SAMPLE, ...TIME });
          const { body } = await peer.event<{ readonly body: object }>("sample");
          same(
            `${contentType}: what the handler got`,
            sorted(body),
            sorted({ ...SAMPLE_JSON, ...TIME_JSON }),
          );
          same(`${contentType}: the answer`, answer, Sample.create({ ...SAMPLE, ...TIME }));
        }
        const plain = await goGreeter(world, { contentType: "application/grpc+json" });
        same("plain structs", await plain.hello({ name: "bob" }), { msg: "Hello bob", n: 42 });
      },
    },
  },
  {
    row: "G2",
    title: "gRPC: errors 404, plain, a code of one's own; unknown service and method",
    runs: {
      "go→ts": async (world) => {
        const errorFor = async (endpoint: string, name: string) => {
          const { id, code, detail } = await callTs(world, { endpoint, body: { name } });
          return [id, code, detail];
        };
        same("404", await errorFor("Greeter.Fail", "structured"), ERRORS.structured);
        same("a code of one's own", await errorFor("Greeter.Fail", "teapot"), [
          "go.micro.srv.greeter",
          418,
          "100% teapot",
        ]);
        same("a plain error", (await errorFor("Greeter.Fail", "plain")).slice(1), [500, "plain error"]);
        same("an unknown service", (await errorFor("Nobody.Hello", "bob"))[1], 501);
        same("an unknown method", (await errorFor("Greeter.Nope", "bob"))[1], 501);
      },
      "ts→go": async (world) => {
        const { client } = await tsPeer(world);
        const { address } = await goServer(world);
        const contentType = "application/grpc+json";
        const errorFor = async (endpoint: string, name: string) => {
          const request = { service: "greeter", endpoint, message: { name } };
          const { id, httpCode, detail } = await errorOf(client.call(request, { address, contentType }));
          return [id, httpCode, detail];
        };
        same("404", await errorFor("Greeter.Fail", "structured"), ERRORS.structured);
        same("a code of one's own", await errorFor("Greeter.Fail", "teapot"), [
          "go.micro.srv.greeter",
          418,
          "100% teapot",
        ]);
        same("a plain error", (await errorFor("Greeter.Fail", "plain"))[2], "plain error");
        const unknown = await errorFor("Nobody.Hello", "bob");
        same("an unknown service", unknown.slice(1), [501, "unknown service Nobody"]);
        same("an unknown method", (await errorFor("Greeter.Nope", "bob"))[1], 501);
      },
    },
  },
  {
    row: "G3",
    title: "gRPC: a deadline of 200 ms; messages of 3 MiB and 5 MiB",
    runs: {
      "go→ts": async (world) => {
        const late = await callTs(world, { endpoint: "Greeter.Slow", body: { ms: 5000 }, timeoutMs: 200 });
        same("the error", [late.ok, late.code], [false, 408]);
        const seen = await eventually(() => world.notes.take("slow") ?? fail("no handler ran"));
        holds(
          "the handler knows the deadline",
          (seen.value as number) > 50 && (seen.value as number) <= 200,
          seen,
        );
        await eventually(() => world.notes.take("slow cancelled") ?? fail("the handler was not told"));
        const name = "x".repeat(3 * MIB);
        const large = await callTs<HelloReply>(world, { endpoint: "Greeter.Hello", body: { name } });
        same("3 MiB", large.body?.msg.length, name.length + 6);
        const tooLarge = await callTs(world, {
          endpoint: "Greeter.Hello",
          body: { name: "x".repeat(5 * MIB) },
        });
        holds(
          "5 MiB are refused",
          !tooLarge.ok && /larger than max/.test(tooLarge.detail ?? ""),
          tooLarge.detail,
        );
      },
      "ts→go": async (world) => {
        const { peer } = await goServer(world);
        const greeter = await goGreeter(world, { contentType: "application/grpc+json" });
        const { code } = await errorOf(greeter.slow({ ms: 1000 }, { timeoutMs: 200 }));
        same("the error", code, "TIMEOUT");
        const { remainingMs } = await peer.event<{ readonly remainingMs: number }>("slow");
        holds("the handler knows the deadline", remainingMs > 50 && remainingMs <= 200, remainingMs);
        await peer.event("slow cancelled");
        const name = "x".repeat(3 * MIB);
        same("3 MiB", (await greeter.hello({ name })).msg.length, name.length + 6);
        const tooLarge = await errorOf(greeter.hello({ name: "x".repeat(5 * MIB) }));
        same("5 MiB are refused", tooLarge.code, "RESOURCE_EXHAUSTED");
      },
    },
  },
  {
    row: "G4",
    title: "gRPC: streams: both ends, an error, half close, cancel",
    runs: {
      "go→ts": async (world) => {
        const chat = { endpoint: "Greeter.Chat", body: { name: "" } };
        const say = (name: string): GoStep => ({ send: { name } });
        const ended = await streamTs(world, {
          ...chat,
          steps: [say("a"), { recv: 2 }, say("done"), { end: true }],
        });
        same("the server ends", [ended.text, ended.end, ended.received], [undefined, "EOF", both("a")]);
        const failed = await streamTs(world, { ...chat, steps: [say("err"), { end: true }] });
        holds("the server fails", !failed.ok && (failed.text ?? "").includes("bad"), failed);
        const half = await streamTs(world, {
          ...chat,
          steps: [say("b"), { halfClose: true }, { end: true }],
        });
        same("the client ends its side", [half.text, half.end, half.received], [undefined, "EOF", both("b")]);
        world.notes.clear();
        const left = await streamTs(world, { ...chat, steps: [say("c"), { recv: 2 }, { close: true }] });
        same("the client leaves", [left.text, left.received], [undefined, both("c")]);
        await eventually(() => world.notes.take("chat ended") ?? fail("the handler was not told"));
        const count = await streamTs(world, {
          endpoint: "Greeter.Count",
          body: {},
          steps: [{ send: { to: 3 } }, { end: true }],
        });
        same("a server stream", [count.end, count.received], ["EOF", [{ at: 0 }, { at: 1 }, { at: 2 }]]);
      },
      "ts→go": async (world) => {
        const { peer } = await goServer(world);
        const greeter = await goGreeter(world, { contentType: "application/grpc+json" });
        const limit = { timeoutMs: 5000 };
        const ended = greeter.chat(openEnded([{ name: "a" }, { name: "done" }]), limit);
        same("the server ends", await collect(ended), both("a"));
        const failed = await errorOf(collect(greeter.chat(openEnded([{ name: "err" }]), limit)));
        same("the server fails", [failed.id, failed.code, failed.detail], ["x", "BAD_REQUEST", "bad"]);
        same("the client ends its side", await collect(greeter.chat([{ name: "b" }], limit)), both("b"));
        same("its handler sees the end", (await peer.event<{ reason: string }>("chat ended")).reason, "EOF");
        for await (const message of greeter.chat(openEnded([{ name: "c" }]), limit)) {
          same("a message", message, both("c")[0]);
          break;
        }
        const { reason } = await peer.event<{ reason: string }>("chat ended");
        holds("its handler is cancelled", /cancel/i.test(reason), reason);
        same("a server stream", await collect(greeter.count({ to: 3 }, limit)), [
          { at: 0 },
          { at: 1 },
          { at: 2 },
        ]);
      },
    },
  },
  {
    row: "G5",
    title: "gRPC: metadata in either case; no `x-content-type`",
    runs: {
      "go→ts": async (world) => {
        const metadata = { "Foo-Bar": "baz", authorization: "Bearer x" };
        const { body, text } = await callTs<Seen>(world, { endpoint: "Greeter.Look", body: {}, metadata });
        same("the error", text, undefined);
        same(
          "the handler sees both",
          [body?.metadata["Foo-Bar"], body?.metadata.Authorization],
          ["baz", "Bearer x"],
        );
      },
      "ts→go": async (world) => {
        const greeter = await goGreeter(world, { contentType: "application/grpc+json" });
        const seen = await greeter.look({}, { metadata: { "Foo-Bar": "baz", authorization: "Bearer x" } });
        const { metadata } = seen;
        const values = [valueUnder(metadata, "foo-bar"), valueUnder(metadata, "authorization")];
        same("the handler sees both", values, ["baz", "Bearer x"]);
        same("content type", valueUnder(metadata, "content-type"), "application/grpc+json");
      },
    },
  },
  {
    row: "G6",
    title: "gRPC: reflection",
    runs: {
      "go→ts": notApplicable(NO_REFLECTION),
      "ts→go": notApplicable(NO_REFLECTION),
    },
  },
];

function fail(why: string): never {
  throw new Error(why);
}
