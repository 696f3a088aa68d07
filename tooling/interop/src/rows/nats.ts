import { subscribe } from "@micro/core";
import { eventually } from "@micro/core/conformance";
import type { RegistryEvent } from "@micro/registry";
import { collect, errorOf, holds, same } from "../check.ts";
import { type GoAnswer, type GoStep, goCall, goStream } from "../go-commands.ts";
import type { GoPeer } from "../go-peer.ts";
import { greeterContract, greeterService, type HelloReply, Notes } from "../greeter.ts";
import { passed, type Row } from "../row.ts";
import { type OnNats, onNats, startCaller, startService } from "../ts-services.ts";
import type { World } from "../world.ts";
import { sameFromGo } from "./streams.ts";

const JSON_TYPE = "application/json";
const WAIT = { timeoutMs: 8000, intervalMs: 50 } as const;
const EVERYTHING: readonly OnNats[] = ["registry", "broker", "transport"];
const HELLO = { msg: "Hello bob", n: 42 };
const NOT_FOUND = ["go.micro.srv.greeter", 404, "no such name: <&> é\nnext line"];

interface GoMessage {
  readonly header: Readonly<Record<string, string>>;
  /** Base64. */
  readonly body: string;
}

interface GoFound {
  readonly services: readonly { readonly nodes: readonly { readonly address: string }[] }[] | null;
}

/** Flags of a Go program with some of its components on NATS; with its transport there it listens on a new inbox. */
async function flagsFor(world: World, components: readonly OnNats[]): Promise<readonly string[]> {
  const { address } = await world.natsServer();
  return ["-nats", address, ...components.flatMap((component) => [`-${component}`, "nats"])];
}

async function settingsFor(world: World, components: readonly OnNats[]) {
  const { address } = await world.natsServer();
  return onNats(address, components);
}

/** A name that no other row and no other run uses: all of them share the server. */
const fresh = (world: World, name: string): string => `${name}-${world.freshDomain()}`;

const textOf = (body: Uint8Array | string): string =>
  (typeof body === "string" ? Buffer.from(body, "base64") : Buffer.from(body)).toString("utf8");

/** The addresses that Go's registry has for a service. */
async function goFinds(go: GoPeer, service: string): Promise<readonly string[]> {
  const { services } = await go.run<GoFound>({ op: "get", service });
  return (services ?? []).flatMap(({ nodes }) => nodes.map(({ address }) => address));
}

const say = (name: string): GoStep => ({ send: { name } });
const reply = (n: number, name: string): HelloReply => ({ msg: `${n} ${name}`, n });

/** Calls, errors and streams of a Go client to our service. */
async function callsOfGo(
  go: GoPeer,
  to: { readonly address?: string; readonly service?: string },
): Promise<void> {
  const hello = await goCall(go, { ...to, endpoint: "Greeter.Hello", body: { name: "bob" } });
  same("the answer", [hello.ok, hello.body], [true, HELLO]);
  const { id, code, detail } = await goCall(go, {
    ...to,
    endpoint: "Greeter.Fail",
    body: { name: "structured" },
  });
  same("the error", [id, code, detail], NOT_FOUND);
  const many = await Promise.all(
    Array.from({ length: 20 }, (_, at) =>
      goCall<HelloReply>(go, { ...to, endpoint: "Greeter.Hello", body: { name: `n${at}` } }),
    ),
  );
  same(
    "20 at once",
    many.map(({ body }) => body?.msg),
    many.map((_, at) => `Hello n${at}`),
  );
  const steps: GoStep[] = [say("a"), { recv: 2 }, say("b"), { recv: 2 }, { close: true }];
  const chat = await goStream(go, { ...to, endpoint: "Greeter.Chat", body: { name: "" }, steps });
  same("a stream", chat.received, [reply(1, "a"), reply(2, "a"), reply(1, "b"), reply(2, "b")]);
  const failing = [say("err"), { end: true } as const];
  const failed = await goStream(go, { ...to, endpoint: "Greeter.Chat", body: { name: "" }, steps: failing });
  same("a stream's error", [failed.ok, failed.code, failed.detail], [false, 400, "bad"]);
}

