import { Metadata, subscribe } from "@micro/core";
import { eventually } from "@micro/core/conformance";
import { holds, same } from "../check.ts";
import type { GoAnswer } from "../go-commands.ts";
import type { GoPeer } from "../go-peer.ts";
import { greeterService, Notes } from "../greeter.ts";
import { HealthRequest } from "../messages.ts";
import { notApplicable, passed, type Row } from "../row.ts";
import { onMdns, startCaller, startService, type TsCaller } from "../ts-services.ts";

const BROKER = "micro.http.broker";
const NO_PLUGIN =
  "the module of the broker plugin is not served; our side (`go.micro.http.broker`, `/_sub`) is tested by bytes in `plugins/broker-http`";
const NEWS = "interop.news";
const HEALTH = "interop.health";
const PROTO = "application/protobuf";
const brokerFlags = (domain: string): readonly string[] => [
  "-registry",
  "mdns",
  "-domain",
  domain,
  "-broker",
  "http",
];

/** A message as a Go subscriber tells it. */
interface GoMessage {
  readonly header: Readonly<Record<string, string>>;
  /** Base64. */
  readonly body: string;
}

/** Waits until `count` subscriptions are in the registry that both sides use. */
async function untilSubscribed(ts: TsCaller, count: number, service = BROKER): Promise<void> {
  await eventually(
    async () => {
      const records = await ts.registry.get(service);
      same(`subscriptions under ${service}`, records.flatMap(({ nodes }) => nodes).length, count);
    },
    { timeoutMs: 8000, intervalMs: 50 },
  );
}

const textOf = (body: Uint8Array | string): string =>
  (typeof body === "string" ? Buffer.from(body, "base64") : Buffer.from(body)).toString("utf8");

async function subscribeGo(go: GoPeer, queue = ""): Promise<void> {
  const { ok } = await go.run<{ readonly ok: boolean }>({ op: "subscribe", topic: NEWS, queue });
  same("subscribing", ok, true);
}

/** Posts to a subscription as a publisher would, and gives the status. */
async function post(
  address: string,
  { id, body, method = "POST" }: { id: string; body: string; method?: string },
) {
  const url = `http://${address}/?id=${encodeURIComponent(id)}`;
  const answer = await fetch(url, {
    method,
    ...(method === "POST" ? { body, headers: { "content-type": "application/json" } } : {}),
    signal: AbortSignal.timeout(3000),
  });
  await answer.text();
  return answer.status;
}

/** What a receiver answers to each sort of post (spec 5.3). */
async function statuses(ts: TsCaller): Promise<Readonly<Record<string, number>>> {
  await untilSubscribed(ts, 1);
  const [node] = (await ts.registry.get(BROKER)).flatMap(({ nodes }) => nodes);
  if (node === undefined) throw new Error("no subscription");
  const message = JSON.stringify({
    Header: { "Micro-Topic": NEWS },
    Body: Buffer.from("{}\n").toString("base64"),
  });
  return {
    "a handler that fails": await post(node.address, { id: node.id, body: message }),
    GET: await post(node.address, { id: node.id, body: "", method: "GET" }),
    "an unknown id": await post(node.address, { id: "nobody", body: message }),
    "bad JSON": await post(node.address, { id: node.id, body: "{" }),
  };
}

const EXPECTED = { "a handler that fails": 200, GET: 405, "an unknown id": 200, "bad JSON": 500 };

interface SubscriberLine {
  readonly kind: string;
  readonly body: { readonly name?: string; readonly service?: string };
}

/** A message as no client of ours publishes it: protobuf that does not say so. Field 1 is "y". */
async function publishTypeless({ broker }: TsCaller): Promise<void> {
  const header = new Metadata({ "Micro-Topic": HEALTH });
  await broker.publish(HEALTH, { header, body: Uint8Array.of(0x0a, 1, 0x79) });
}

