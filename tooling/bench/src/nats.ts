/**
 * The NATS plugins against the bare `nats` client, in turn, as ratios: `node --conditions=@micro/source
 * tooling/bench/src/nats.ts`. Both ends are in this process, each with a connection of its own to a nats-server that is
 * started for it, so that the time of this process's CPU per operation is that of both ends.
 */
import { parseArgs } from "node:util";
import { natsBroker } from "@micro/broker-nats";
import { createService, defineContract, defineService, implement, Metadata, unary } from "@micro/core";
import { instantiate } from "@micro/core/conformance";
import { startNatsServer } from "@micro/servers";
import { nats } from "@micro/set-nats";
import { natsTransport } from "@micro/transport-nats";
import { connect, type NatsConnection } from "nats";
import { median } from "./statistics.ts";

/** One way to do the work: `lanes` at a time, `operations` in all. */
type Run = (operations: number, lanes: number) => Promise<void>;

interface Comparison {
  readonly title: string;
  readonly bare: Run;
  readonly ours: Run;
}

const REQUEST = { name: "Ada Lovelace", text: "x".repeat(80) };
const TOPIC = "bench.published";
const encode = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const decode = (bytes: Uint8Array): unknown =>
  JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());

/** Work that is repeated until there is enough of it, by several at once. */
function repeated(work: () => Promise<unknown>): Run {
  return async (operations, lanes) => {
    let left = operations;
    const lane = async (): Promise<void> => {
      while (left-- > 0) await work();
    };
    await Promise.all(Array.from({ length: lanes }, lane));
  };
}

/** The bare client: JSON both ways, as its users do it. */
async function bareRequests(
  address: string,
): Promise<{ readonly run: Run; readonly connection: NatsConnection }> {
  const [server, connection] = await Promise.all([
    connect({ servers: address }),
    connect({ servers: address }),
  ]);
  server.subscribe("bench.echo", {
    callback: (_, message) => void message.respond(encode(decode(message.data))),
  });
  await server.flush();
  return {
    connection,
    run: repeated(async () =>
      decode((await connection.request("bench.echo", encode(REQUEST), { timeout: 5000 })).data),
    ),
  };
}

/** The transport alone, with the header of a call and the same JSON. */
async function transportCalls(address: string): Promise<Run> {
  const [server, client] = await Promise.all(
    [0, 1].map(() => instantiate(natsTransport, { config: { addresses: [address] } })),
  );
  if (server === undefined || client === undefined) throw new Error("no transports");
  const listener = await server.listen(":0", (exchange) => {
    const header = new Metadata().setLower("content-type", "application/json").setLower("micro-id", "1");
    exchange.reply({ header, body: encode(decode(exchange.first.body)) });
  });
  const session = await client.dial(listener.address, { metadata: server.metadata });
  return repeated(
    () =>
      new Promise((resolve, reject) => {
        const header = new Metadata()
          .setLower("accept", "application/json")
          .setLower("content-type", "application/json")
          .setLower("micro-endpoint", "Bench.Echo")
          .setLower("micro-id", "1")
          .setLower("micro-method", "Bench.Echo")
          .setLower("micro-service", "bench")
          .setLower("timeout", "5000000000");
        session.call({ header, body: encode(REQUEST) }, (error, reply) => {
          if (reply === undefined) reject(error);
          else resolve(decode(reply.body));
        });
      }),
  );
}

const bench = defineContract({
  name: "Bench",
  service: "bench",
  methods: { echo: unary<typeof REQUEST, typeof REQUEST>() },
});

/** Everything: a typed call by name, selector, deadline, codec, router, handler. */
async function serviceCalls(address: string): Promise<Run> {
  const servers = { addresses: [address] };
  const common = {
    plugins: nats,
    configFile: false,
    cli: { argv: [], env: {} },
    logger: { level: "error" },
    registry: servers,
    broker: servers,
    transport: servers,
  } as const;
  const definition = defineService({
    name: "bench",
    handlers: [implement(bench, { echo: (request) => request })],
  });
  const service = await createService(definition, common);
  const caller = await createService(defineService({ name: "caller" }), common);
  await service.start();
  await caller.start();
  const client = caller.client.of(bench);
  return repeated(() => client.echo(REQUEST));
}

