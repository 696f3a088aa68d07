import { eventually } from "@micro/core/conformance";
import type { RegistryEvent, ServiceRecord } from "@micro/registry";
import { errorOf, holds, same } from "../check.ts";
import { goCall } from "../go-commands.ts";
import type { GoPeer } from "../go-peer.ts";
import { greeterContract, greeterService, Notes } from "../greeter.ts";
import { goBug, type Row } from "../row.ts";
import { onMdns, startCaller, startService, type TsCaller, type TsService } from "../ts-services.ts";
import type { World } from "../world.ts";

const mdnsFlags = (domain: string): readonly string[] => ["-registry", "mdns", "-domain", domain];

interface Found {
  readonly ok: boolean;
  readonly services: readonly ServiceRecord[] | null;
}

/** `version: node ids`, sorted. */
function summary(records: readonly ServiceRecord[] | null): readonly string[] {
  return (records ?? [])
    .map(
      ({ version, nodes }) =>
        `${version}: ${nodes
          .map(({ id }) => id)
          .sort()
          .join(" ")}`,
    )
    .sort();
}

/** What Go's registry says of `service` as soon as it says what is expected; rejects with the last it said. */
function goFinds(
  go: GoPeer,
  service: string,
  expected: readonly string[],
): Promise<readonly ServiceRecord[]> {
  return eventually(
    async () => {
      const { services } = await go.run<Found>({ op: "get", service });
      same("what Go finds", summary(services), expected);
      return services ?? [];
    },
    { timeoutMs: 8000, intervalMs: 50 },
  );
}

/** The same for ours. */
function tsFinds(
  ts: TsCaller,
  service: string,
  expected: readonly string[],
): Promise<readonly ServiceRecord[]> {
  return eventually(
    async () => {
      const records = await ts.registry.get(service);
      same("what TypeScript finds", summary(records), expected);
      return records;
    },
    { timeoutMs: 8000, intervalMs: 50 },
  );
}

function startGreeter(domain: string, id: string, version = "v1"): Promise<TsService> {
  return startService(greeterService(new Notes(), { version }), { ...onMdns(domain), server: { id } });
}

async function goNames(go: GoPeer): Promise<readonly string[]> {
  const { names } = await go.run<{ readonly names: readonly string[] }>({ op: "list" });
  return [...new Set(names)].sort();
}

/** A Go client and a TypeScript client on one domain. */
async function bothClients(world: World, domain: string) {
  const go = await world.startGoClient(mdnsFlags(domain));
  const ts = await startCaller(onMdns(domain));
  return {
    go,
    ts,
    async [Symbol.asyncDispose]() {
      await Promise.all([go.stop(), ts.stop()]);
    },
  };
}

/** Collects what a watcher sees until it is stopped. */
function watch(ts: TsCaller, service: string) {
  const leaving = new AbortController();
  const events: RegistryEvent[] = [];
  const watching = (async () => {
    for await (const event of ts.registry.watch({ service, signal: leaving.signal })) events.push(event);
  })();
  return {
    events,
    async [Symbol.asyncDispose]() {
      leaving.abort();
      await watching;
    },
  };
}

const LONG_NAME = "a-service-name-that-is-much-too-long-for-one-label";

