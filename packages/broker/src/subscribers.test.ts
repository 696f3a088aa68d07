import { Metadata, nullLogger } from "@micro/core";
import { describe, expect, test } from "vitest";
import type { BrokerEvent } from "./broker.ts";
import { type DeliveryFailure, DeliveryReport } from "./delivery-report.ts";
import { encodeMessage } from "./message-json.ts";
import { Subscriber } from "./subscribers.ts";

const limit = { maxBytes: 1000 };
const json = (text: string): Uint8Array =>
  encodeMessage({ header: new Metadata({ "Micro-Id": "7" }), body: new TextEncoder().encode(text) }, limit);

function subscriber(handler: (event: BrokerEvent) => Promise<void>) {
  const failures: DeliveryFailure[] = [];
  const onDeliveryFailure = (failure: DeliveryFailure): void => void failures.push(failure);
  const report = new DeliveryReport({ logger: nullLogger, onDeliveryFailure });
  const limits = { concurrency: 1, queueSize: 1, queueBytes: 1000 };
  const one = new Subscriber({ topic: "orders.*", queue: "billing", handler, limits, report });
  return { one, failures, report };
}

describe("what comes off the wire", () => {
  test("is handed to the handler with the topic it was published to", async () => {
    const events: BrokerEvent[] = [];
    const { one, report } = subscriber(async (event) => void events.push(event));
    one.receive("orders.new", json("hello"), limit);
    await one.end();
    expect(events[0]?.topic).toBe("orders.new");
    expect(new TextDecoder().decode(events[0]?.message.body)).toBe("hello");
    expect(events[0]?.message.header.get("micro-id")).toBe("7");
    expect(report).toMatchObject({ handled: 1, undelivered: 0 });
  });

  test("and is no message, or too large, is reported with its bytes", () => {
    const { one, failures } = subscriber(async () => undefined);
    const nonsense = new TextEncoder().encode("nonsense");
    one.receive("orders.new", nonsense, limit);
    one.receive("orders.new", json("x".repeat(900)), { maxBytes: 100 });
    expect(failures).toMatchObject([
      { topic: "orders.*", queue: "billing", message: { body: nonsense }, error: { code: "BAD_REQUEST" } },
      { topic: "orders.*", error: { code: "RESOURCE_EXHAUSTED" } },
    ]);
  });

  test("and finds no room, or no turn before the end, is reported", async () => {
    const begun = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const { one, failures } = subscriber(() => {
      begun.resolve();
      return release.promise;
    });
    one.receive("orders.1", json("runs"), limit);
    await begun.promise;
    one.receive("orders.2", json("waits"), limit);
    one.receive("orders.3", json("has no room"), limit);
    expect(failures).toMatchObject([{ error: { code: "RESOURCE_EXHAUSTED" } }]);
    await expect(one.end({ timeoutMs: 1 })).rejects.toMatchObject({ code: "TIMEOUT" });
    expect(failures.slice(1)).toMatchObject([{ error: { code: "CANCELLED" } }]);
    release.resolve();
  });
});
