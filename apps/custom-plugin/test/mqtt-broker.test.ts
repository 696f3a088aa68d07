import type { BrokerEvent } from "@micro/broker";
import { brokerConformance } from "@micro/broker/conformance";
import { type Logger, type LogMessage, Metadata, nullLogger } from "@micro/core";
import { eventually, instantiate } from "@micro/core/conformance";
import { runProgram } from "@micro/programs";
import { sharedMosquitto } from "@micro/servers/vitest";
import { describe, expect, test } from "vitest";
import { mqttBroker } from "../src/index.ts";

const server = await sharedMosquitto();

const start = async (logger: Logger = nullLogger) => {
  const broker = await instantiate(mqttBroker, { config: { addresses: [server().url] }, deps: { logger } });
  await broker.start?.({ signal: AbortSignal.timeout(5000) });
  return broker;
};
const message = (text: string) => ({ header: new Metadata(), body: new TextEncoder().encode(text) });
const textOf = ({ message: { body } }: BrokerEvent) => new TextDecoder().decode(body);

describe("conformance", () => {
  for (const { name, run } of brokerConformance({ create: () => start() })) test(name, run);
});

test("wildcards in topics and queues are refused", async () => {
  const broker = await start();
  const bad = { code: "BAD_REQUEST" };
  await expect(broker.publish("orders/+", message(""))).rejects.toMatchObject(bad);
  await expect(broker.subscribe("orders/#", async () => undefined)).rejects.toMatchObject(bad);
  await expect(broker.subscribe("orders", async () => undefined, { queue: "a/b" })).rejects.toMatchObject(
    bad,
  );
  await broker.stop?.({ graceMs: 1000 });
});

test("subscriptions come back after a restart of the server, publishing fails clearly in between, and the log has two lines", async () => {
  const lines: LogMessage[] = [];
  const note = (line: LogMessage): void => void lines.push(line);
  const [one, other] = [await start({ ...nullLogger, info: note, warn: note, error: note }), await start()];
  const heard: string[] = [];
  const handler = async (event: BrokerEvent) => void heard.push(textOf(event));
  await one.subscribe("restart", handler);
  await one.subscribe("restart", handler, { queue: "workers" });
  await other.publish("restart", message("before"));
  await eventually(() => expect(heard).toEqual(["before", "before"]));
  await server().stop();
  await eventually(() =>
    expect(other.publish("restart", message("lost"))).rejects.toMatchObject({ code: "UNAVAILABLE" }),
  );
  await server().restart();
  await eventually(() => other.publish("restart", message("after")), { timeoutMs: 10_000, intervalMs: 100 });
  await eventually(() => expect(heard.filter((text) => text === "after").length).toBeGreaterThanOrEqual(2));
  expect(lines).toEqual([
    "the connection to the MQTT server was lost; connecting again",
    "connected to the MQTT server again",
  ]);
  await one.stop?.({ graceMs: 1000 });
  await other.stop?.({ graceMs: 1000 });
});

test("the demo: services publish and subscribe without knowing of MQTT", async () => {
  const { status, stdout, stderr } = await runProgram(`${import.meta.dirname}/../src/demo.ts`, {
    env: { BROKER_ADDRESS: server().url, REGISTRY_INTERFACES: "127.0.0.1" },
  });
  expect(stdout, stderr.join("\n")).toEqual(["audit: order 1", "audit: order 2", "audit: order 3"]);
  expect(status).toBe(0);
});