const HEADER = { "Content-Type": "application/json", "Micro-Id": crypto.randomUUID(), "Micro-Topic": TOPIC };

/** Messages in Go Micro's JSON, as somebody would write them with the bare client. */
function barePublish(connection: NatsConnection, waits: boolean): Run {
  const publish = (): void => {
    const body = encode(REQUEST);
    connection.publish(TOPIC, encode({ Header: HEADER, Body: Buffer.from(body).toString("base64") }));
  };
  return async (operations, lanes) => {
    if (waits) {
      await repeated(async () => publish())(operations, lanes);
    } else for (let at = 0; at < operations; at++) publish();
    await connection.flush();
  };
}

async function brokerPublish(address: string): Promise<Run> {
  const broker = await instantiate(natsBroker, { config: { addresses: [address] } });
  await broker.start?.({ signal: new AbortController().signal });
  const header = new Metadata(HEADER);
  return repeated(() => broker.publish(TOPIC, { header, body: encode(REQUEST) }));
}

interface Cost {
  readonly cpuUs: number;
  readonly wallUs: number;
}

async function measure(run: Run, operations: number, lanes: number): Promise<Cost> {
  const cpu = process.cpuUsage();
  const begin = performance.now();
  await run(operations, lanes);
  const wallUs = ((performance.now() - begin) * 1000) / operations;
  const { user, system } = process.cpuUsage(cpu);
  return { cpuUs: (user + system) / operations, wallUs };
}

async function compare(
  { title, bare, ours }: Comparison,
  operations: number,
  rounds: number,
): Promise<string[]> {
  const lines: string[] = [];
  for (const lanes of [1, 64]) {
    const count = lanes === 1 && title.includes("request") ? operations / 4 : operations;
    const costs: [Cost, Cost][] = [];
    for (let round = 0; round <= rounds; round++) {
      const pair: [Cost, Cost] = [await measure(bare, count, lanes), await measure(ours, count, lanes)];
      // The first round warms up.
      if (round > 0) costs.push(pair);
    }
    const ratio = (of: keyof Cost): string => median(costs.map(([a, b]) => a[of] / b[of])).toFixed(2);
    const best = (at: 0 | 1, of: keyof Cost): string =>
      Math.min(...costs.map((pair) => pair[at][of])).toFixed(1);
    lines.push(
      `| ${title} | ${lanes} | ${best(0, "wallUs")} | ${best(1, "wallUs")} | ${ratio("wallUs")} | ${ratio("cpuUs")} |`,
    );
  }
  return lines;
}

const { values } = parseArgs({
  options: {
    operations: { type: "string", default: "20000" },
    rounds: { type: "string", default: "7" },
    only: { type: "string", default: "" },
  },
});
await using server = await startNatsServer();
const { address } = server;
const bare = await bareRequests(address);
const publishing = await brokerPublish(address);
const comparisons: readonly Comparison[] = [
  { title: "request and reply: transport", bare: bare.run, ours: await transportCalls(address) },
  { title: "request and reply: services", bare: bare.run, ours: await serviceCalls(address) },
  {
    title: "publish, bare client awaits a promise each",
    bare: barePublish(bare.connection, true),
    ours: publishing,
  },
  { title: "publish, bare client in one loop", bare: barePublish(bare.connection, false), ours: publishing },
];
console.log("| what | at once | bare, µs | ours, µs | rate, ours / bare | CPU time, bare / ours |");
console.log("|---|---:|---:|---:|---:|---:|");
for (const comparison of comparisons.filter(({ title }) => title.includes(values.only))) {
  for (const line of await compare(comparison, Number(values.operations), Number(values.rounds)))
    console.log(line);
}
await server[Symbol.asyncDispose]();
process.exit();