/** How often the two subscribers of a Go server ran for the message of this name, each as often as the other. */
async function runsOf(peer: GoPeer, name: string): Promise<number> {
  const runs: string[] = [];
  // They run before the POST is answered, and all of them at once: a pause this long has seen them all.
  const quiet = { timeoutMs: 400, fits: ({ body }: SubscriberLine) => body.name === name };
  runs.push((await peer.event<SubscriberLine>("subscriber", { ...quiet, timeoutMs: 5000 })).kind);
  for (;;) {
    const next = await peer.event<SubscriberLine>("subscriber", quiet).catch(() => undefined);
    if (next === undefined) break;
    runs.push(next.kind);
  }
  const count = (kind: string) => runs.filter((run) => run === kind).length;
  same("both subscribers", count("plain"), count("fail"));
  return runs.length;
}

/** Publish and subscribe over the http broker (spec 5). */
export const brokerRows: readonly Row[] = [
  {
    row: "B1",
    title: "http broker of the library: broadcast to two, queue of two",
    runs: {
      "go→ts": async (world) => {
        const domain = world.freshDomain();
        const subscribers = await Promise.all(
          Array.from({ length: 4 }, () => world.own(startCaller(onMdns(domain)))),
        );
        const received: {
          readonly who: number;
          readonly header: Record<string, string>;
          readonly text: string;
        }[] = [];
        for (const [who, { broker }] of subscribers.entries()) {
          const queue = who < 2 ? {} : { queue: "workers" };
          await broker.subscribe(
            NEWS,
            async ({ message }) => {
              received.push({ who, header: message.header.toJSON(), text: textOf(message.body) });
            },
            queue,
          );
        }
        await using go = await world.startGoClient(brokerFlags(domain));
        await untilSubscribed(subscribers[0] as TsCaller, 4);
        const command = { op: "publish", topic: NEWS, body: { name: "evt" }, metadata: { "foo-bar": "baz" } };
        same("publishing", (await go.run<{ readonly ok: boolean }>(command)).ok, true);
        await eventually(() => holds("three copies", received.length === 3, received));
        same(
          "the broadcast",
          received
            .filter(({ who }) => who < 2)
            .map(({ who }) => `${who}`)
            .sort(),
          ["0", "1"],
        );
        for (const { header, text } of received) {
          same("the body", text, '{"name":"evt"}\n');
          const seen = [header["Foo-Bar"], header["Content-Type"], header["Micro-Topic"]];
          same("the header", seen, ["baz", "application/json", NEWS]);
        }
        await Promise.all(subscribers.map((one) => one.stop()));
      },
      "ts→go": async (world) => {
        const domain = world.freshDomain();
        const subscribers = await Promise.all(
          Array.from({ length: 4 }, () => world.startGoClient(brokerFlags(domain))),
        );
        for (const [who, go] of subscribers.entries()) await subscribeGo(go, who < 2 ? "" : "workers");
        await using publisher = await startCaller(onMdns(domain));
        await untilSubscribed(publisher, 4);
        await publisher.client.publish(NEWS, { name: "evt" }, { metadata: { "foo-bar": "baz" } });
        const counts = () => subscribers.map((go) => go.seen("message").length);
        await eventually(() => {
          const [a, b, c = 0, d = 0] = counts();
          same("copies: broadcast, broadcast, queue", [a, b, c + d], [1, 1, 1]);
        });
        const { header, body } = await (subscribers[0] as GoPeer).event<GoMessage>("message");
        same("the body", textOf(body), '{"name":"evt"}\n');
        const seen = [header["Foo-Bar"], header["Content-Type"], header["Micro-Topic"]];
        same("the header", seen, ["baz", "application/json", NEWS]);
        holds("an id", (header["Micro-Id"] ?? "").length === 36, header);
        await Promise.all(subscribers.map((go) => go.stop()));
      },
    },
  },
  {
    row: "B2",
    title: "http broker of microwire's set of plugins",
    runs: {
      "go→ts": notApplicable(NO_PLUGIN),
      "ts→go": notApplicable(NO_PLUGIN),
    },
  },
  {
    row: "B3",
    title: "what a subscriber's port answers: failed handler, GET, unknown id, bad JSON",
    runs: {
      "go→ts": async (world) => {
        await using ts = await startCaller(onMdns(world.freshDomain()));
        await ts.broker.subscribe(NEWS, () => Promise.reject(new Error("asked to fail")));
        same("the answers", await statuses(ts), EXPECTED);
      },
      "ts→go": async (world) => {
        const domain = world.freshDomain();
        await using go = await world.startGoClient(brokerFlags(domain));
        await go.run({ op: "subscribe", topic: NEWS, kind: "fail" });
        await using ts = await startCaller(onMdns(domain));
        same("the answers", await statuses(ts), EXPECTED);
      },
    },
  },
  {
    row: "B5",
    title: "subscribers of a server: two on one topic; JSON, protobuf, no Content-Type",
    runs: {
      "go→ts": async (world) => {
        const domain = world.freshDomain();
        const seen: string[] = [];
        const note = (who: string) =>
          subscribe(NEWS, (message: { readonly name: string }) => void seen.push(`${who}: ${message.name}`));
        const healths: string[] = [];
        const health = subscribe(HEALTH, (message: HealthRequest) => void healths.push(message.service), {
          input: HealthRequest,
        });
        await using service = await startService(
          greeterService(new Notes(), { subscribers: [note("one"), note("two"), health] }),
          onMdns(domain),
        );
        await using go = await world.startGoClient(brokerFlags(domain));
        await using ts = await startCaller(onMdns(domain));
        await untilSubscribed(ts, 3);
        await go.run({ op: "publish", topic: NEWS, body: { name: "evt" } });
        await eventually(() => same("both subscribers", seen.toSorted(), ["one: evt", "two: evt"]));
        holds("the service runs", service.state === "running", service.state);
        const protobuf = { op: "publish", topic: HEALTH, kind: "health", contentType: PROTO };
        same("publishing", (await go.run<GoAnswer>({ ...protobuf, body: { service: "x" } })).ok, true);
        await eventually(() => same("protobuf", healths, ["x"]));
        await publishTypeless(ts);
        await eventually(() => same("without a content type", healths, ["x", "y"]));
      },
      "ts→go": async (world) => {
        const domain = world.freshDomain();
        const flags = [`${NEWS}/plain`, `${NEWS}/fail`, `${HEALTH}/health`].flatMap((text) => [
          "-subscribe",
          text,
        ]);
        const { peer } = await world.startGoServer([...brokerFlags(domain), ...flags]);
        await using publisher = await startCaller(onMdns(domain));
        await untilSubscribed(publisher, 2);
        await publisher.client.publish(NEWS, { name: "ours" });
        const ours = await runsOf(peer, "ours");
        await using go = await world.startGoClient(brokerFlags(domain));
        await go.run({ op: "publish", topic: NEWS, body: { name: "Go's" } });
        const health = { timeoutMs: 5000, fits: ({ kind }: SubscriberLine) => kind === "health" };
        // Field 1 is "x". A message type cannot be given here: publish has no place for it.
        await publisher.client.publish(HEALTH, Uint8Array.of(0x0a, 1, 0x78), { contentType: PROTO });
        same("protobuf", (await peer.event<SubscriberLine>("subscriber", health)).body, { service: "x" });
        await publishTypeless(publisher);
        same("without a content type", (await peer.event<SubscriberLine>("subscriber", health)).body, {
          service: "y",
        });
        same("as often as with a Go publisher", ours, await runsOf(peer, "Go's"));
        await peer.stop();
        if (ours === 2) return;
        return passed(
          `Go bug: two subscribers of one server share a node, and each gets every message ${ours / 2} times`,
        );
      },
    },
  },
];
