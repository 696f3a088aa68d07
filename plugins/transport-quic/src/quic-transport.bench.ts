/**
 * What the transport alone costs beside transport-http over TLS: two processes on loopback, interleaved rounds.
 * `node --conditions=@micro/source plugins/transport-quic/src/quic-transport.bench.ts [seconds of a round] [rounds]`
 */
import { type ChildProcess, fork } from "node:child_process";
import { Metadata, MicroError } from "@micro/core";
import { instantiate } from "@micro/core/conformance";
import type { Session, Transport } from "@micro/transport";
import { httpTransport } from "@micro/transport-http";
import { quicTransport } from "./index.ts";
import { loopbackCertificates } from "./testing/world.ts";

type Kind = "http" | "quic" | "quic, 16 KB datagrams";

interface Tls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

function create(kind: Kind, tls: Tls): Promise<Transport> {
  if (kind === "http") return instantiate(httpTransport, { config: { tls } });
  const maxDatagramSize = kind === "quic" ? 1350 : 16_000;
  return instantiate(quicTransport, { config: { tls, maxDatagramSize } });
}

const cpu = (): number => process.cpuUsage().user + process.cpuUsage().system;

async function serve(kind: Kind, tls: Tls): Promise<void> {
  const transport = await create(kind, tls);
  const listener = await transport.listen("127.0.0.1:0", (exchange) =>
    exchange.reply({ header: new Metadata(exchange.first.header), body: exchange.first.body }),
  );
  process.send?.(listener.address);
  process.on("message", () => process.send?.(cpu()));
  process.on("disconnect", () => process.exit(0));
}

interface Workload {
  readonly name: string;
  readonly inFlight: number;
  readonly bytes: number;
}

const WORKLOADS: readonly Workload[] = [
  { name: "100 B, 1 in flight", inFlight: 1, bytes: 100 },
  { name: "100 B, 64 in flight", inFlight: 64, bytes: 100 },
  { name: "1 MiB, 4 in flight", inFlight: 4, bytes: 1024 * 1024 },
];

class Target {
  readonly kind: Kind;
  readonly #server: ChildProcess;
  readonly #transport: Transport;
  readonly #session: Session;

  constructor(kind: Kind, server: ChildProcess, parts: { transport: Transport; session: Session }) {
    this.kind = kind;
    this.#server = server;
    this.#transport = parts.transport;
    this.#session = parts.session;
  }

  static async start(kind: Kind, tls: Tls): Promise<Target> {
    const server = fork(import.meta.filename, [kind, JSON.stringify(tls)], { execArgv: process.execArgv });
    const address = await new Promise<string>((resolve) =>
      server.once("message", (m) => resolve(m as string)),
    );
    const transport = await create(kind, tls);
    const session = await transport.dial(address, { metadata: transport.metadata });
    return new Target(kind, server, { transport, session });
  }

  serverCpu(): Promise<number> {
    const answer = new Promise<number>((resolve) => this.#server.once("message", (m) => resolve(Number(m))));
    this.#server.send("cpu");
    return answer;
  }

  /** Runs one workload: calls per second, and µs of CPU of both processes per call. */
  async run({ inFlight, bytes }: Workload, seconds: number): Promise<{ rate: number; cost: number }> {
    const body = new Uint8Array(bytes).fill(7);
    const until = performance.now() + 1000 * seconds;
    const before = cpu() + (await this.serverCpu());
    const from = performance.now();
    let calls = 0;
    const lane = async (): Promise<void> => {
      while (performance.now() < until) {
        await this.#call(body);
        calls++;
      }
    };
    await Promise.all(Array.from({ length: inFlight }, lane));
    const tookMs = performance.now() - from;
    const cost = cpu() + (await this.serverCpu()) - before;
    return { rate: (1000 * calls) / tookMs, cost: cost / calls };
  }

  #call(body: Uint8Array): Promise<void> {
    const header = new Metadata({
      "content-type": "application/json",
      "micro-endpoint": "Echo.Echo",
      "micro-id": "1",
    });
    return new Promise((resolve, reject) => {
      this.#session.call({ header, body }, (error) => (error === undefined ? resolve() : reject(error)));
    });
  }

  async stop(): Promise<void> {
    await this.#transport.stop?.({ graceMs: 0 });
    this.#server.disconnect();
  }
}

async function compare(seconds: number, rounds: number): Promise<void> {
  const tls = await loopbackCertificates();
  const kinds: readonly Kind[] = ["http", "quic", "quic, 16 KB datagrams"];
  const targets = await Promise.all(kinds.map((kind) => Target.start(kind, tls)));
  try {
    for (const workload of WORKLOADS) {
      const found = new Map(
        targets.map(({ kind }) => [kind, { rates: [] as number[], costs: [] as number[] }]),
      );
      for (let round = 0; round <= rounds; round++) {
        for (const target of targets) {
          const { rate, cost } = await target.run(workload, seconds);
          // The first round warms up.
          if (round === 0) continue;
          found.get(target.kind)?.rates.push(rate);
          found.get(target.kind)?.costs.push(cost);
        }
      }
      for (const [kind, { rates, costs }] of found) {
        console.log(
          `${workload.name}, ${kind}: ${median(rates).toFixed(0)} calls/s, ${median(costs).toFixed(0)} µs CPU per call`,
        );
      }
    }
  } finally {
    for (const target of targets) await target.stop();
  }
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

const [first = "", second = ""] = process.argv.slice(2);
if (second.startsWith("{")) await serve(first as Kind, JSON.parse(second) as Tls);
else {
  try {
    await compare(Number(first || 2), Number(second || 3));
  } catch (error) {
    // Where no driver loads there is nothing to measure, and the text says what to install.
    if (!MicroError.is(error) || error.code !== "UNAVAILABLE") throw error;
    console.error(error.detail);
    process.exitCode = 1;
  }
}