/** Discovery by multicast DNS (spec 3.2), on the host's own port 5353 and a domain of each row's own. */
export const mdnsRows: readonly Row[] = [
  {
    row: "M1",
    title: "a service is found by name and called",
    runs: {
      "go→ts": async (world) => {
        const domain = world.freshDomain();
        await using _service = await startGreeter(domain, "ts");
        await using go = await world.startGoClient(mdnsFlags(domain));
        await goFinds(go, "greeter", ["v1: greeter-ts"]);
        const answer = await goCall(go, { endpoint: "Greeter.Hello", body: { name: "bob" } });
        same("the answer", [answer.text, answer.body], [undefined, { msg: "Hello bob", n: 42 }]);
      },
      "ts→go": async (world) => {
        const domain = world.freshDomain();
        const { peer } = await world.startGoServer([...mdnsFlags(domain), "-id", "go"]);
        await using caller = await startCaller(onMdns(domain));
        const answer = await caller.client.of(greeterContract).hello({ name: "bob" });
        same("the answer", answer, { msg: "Hello bob", n: 42 });
        await peer.stop();
      },
    },
  },
  {
    row: "M2",
    title: "three nodes of two versions",
    runs: {
      "go→ts": async (world) => {
        const domain = world.freshDomain();
        await using _1 = await startGreeter(domain, "a", "v1");
        await using _2 = await startGreeter(domain, "b", "v1");
        await using _3 = await startGreeter(domain, "c", "v2");
        await using go = await world.startGoClient(mdnsFlags(domain));
        await goFinds(go, "greeter", ["v1: greeter-a greeter-b", "v2: greeter-c"]);
      },
      "ts→go": async (world) => {
        const domain = world.freshDomain();
        const flags = mdnsFlags(domain);
        const servers = await Promise.all([
          world.startGoServer([...flags, "-id", "a", "-version", "v1"]),
          world.startGoServer([...flags, "-id", "b", "-version", "v1"]),
          world.startGoServer([...flags, "-id", "c", "-version", "v2"]),
        ]);
        await using caller = await startCaller(onMdns(domain));
        const records = await tsFinds(caller, "greeter", ["v1: greeter-a greeter-b", "v2: greeter-c"]);
        const addresses = records.flatMap(({ nodes }) => nodes.map(({ address }) => address)).sort();
        same("their addresses", addresses, servers.map(({ address }) => address).sort());
        await Promise.all(servers.map(({ peer }) => peer.stop()));
      },
    },
  },
  {
    row: "M3",
    title: "names of services; records of the list are no nodes",
    runs: {
      "go→ts": async (world) => {
        const domain = world.freshDomain();
        await using _service = await startGreeter(domain, "ts");
        await using clients = await bothClients(world, domain);
        await eventually(async () => same("names that Go sees", await goNames(clients.go), ["greeter"]));
        same("names that TypeScript sees", await clients.ts.registry.list(), ["greeter"]);
      },
      "ts→go": async (world) => {
        const domain = world.freshDomain();
        const { peer } = await world.startGoServer([...mdnsFlags(domain), "-id", "go"]);
        await using clients = await bothClients(world, domain);
        await eventually(async () =>
          same("names that TypeScript sees", await clients.ts.registry.list(), ["greeter"]),
        );
        same("names that Go sees", await goNames(clients.go), ["greeter"]);
        const records = await tsFinds(clients.ts, "greeter", ["v1: greeter-go"]);
        const ports = records.flatMap(({ nodes }) => nodes.map(({ address }) => address.split(":").at(-1)));
        holds("no node has the port of a list record", !ports.includes("9999"), ports);
        await peer.stop();
      },
    },
  },
  {
    row: "M4",
    title: "a watcher sees a service come and go",
    runs: {
      "go→ts": async (world) => {
        const domain = world.freshDomain();
        await using go = await world.startGoClient(mdnsFlags(domain));
        await go.run({ op: "watch", service: "greeter" });
        const fits =
          (action: string) => (line: { readonly action: string; readonly service: ServiceRecord }) =>
            line.action === action && line.service.nodes.some(({ id }) => id === "greeter-ts");
        const service = await startGreeter(domain, "ts");
        await go.event("watch", { fits: fits("create") });
        await service.stop();
        await go.event("watch", { fits: fits("delete") });
      },
      "ts→go": async (world) => {
        const domain = world.freshDomain();
        await using caller = await startCaller(onMdns(domain));
        await using watching = watch(caller, "greeter");
        await eventually(() =>
          same("the first event", watching.events[0], { type: "snapshot", services: [] }),
        );
        const { peer } = await world.startGoServer([...mdnsFlags(domain), "-id", "go"]);
        const sees = (type: "put" | "delete") =>
          eventually(() => {
            const found = watching.events.some(
              (event) => event.type === type && event.service.nodes.some(({ id }) => id === "greeter-go"),
            );
            holds(`a '${type}' of the Go node`, found, watching.events);
          });
        await sees("put");
        await peer.stop();
        await sees("delete");
      },
    },
  },
  {
    row: "M5",
    title: "long TXT records; the goodbye; a label of more than 63 bytes",
    runs: {
      "go→ts": async (world) => {
        const domain = world.freshDomain();
        const service = await startGreeter(domain, "ts");
        await using go = await world.startGoClient(mdnsFlags(domain));
        const [record] = await goFinds(go, "greeter", ["v1: greeter-ts"]);
        const endpoints = record?.endpoints.map(({ name }) => name) ?? [];
        same("all endpoints arrive", endpoints.toSorted(), endpointNames());
        await service.stop();
        await goFinds(go, "greeter", []);
        const name = LONG_NAME;
        const refused = await errorOf(startService(greeterService(new Notes(), { name }), onMdns(domain)));
        holds("a name that is too long is refused", /63/.test(refused.detail), refused.detail);
      },
      "ts→go": async (world) => {
        const domain = world.freshDomain();
        const { peer } = await world.startGoServer([...mdnsFlags(domain), "-id", "go"]);
        await using caller = await startCaller(onMdns(domain));
        const [record] = await tsFinds(caller, "greeter", ["v1: greeter-go"]);
        const endpoints = record?.endpoints ?? [];
        // Raw is of the recorded programs alone.
        const expected = endpointNames().filter((name) => name !== "Greeter.Raw");
        same("all endpoints arrive", endpoints.map(({ name }) => name).toSorted(), expected);
        const chat = endpoints.find(({ name }) => name === "Greeter.Chat");
        same("streams are marked", chat?.metadata.stream, "true");
        same("SIGTERM ends it", await peer.stop(), 0);
        await tsFinds(caller, "greeter", []);
        const long = await world.startGoServer([...mdnsFlags(domain), "-name", LONG_NAME]);
        const unheard = await caller.registry.get(LONG_NAME);
        await long.peer.stop();
        same("a Go service whose name is too long", unheard, []);
        return goBug(
          "a service whose name is too long starts without an error, and nobody finds it; the rest passes",
        );
      },
    },
  },
  {
    row: "M6",
    title: "six processes of both sorts share port 5353",
    runs: {
      "go→ts": (world) => allFindAll(world),
      "ts→go": (world) => allFindAll(world),
    },
  },
];

async function allFindAll(world: World): Promise<undefined> {
  const domain = world.freshDomain();
  const ids = ["a", "b", "c", "d"];
  const servers = await Promise.all(ids.map((id) => world.startGoServer([...mdnsFlags(domain), "-id", id])));
  await using _ts = await startGreeter(domain, "ts");
  await using clients = await bothClients(world, domain);
  const expected = [`v1: ${[...ids, "ts"].map((id) => `greeter-${id}`).join(" ")}`];
  await Promise.all([goFinds(clients.go, "greeter", expected), tsFinds(clients.ts, "greeter", expected)]);
  await Promise.all(servers.map(({ peer }) => peer.stop()));
}

/** Endpoints of both greeters. */
function endpointNames(): readonly string[] {
  const names = Object.keys(greeterContract.methods).map((key) => key.charAt(0).toUpperCase() + key.slice(1));
  return names.map((name) => `Greeter.${name}`).toSorted();
}
