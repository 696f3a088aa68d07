/**
 * What the transport alone costs: a 90-byte JSON echo between two processes, 64 calls in flight.
 * `node --conditions=@micro/source plugins/transport-http/bench/echo.ts [inFlight] [seconds] [go]`
 */
import { type ChildProcess, fork } from "node:child_process";
import { Metadata } from "@micro/core";
import { instantiate } from "@micro/core/conformance";
import { httpTransport } from "../src/index.ts";

const body = Buffer.from(
  JSON.stringify({ id: 1, name: "greeter.hello", text: "a text of ordinary length for one line", items: [] }),
);

const cpu = (): number => process.cpuUsage().user + process.cpuUsage().system;
const serverCpu = (server: ChildProcess): Promise<number> => {
  const answer = new Promise<number>((resolve) => server.once("message", (m) => resolve(Number(m))));
  server.send("cpu");
  return answer;
};

if (process.argv[2] === "server") {
  const transport = await instantiate(httpTransport);
  const listener = await transport.listen("127.0.0.1:0", (exchange) => {
    const { first } = exchange;
    const value: unknown = JSON.parse(
      Buffer.from(first.body.buffer, first.body.byteOffset, first.body.length).toString(),
    );
    if (first.header.get("micro-endpoint") !== "Echo.Echo") throw new Error("not for us");
    const header = new Metadata().setLower("content-type", first.header.get("content-type") as string);
    header.setLower("micro-id", first.header.get("micro-id") as string);
    exchange.reply({ header, body: Buffer.from(JSON.stringify(value)) });
  });
  process.send?.(listener.address);
  process.on("message", () => process.send?.(cpu()));
  process.on("disconnect", () => process.exit(0));
} else {
  const inFlight = Number(process.argv[2] ?? 64);
  const seconds = Number(process.argv[3] ?? 2);
  const server = fork(import.meta.filename, ["server"], { execArgv: process.execArgv });
  const address = await new Promise<string>((resolve) => server.once("message", (m) => resolve(String(m))));
  const transport = await instantiate(httpTransport);
  const sessions = await Promise.all(
    Array.from({ length: process.argv[4] === "go" ? inFlight : 1 }, () =>
      transport.dial(address, process.argv[4] === "go" ? {} : { metadata: transport.metadata }),
    ),
  );
  let calls = 0;
  let running = true;
  let active = 0;
  const ended = Promise.withResolvers<void>();
  const one = (slot: number): void => {
    active++;
    const header = new Metadata();
    header
      .setLower("micro-service", "echo")
      .setLower("micro-endpoint", "Echo.Echo")
      .setLower("micro-method", "Echo.Echo");
    header.setLower("content-type", "application/json").setLower("accept", "application/json");
    header.setLower("timeout", String(5_000_000_000 - (calls % 1000)));
    header.setLower("micro-id", String(calls));
    (sessions[slot % sessions.length] as (typeof sessions)[0]).call(
      { header, body: Buffer.from(body) },
      (error, reply) => {
        if (error !== undefined || reply === undefined) throw error ?? new Error("no reply");
        JSON.parse(Buffer.from(reply.body.buffer, reply.body.byteOffset, reply.body.length).toString());
        calls++;
        active--;
        if (running) queueMicrotask(() => one(slot));
        else if (active === 0) ended.resolve();
      },
    );
  };
  for (let slot = 0; slot < inFlight; slot++) one(slot);
  let before = 0;
  let client = 0;
  let other = 0;
  for (let round = 0; round < seconds; round++) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const [c, o] = [cpu(), await serverCpu(server)];
    const n = calls - before;
    console.log(
      `${n} calls/s, CPU µs per call: client ${((c - client) / n).toFixed(2)}, server ${((o - other) / n).toFixed(2)}`,
    );
    before = calls;
    client = c;
    other = o;
  }
  running = false;
  await ended.promise;
  await transport.stop?.({ graceMs: 0 });
  server.disconnect();
}
