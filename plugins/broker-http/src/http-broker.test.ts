import { brokerConformance } from "@micro/broker/conformance";
import { afterAll, describe, test } from "vitest";
import { Fleet } from "./testing/fleet.ts";

const fleet = new Fleet();
afterAll(() => fleet.stop());

describe("conformance", () => {
  const create = () => fleet.broker();
  const small = () => fleet.broker({ inboxSize: 4, queueSize: 4 });
  const full = { create: small, messages: 12, option: "inbox_size" };
  for (const c of brokerConformance({ create, full })) test(c.name, () => c.run());
});
