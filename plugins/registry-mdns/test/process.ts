// A process of its own: registers one node, says so, watches, and prints each event as a line of JSON.
import { create, greeter, type Place } from "./isolated.ts";

const { where, number, config } = JSON.parse(process.argv[2] ?? "{}") as {
  where: Place;
  number: number;
  config: Record<string, string>;
};
const registry = await create(where, config);
await registry.start?.({ signal: AbortSignal.timeout(5000) });
process.once("SIGTERM", () => {
  void Promise.resolve(registry.stop?.({ graceMs: 1000 })).then(() => process.exit(0));
});
await registry.register(greeter("greeter", number));
for await (const event of registry.watch({ service: "greeter" })) {
  const records = event.type === "snapshot" ? event.services : [event.service];
  const ids = records.flatMap((record) => record.nodes.map(({ id }) => id));
  process.stdout.write(`${JSON.stringify({ type: event.type, ids })}\n`);
}