/** The same of our client to a Go server. */
async function callsToGo(
  caller: Awaited<ReturnType<typeof startCaller>>,
  to: { readonly address?: string; readonly service?: string },
): Promise<void> {
  const greeter = caller.client.of(greeterContract, { timeoutMs: 3000, ...to });
  same("the answer", await greeter.hello({ name: "bob" }), HELLO);
  const { id, httpCode, detail } = await errorOf(greeter.fail({ name: "structured" }));
  same("the error", [id, httpCode, detail], NOT_FOUND);
  const names = Array.from({ length: 20 }, (_, at) => `n${at}`);
  const many = await Promise.all(names.map((name) => greeter.hello({ name })));
  same(
    "20 at once",
    many.map(({ msg }) => msg),
    names.map((name) => `Hello ${name}`),
  );
  const received: HelloReply[] = [];
  const { promise: answered, resolve } = Promise.withResolvers<void>();
  async function* requests() {
    yield { name: "a" };
    await answered;
    yield { name: "done" };
  }
  for await (const message of greeter.chat(requests())) {
    received.push(message);
    if (received.length === 2) resolve();
  }
  sameFromGo("a stream", received, ["a"]);
  async function* failing() {
    yield { name: "err" };
  }
  const failed = await errorOf(collect(greeter.chat(failing())));
  same("a stream's error", [failed.httpCode, failed.detail], [400, "bad"]);
}

