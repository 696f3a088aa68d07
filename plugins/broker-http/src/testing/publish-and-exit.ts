import { Metadata } from "@micro/core";
import { instantiate } from "@micro/core/conformance";
import type { Registry, Snapshot } from "@micro/registry";
import { httpBroker } from "../plugin.ts";

// A program that publishes one message to the subscription that its arguments name, and is gone at once.
const [id = "", address = "", topic = ""] = process.argv.slice(2);
const metadata = { broker: "http", secure: "false", topic };
const snapshot = (service: string): Snapshot => ({
  service,
  version: 1,
  stale: false,
  records: [
    {
      name: service,
      version: "ff.http.broadcast",
      metadata: {},
      endpoints: [],
      nodes: service === "micro.http.broker" ? [{ id, address, metadata }] : [],
    },
  ],
});
const registry = {
  peek: snapshot,
  snapshot: async (service: string) => snapshot(service),
} as unknown as Registry;
const broker = await instantiate(httpBroker, { deps: { registry } });
await broker.publish(topic, { header: new Metadata(), body: new Uint8Array(100_000).fill(7) });
process.exit(0);
