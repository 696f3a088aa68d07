import type { Metadata } from "@micro/core";
import { expect, test } from "vitest";
import { goReply, startGoWorld } from "./go-server.ts";

test("headers that a Go server repeats are not told; those under our prefix are", async () => {
  const world = await startGoWorld();
  try {
    const told: Record<string, unknown>[] = [];
    const note = (metadata: Metadata): void => void told.push(Object.fromEntries(metadata));
    const call = world.client.call(
      { service: "greeter", endpoint: "Greeter.Hello", message: {} },
      { metadata: { tenant: "acme", "micro-reply-forged": "x" }, onHeader: note, onTrailer: note },
    );
    const { header, answer } = await world.next();
    expect(header).toMatchObject({ Tenant: "acme" });
    expect(Object.keys(header).filter((key) => key.startsWith("Micro-Reply"))).toEqual([]);
    answer(goReply({ Tenant: "acme", "Micro-Reply-Region": "here", "Micro-Trailer-Cost": "7" }, "{}"));
    expect(await call).toEqual({});
    expect(told).toEqual([{ region: "here" }, { cost: "7" }]);
  } finally {
    await world.stop();
  }
});