/** Discovery, calls and messages over NATS (spec 2.4, 4.1, 5.5). */
export const natsRows: readonly Row[] = [
  {
    row: "N1",
    title: "nats registry: found, listed, called, watched, gone",
    needs: "nats-server",
    runs: {
      "go→ts": async (world) => {
        const name = fresh(world, "greeter");
        const settings = await settingsFor(world, ["registry"]);
        await using go = await world.startGoClient(await flagsFor(world, ["registry"]));
        await go.run({ op: "watch", service: name });
        const service = await startService(greeterService(new Notes(), { name }), settings);
        try {
          await eventually(
            async () => same("nodes", await goFinds(go, name), [service.server.address]),
            WAIT,
          );
          const { names } = await go.run<{ readonly names: readonly string[] }>({ op: "list" });
          holds("the name is listed", names.includes(name), names);
          const answer = await goCall(go, {
            service: name,
            endpoint: "Greeter.Hello",
            body: { name: "bob" },
          });
          same("the answer", answer.body, HELLO);
          await go.event("watch", {
            timeoutMs: 5000,
            fits: ({ action }: { action: string }) => action === "create",
          });
        } finally {
          await service.stop();
        }
        await go.event("watch", {
          timeoutMs: 5000,
          fits: ({ action }: { action: string }) => action === "delete",
        });
        same("nodes after the end", await goFinds(go, name), []);
      },
      "ts→go": async (world) => {
        const name = fresh(world, "greeter");
        await using caller = await startCaller(await settingsFor(world, ["registry"]));
        const leaving = new AbortController();
        const events: RegistryEvent[] = [];
        const watching = (async () => {
          for await (const event of caller.registry.watch({ service: name, signal: leaving.signal })) {
            events.push(event);
          }
        })();
        const go = await world.startGoServer([...(await flagsFor(world, ["registry"])), "-name", name]);
        const nodes = async () =>
          (await caller.registry.get(name)).flatMap((record) => record.nodes.map(({ address }) => address));
        await eventually(async () => same("nodes", await nodes(), [go.address]), WAIT);
        const names = await caller.registry.list();
        holds("the name is listed", names.includes(name), names);
        const greeter = caller.client.of(greeterContract, { service: name });
        same("the answer", await greeter.hello({ name: "bob" }), HELLO);
        const types = () => events.map(({ type }) => type);
        // The first picture may have it already.
        const came = (event: RegistryEvent): boolean =>
          event.type === "put" || (event.type === "snapshot" && event.services.length > 0);
        await eventually(() => holds("it came", events.some(came), types()), WAIT);
        await go.peer.stop();
        await eventually(() => holds("it went", types().includes("delete"), types()), WAIT);
        await eventually(async () => same("nodes after the end", await nodes(), []), WAIT);
        leaving.abort();
        await watching;
        return passed(
          "Go bug: a server that ends publishes its goodbye and exits without flushing it, so that nobody hears it; our watchers notice the silence",
        );
      },
    },
  },
  {
    row: "N2",
    title: "nats transport: calls, errors, 20 at once, streams; nobody there",
    needs: "nats-server",
    runs: {
      "go→ts": async (world) => {
        const settings = await settingsFor(world, ["transport"]);
        await using go = await world.startGoClient(await flagsFor(world, ["transport"]));
        const service = await startService(greeterService(new Notes()), settings);
        const address = service.server.address ?? "";
        try {
          await callsOfGo(go, { address });
        } finally {
          await service.stop();
        }
        const gone = await goCall(go, {
          address,
          endpoint: "Greeter.Hello",
          body: { name: "bob" },
          timeoutMs: 3000,
        });
        same("a call to nobody", gone.ok, false);
      },
      "ts→go": async (world) => {
        await using caller = await startCaller(await settingsFor(world, ["transport"]));
        const flags = await flagsFor(world, ["transport"]);
        const { peer, address } = await world.startGoServer([...flags, "-address", ":0"]);
        const greeter = caller.client.of(greeterContract, { address, timeoutMs: 1000 });
        // Go says that it listens before NATS knows of it.
        await eventually(() => greeter.hello({ name: "first" }), WAIT);
        await callsToGo(caller, { address });
        await peer.stop();
        // NATS may not have noticed yet that the process is gone.
        await eventually(async () => {
          const begun = performance.now();
          const gone = await errorOf(greeter.hello({ name: "bob" }));
          same("a call to nobody", [gone.code, gone.notSent], ["UNAVAILABLE", true]);
          holds("it is told at once", performance.now() - begun < 500, performance.now() - begun);
        }, WAIT);
      },
    },
  },
  {
    row: "N3",
    title: "registry, broker and transport on NATS: a service is found by name, called, told",
    needs: "nats-server",
    runs: {
      "go→ts": async (world) => {
        const name = fresh(world, "greeter");
        const topic = fresh(world, "news");
        const heard: string[] = [];
        const note = subscribe(topic, (message: { readonly name: string }) => void heard.push(message.name));
        const definition = greeterService(new Notes(), { name, subscribers: [note] });
        await using service = await startService(definition, await settingsFor(world, EVERYTHING));
        await using go = await world.startGoClient(await flagsFor(world, EVERYTHING));
        await eventually(async () => same("nodes", await goFinds(go, name), [service.server.address]), WAIT);
        holds(
          "an address without a port",
          /^_INBOX\.\w+$/.test(service.server.address ?? ""),
          service.server.address,
        );
        await callsOfGo(go, { service: name });
        same(
          "publishing",
          (await go.run<GoAnswer>({ op: "publish", topic, body: { name: "evt" } })).ok,
          true,
        );
        await eventually(() => same("what was heard", heard, ["evt"]), WAIT);
      },
      "ts→go": async (world) => {
        const name = fresh(world, "greeter");
        const topic = fresh(world, "news");
        const flags = [...(await flagsFor(world, EVERYTHING)), "-name", name, "-address", ":0"];
        const { peer, address } = await world.startGoServer([...flags, "-subscribe", `${topic}/plain`]);
        await using caller = await startCaller(await settingsFor(world, EVERYTHING));
        holds("an address without a port", !address.includes(":"), address);
        await eventually(async () => {
          const nodes = (await caller.registry.get(name)).flatMap((record) => record.nodes);
          same(
            "nodes",
            nodes.map((node) => node.address),
            [address],
          );
        }, WAIT);
        await callsToGo(caller, { service: name });
        await caller.client.publish(topic, { name: "evt" });
        const { body } = await peer.event<{ readonly body: unknown }>("subscriber", { timeoutMs: 5000 });
        same("what was heard", body, { name: "evt" });
        await peer.stop();
      },
    },
  },
  {
    row: "B4",
    title: "nats broker: broadcast to two, queue of two; keys in either case",
    needs: "nats-server",
    runs: {
      "go→ts": async (world) => {
        const topic = fresh(world, "news");
        const settings = await settingsFor(world, ["broker"]);
        const subscribers = await Promise.all(
          Array.from({ length: 4 }, () => world.own(startCaller(settings))),
        );
        const received: {
          readonly who: number;
          readonly header: readonly unknown[];
          readonly text: string;
        }[] = [];
        for (const [who, { broker }] of subscribers.entries()) {
          await broker.subscribe(
            topic,
            async ({ message: { header, body } }) => {
              const seen = [header.get("Foo-Bar"), header.get("Content-Type"), header.get("Micro-Topic")];
              received.push({ who, header: [...seen, header.get("Micro-Id")?.length], text: textOf(body) });
            },
            who < 2 ? {} : { queue: "workers" },
          );
        }
        await using go = await world.startGoClient(await flagsFor(world, ["broker"]));
        const command = { op: "publish", topic, body: { name: "evt" }, metadata: { "foo-bar": "baz" } };
        same("publishing", (await go.run<GoAnswer>(command)).ok, true);
        await eventually(() => holds("three copies", received.length === 3, received), WAIT);
        const broadcast = received.filter(({ who }) => who < 2).map(({ who }) => who);
        same("the broadcast", new Set(broadcast), new Set([0, 1]));
        for (const { header, text } of received) {
          same("the body", text, '{"name":"evt"}\n');
          same("the header", header, ["baz", JSON_TYPE, topic, 36]);
        }
        await Promise.all(subscribers.map((one) => one.stop()));
      },
      "ts→go": async (world) => {
        const topic = fresh(world, "news");
        const flags = await flagsFor(world, ["broker"]);
        const subscribers = await Promise.all(Array.from({ length: 4 }, () => world.startGoClient(flags)));
        for (const [who, go] of subscribers.entries()) {
          const command = { op: "subscribe", topic, queue: who < 2 ? "" : "workers" };
          same("subscribing", (await go.run<GoAnswer>(command)).ok, true);
        }
        await using publisher = await startCaller(await settingsFor(world, ["broker"]));
        const counts = () => subscribers.map((go) => go.seen("message").length);
        // Go does not wait until its subscription is known: what is published before is for nobody.
        let published = 0;
        await eventually(async () => {
          await publisher.client.publish(topic, { name: "evt" }, { metadata: { "foo-bar": "baz" } });
          published++;
          await eventually(
            () =>
              holds(
                "all have one",
                counts()
                  .slice(0, 2)
                  .every((count) => count > 0),
                counts(),
              ),
            {
              timeoutMs: 500,
              intervalMs: 20,
            },
          );
        }, WAIT);
        await eventually(() => {
          const [a, b, c = 0, d = 0] = counts();
          same("copies: broadcast, broadcast, queue", [a, b, c + d], [published, published, published]);
        }, WAIT);
        const { header, body } = await (subscribers[0] as GoPeer).event<GoMessage>("message");
        same("the body", textOf(body), '{"name":"evt"}\n');
        const seen = [header["Foo-Bar"], header["Content-Type"], header["Micro-Topic"]];
        same("the header", seen, ["baz", JSON_TYPE, topic]);
        holds("an id", (header["Micro-Id"] ?? "").length === 36, header);
        await Promise.all(subscribers.map((go) => go.stop()));
      },
    },
  },
];
