import { describe, test } from "node:test";
import { instantiate } from "@micro/core/conformance";
import { transportConformance } from "@micro/transport/conformance";
import { sampleTransport } from "./index.ts";

describe("conformance", () => {
  const create = () => instantiate(sampleTransport);
  for (const { name, run } of transportConformance({ create, address: "127.0.0.1:0" })) test(name, run);
});
